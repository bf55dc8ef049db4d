"""One day worked by hand: thirteen calls, three seats, and what each figure must come to."""

import csv
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from callcenter.domain.calls import Outcome
from callcenter.domain.figures.records import (
    Attempt,
    AttemptKind,
    AttemptOutcome,
    CallRecord,
    OfferRecord,
    OfferResult,
    Period,
    RecallEnd,
    RecallRecord,
    Records,
    SeatSpan,
    Stint,
    TicketRecord,
)
from callcenter.domain.seats import SeatState

SHANGHAI = timezone(timedelta(hours=8))
MIDNIGHT = datetime(2026, 3, 2, tzinfo=SHANGHAI)
DAY = Period(MIDNIGHT.astimezone(UTC), (MIDNIGHT + timedelta(days=1)).astimezone(UTC))
REPORTED = (MIDNIGHT + timedelta(days=1, minutes=10)).astimezone(UTC)

_FOLDER = Path(__file__).parent / "example_day"
_HOLDS = {"C02": ("09:04:30", "09:05:10"), "C08": ("09:20:00", "09:21:00")}
_MATTER = "the one that was asked about twice"


def expected() -> dict[str, Any]:
    """What was worked out by hand."""
    found: dict[str, Any] = json.loads((_FOLDER / "expected.json").read_text("ascii"))
    return found


def clock(text: str) -> datetime | None:
    """Read a time of that day; hours from 24 on are the next day's, `+7d` is days later."""
    if not text:
        return None
    if later := re.fullmatch(r"\+(\d+)d", text):
        return (MIDNIGHT + timedelta(days=int(later[1]))).astimezone(UTC)
    hours, minutes, seconds = map(int, text.split(":"))
    return (MIDNIGHT + timedelta(hours=hours, minutes=minutes, seconds=seconds)).astimezone(UTC)


def surely(text: str) -> datetime:
    """Read a time that must be there."""
    found = clock(text)
    assert found is not None
    return found


def records() -> Records:
    """The whole day."""
    return Records(
        calls=[_call(row) for row in _rows("calls")],
        spans=[span for row in _rows("seats") for span in _spans(row)],
        recalls=[_recall(row) for row in _rows("outbound") if row["kind"] == "recall"],
        tickets=[_ticket(row) for row in _rows("tickets")],
    )


def _rows(name: str) -> list[dict[str, str]]:
    with (_FOLDER / f"{name}.csv").open(encoding="ascii", newline="") as file:
        return [{key: value or "" for key, value in row.items()} for row in csv.DictReader(file)]


def _call(row: dict[str, str]) -> CallRecord:
    repeated = {each["repeat_of"] for each in _rows("calls")} - {""}
    return CallRecord(
        id=row["id"],
        caller=row["caller"],
        queue="hotline" if row["t2"] else None,
        tr=clock(row["t0"]),
        t0=surely(row["t0"]),
        **{stamp: clock(row[stamp]) for stamp in ("t1", "t2", "t3", "t4", "t5")},  # type: ignore[arg-type]
        outcome=Outcome(row["outcome"]),
        offers=tuple(
            OfferRecord(
                seat=offer["seat"],
                ringing=surely(offer["ringing"]),
                ended=surely(offer["ended"]),
                result=OfferResult(offer["result"]),
            )
            for offer in _rows("offers")
            if offer["call"] == row["id"]
        ),
        stints=_stints(row),
        attempts=tuple(_attempt(row, each) for each in _rows("transfers") if each["call"] == row["id"]),
        invited=row["outcome"] == "answered",
        grade=int(row["survey"]) if row["survey"] else None,
        direct=row["disposition"] == "direct" if row["disposition"] else None,
        matter=_MATTER if row["repeat_of"] or row["id"] in repeated else f"of {row['id']}",
    )


def _stints(row: dict[str, str]) -> tuple[Stint, ...]:
    if not row["seat"]:
        return ()
    held = [Period(surely(_HOLDS[row["id"]][0]), surely(_HOLDS[row["id"]][1]))] if row["id"] in _HOLDS else []
    assert sum((each.ends - each.begins).total_seconds() for each in held) == int(row["hold_s"])
    return (
        Stint(
            seat=row["seat"],
            begins=surely(row["t4"]),
            ends=surely(row["t5"]),
            holds=tuple(held),
            writing=Period(surely(row["t5"]), surely(row["tw"])),
        ),
    )


def _attempt(call: dict[str, str], row: dict[str, str]) -> Attempt:
    return Attempt(
        kind=AttemptKind(row["kind"]),
        asked=surely(row["asked"]),
        connected=clock(row["connected"]),
        outcome=AttemptOutcome(row["outcome"]),
        ended=clock(call["t5"]) if row["connected"] else None,
    )


def _recall(row: dict[str, str]) -> RecallRecord:
    call = next(each for each in _rows("calls") if each["id"] == row["for"])
    return RecallRecord(
        number=call["caller"],
        opened=surely(call["t5"]),
        queue="hotline",
        first_attempt=clock(row["dialled"]),
        reached=clock(row["answered"]),
        end=RecallEnd.REACHED if row["answered"] else None,
    )


def _ticket(row: dict[str, str]) -> TicketRecord:
    stamps = {name: clock(row[name]) for name in ("sign_due", "signed", "due", "original_due", "finished")}
    return TicketRecord(id=row["id"], **stamps)


def _spans(seat: dict[str, str]) -> Iterator[SeatSpan]:
    """Cut a seat's day into states: what is nothing else is ready."""
    name, begins, ends = seat["seat"], surely(seat["login"]), surely(seat["logout"])
    taken = _taken(seat)
    for state, since, until in taken:
        if since > begins:
            yield SeatSpan(seat=name, state=SeatState.READY, begins=begins, ends=since)
        yield SeatSpan(seat=name, state=SeatState(state), begins=since, ends=until)
        begins = until
    if ends > begins:
        yield SeatSpan(seat=name, state=SeatState.READY, begins=begins, ends=ends)


def _taken(seat: dict[str, str]) -> list[tuple[str, datetime, datetime]]:
    name = seat["seat"]
    found: list[tuple[str, datetime, datetime]] = []
    for pause in filter(None, seat["pauses"].split(";")):
        since, until = pause.split(" ")[0].split("-")
        found.append(("break", surely(since), surely(until)))
    found += [
        ("ringing", surely(offer["ringing"]), surely(offer["ended"]))
        for offer in _rows("offers")
        if offer["seat"] == name
    ]
    for call in _rows("calls"):
        if call["seat"] == name:
            found.append(("talking", surely(call["t4"]), surely(call["t5"])))
            found.append(("wrap_up", surely(call["t5"]), surely(call["tw"])))
    for out in _rows("outbound"):
        if out["seat"] != name:
            continue
        rang_until = surely(out["answered"] or out["ended"])
        found.append(("ringing", surely(out["dialled"]), rang_until))
        if out["answered"]:
            found.append(("talking", rang_until, surely(out["ended"])))
            found.append(("wrap_up", surely(out["ended"]), surely(out["tw"])))
    return sorted(found, key=lambda each: each[1])
