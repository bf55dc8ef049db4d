"""What the journal's facts add up to, as rows: written beside the entries, rebuilt from them at any time."""

import dataclasses
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import structlog
from sqlalchemy import Insert, case, select
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.domain.calls import (
    Call,
    CallState,
    Digits,
    Direction,
    Leg,
    LegKind,
    LegOutcome,
    LegState,
    Outcome,
    Recording,
    RecordingState,
)
from callcenter.domain.fact_data import from_data
from callcenter.domain.facts import Fact, OfCall, SeatChanged, UtteranceHeard
from callcenter.domain.fold import apply
from callcenter.domain.ids import CallId, LegId, TicketId
from callcenter.domain.notes import Gap, Notes, NotesState, Secret, Side, Utterance, UtteranceId
from callcenter.domain.seats import Phone, Seat, SeatState
from callcenter.storage.chain import Chained
from callcenter.storage.rows import dialect_of, insert_into, parts, put, table_of
from callcenter.storage.tables import (
    CallerRow,
    CallRow,
    JournalRow,
    LegRow,
    RecordingRow,
    SeatRow,
    UtteranceRow,
    from_microseconds,
    microseconds,
)

_log = structlog.get_logger(__name__)

_WRITTEN_OUT = ("digits", "notes_state", "gaps", "secrets")
_CALL_COLUMNS = [column.name for column in CallRow.__table__.columns if column.name not in _WRITTEN_OUT]


def readable(entry: Chained) -> Fact | None:
    """Rebuild the fact that an entry tells, or None, said in the log, where this version cannot read it."""
    return told_by(entry.seq, entry.kind, entry.data, at=entry.time, call_id=entry.call_id, recovered=entry.recovered)


def told_by(seq: int, kind: str, data: str, *, at: datetime, call_id: str | None, recovered: bool) -> Fact | None:
    """Rebuild a fact from what stands in the columns of its entry; see `readable`."""
    try:
        return from_data(kind, _decoded(data), at=at, call_id=call_id, recovered=recovered)
    except (ValueError, KeyError, TypeError) as error:
        _log.error("an entry of the journal cannot be read", seq=seq, error=type(error).__name__)
        return None


def _decoded(data: str) -> Any:
    """Read JSON as the journal writes it, with nothing around it: half the time of `json.loads`, which looks for it."""
    value, end = _decode(data)
    return value if end == len(data) else json.loads(data)


_decode = json.JSONDecoder().raw_decode


def chained_of(row: JournalRow) -> Chained:
    """Give an entry as it stands in the journal."""
    return Chained(
        seq=row.seq,
        time=row.time,
        call_id=row.call_id,
        kind=row.kind,
        data=row.data,
        recovered=row.recovered,
        previous=row.previous,
        hash=row.hash,
    )


def folded(facts: Iterable[Fact]) -> Call | None:
    """Add up the facts of one call; None where it has not arrived.

    Raises:
        ValueError: the facts are not those of one call, its arrival first.

    """
    call: Call | None = None
    for fact in facts:
        if isinstance(fact, OfCall):
            call = apply(call, fact)
    return call


async def write_calls(session: AsyncSession, calls: Sequence[Call]) -> None:
    """Put the newest state of these calls, with legs and recording, in place of what stands there.

    A leg or a recording that a call once had it has for ever, so nothing is to be taken away.
    """
    await put(session, CallRow, [_call_values(call) for call in calls])
    await put(session, LegRow, [values for call in calls for values in _leg_values(call)])
    await put(session, RecordingRow, [_recording_values(call) for call in calls if call.recording is not None])


async def write_utterances(session: AsyncSession, heard: Iterable[tuple[int, UtteranceHeard]]) -> None:
    """Put words in place, each with the number of its entry; of several with one id the last counts.

    Their calls must stand there already. A call's other words stay untouched, however many they are.
    """
    newest = {(fact.call_id, fact.utterance.id): (seq, fact) for seq, fact in heard}
    await put(session, UtteranceRow, [_utterance_values(seq, fact) for seq, fact in newest.values()])


async def write_seats(session: AsyncSession, facts: Iterable[SeatChanged]) -> None:
    """Put the newest state of these seats in place; of several facts about one seat the last counts."""
    newest = {fact.seat.extension: fact.seat for fact in facts}
    await put(session, SeatRow, [_seat_values(seat) for seat in newest.values()])


async def read_calls(session: AsyncSession, rows: Sequence[CallRow]) -> list[Call]:
    """Give calls with their legs, words and recordings, in the order of `rows`."""
    legs: dict[str, list[Leg]] = {}
    recordings: dict[str, Recording] = {}
    words: dict[str, list[Utterance]] = {}
    for some in parts([row.id for row in rows]):
        found = await session.scalars(
            select(LegRow).where(LegRow.call_id.in_(some)).order_by(LegRow.call_id, LegRow.position)
        )
        for leg in found:
            legs.setdefault(leg.call_id, []).append(_leg(leg))
        for recording in await session.scalars(select(RecordingRow).where(RecordingRow.call_id.in_(some))):
            recordings[recording.call_id] = Recording(
                state=RecordingState(recording.state), started=recording.started, seconds=recording.seconds
            )
        for said in await session.scalars(
            select(UtteranceRow)
            .where(UtteranceRow.call_id.in_(some))
            .order_by(UtteranceRow.call_id, UtteranceRow.start, UtteranceRow.end, UtteranceRow.position)
        ):
            words.setdefault(said.call_id, []).append(_utterance(said))
    return [_call(row, legs.get(row.id, ()), recordings.get(row.id), words.get(row.id, ())) for row in rows]


def seat_of(row: SeatRow) -> Seat:
    """Give a seat as its row tells it."""
    return Seat(
        extension=row.extension,
        operator=row.operator,
        state=SeatState(row.state),
        reason=row.reason,
        since=row.since,
        call_id=None if row.call_id is None else CallId(row.call_id),
        phone=Phone(row.phone),
        missed=row.missed,
        idle_since=row.idle_since,
    )


async def write_callers(session: AsyncSession, calls: Iterable[Call]) -> None:
    """Know of each of these calls that its caller has called then."""
    of_caller = [(storable(call.caller), call.t0) for call in calls if call.caller is not None]
    first = dict(sorted(of_caller, reverse=True))  # the last one of each number stays: the earliest
    last = dict(sorted(of_caller))
    upsert = _upsert_callers(dialect_of(session))
    for some in parts(sorted(first)):
        await session.execute(
            upsert, [{"number": number, "first_call": first[number], "last_call": last[number]} for number in some]
        )


@cache
def _upsert_callers(dialect: str) -> Insert:
    table = table_of(CallerRow)
    new, old = (statement := insert_into(table, dialect)).excluded, table.c
    return statement.on_conflict_do_update(
        index_elements=["number"],
        set_={
            "first_call": case((new.first_call < old.first_call, new.first_call), else_=old.first_call),
            "last_call": case((new.last_call > old.last_call, new.last_call), else_=old.last_call),
        },
    )


def storable(text: str) -> str:
    """Replace what no database keeps in a text (NUL, half characters); the journal itself keeps it to the letter."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def _clean(value: Any) -> Any:
    return storable(str(value)) if isinstance(value, str) else value


def _call_values(call: Call) -> dict[str, Any]:
    values = {name: _clean(getattr(call, name)) for name in _CALL_COLUMNS}
    return values | {
        "digits": json.dumps([[pressed.node, pressed.digits] for pressed in call.digits]),
        "notes_state": None if call.notes is None else call.notes.state.value,
        "gaps": json.dumps([] if call.notes is None else [dataclasses.asdict(gap) for gap in call.notes.gaps]),
        "secrets": json.dumps(
            [
                [microseconds(secret.began), None if secret.ended is None else microseconds(secret.ended)]
                for secret in call.secrets
            ]
        ),
    }


def _utterance_values(seq: int, fact: UtteranceHeard) -> dict[str, Any]:
    said = fact.utterance
    return {
        "call_id": fact.call_id,
        "id": said.id,
        "side": said.side.value,
        "leg_id": said.leg_id,
        "start": said.start,
        "end": said.end,
        "text": storable(said.text),
        "heard": None if said.heard is None else storable(said.heard),
        "confidence": said.confidence,
        "live": said.live,
        "position": seq,
    }


def _leg_values(call: Call) -> Iterable[dict[str, Any]]:
    for position, leg in enumerate(call.legs):
        values = {field.name: _clean(getattr(leg, field.name)) for field in dataclasses.fields(leg)}
        yield values | {"call_id": call.id, "position": position}


def _recording_values(call: Call) -> dict[str, Any]:
    assert call.recording is not None
    recording = call.recording
    return {
        "call_id": call.id,
        "state": recording.state.value,
        "started": recording.started,
        "seconds": recording.seconds,
    }


def _seat_values(seat: Seat) -> dict[str, Any]:
    return {field.name: _clean(getattr(seat, field.name)) for field in dataclasses.fields(seat)}


def _utterance(row: UtteranceRow) -> Utterance:
    return Utterance(
        id=UtteranceId(row.id),
        side=Side(row.side),
        leg_id=LegId(row.leg_id),
        start=row.start,
        end=row.end,
        text=row.text,
        heard=row.heard,
        confidence=row.confidence,
        live=row.live,
    )


def _notes(row: CallRow) -> Notes | None:
    if row.notes_state is None:
        return None
    gaps = [
        Gap(side=Side(gap["side"]), leg_id=LegId(gap["leg_id"]), start=gap["start"], end=gap["end"])
        for gap in json.loads(row.gaps)
    ]
    return Notes(state=NotesState(row.notes_state), gaps=tuple(gaps))


def _secrets(row: CallRow) -> tuple[Secret, ...]:
    return tuple(
        Secret(began=from_microseconds(began), ended=None if ended is None else from_microseconds(ended))
        for began, ended in json.loads(row.secrets)
    )


def _call(row: CallRow, legs: Sequence[Leg], recording: Recording | None, words: Sequence[Utterance]) -> Call:
    return Call(
        id=CallId(row.id),
        caller=row.caller,
        direction=Direction(row.direction),
        state=CallState(row.state),
        outcome=None if row.outcome is None else Outcome(row.outcome),
        queue=row.queue,
        seat=row.seat,
        legs=tuple(legs),
        t0=row.t0,
        t1=row.t1,
        t2=row.t2,
        t3=row.t3,
        t4=row.t4,
        t5=row.t5,
        held=row.held,
        ticket_id=None if row.ticket_id is None else TicketId(row.ticket_id),
        recording=recording,
        digits=tuple(Digits(node=node, digits=digits) for node, digits in json.loads(row.digits)),
        utterances=tuple(words),
        notes=_notes(row),
        secrets=_secrets(row),
        grade_asked=row.grade_asked,
        grade=row.grade,
        recovered=row.recovered,
        last_at=row.last_at,
        recording_path=row.recording_path,
    )


def _leg(row: LegRow) -> Leg:
    return Leg(
        id=LegId(row.id),
        kind=LegKind(row.kind),
        party=row.party,
        number=row.number,
        state=LegState(row.state),
        outcome=None if row.outcome is None else LegOutcome(row.outcome),
        started=row.started,
        answered=row.answered,
        joined=row.joined,
        ended=row.ended,
    )
