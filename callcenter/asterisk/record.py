"""What happened to calls while nobody here heard it, from the record that Asterisk itself writes (cel_custom.conf).

Each line is one event with Asterisk's own time in microseconds, so what is told from it is dated as it was. It tells
of arrivals, of citizens called back, of talks, of Asterisk's own queue and of ends; not of ringing, of keys or of
holds, which no line has.
Pure but for `read_text`, which blocks.
"""

import csv
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from callcenter.asterisk.channels import TRUNK, endpoint_of, seat_of
from callcenter.asterisk.translate import BUSY, CALLED_OFF, NO_ANSWER, REFUSED, grade_of, number_of, recall_ending
from callcenter.domain.calls import LegKind
from callcenter.domain.ids import CallId, LegId
from callcenter.domain.telephony import (
    Arrived,
    CallerInFallback,
    CallerLeft,
    CallerUp,
    CallerWaits,
    Ending,
    GradeAsked,
    GradeGiven,
    LegAnswered,
    LegDialled,
    LegEnded,
    PartyJoined,
    PartyLeft,
    RecallDialled,
    RecallOver,
    TelephonyEvent,
    VoiceBegan,
)

RECORD = Path("records", "cel-custom", "calls.csv")
"""Where it is in Asterisk's own folder."""
MOST_BYTES = 8_000_000  # some 4,000 calls: what is older than that is not looked for
_FIELDS = 8
_ARRIVED = '"Arrived","Arrived"'  # a caller's own text has its quotes doubled
_RECALLS = ('"Recalling","Recalling"', '"Recalled","Recalled"')  # the seat dials; the citizen has answered
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meanwhile:
    """What the record tells that is not known yet."""

    events: tuple[TelephonyEvent, ...] = ()
    """Oldest first."""
    last_written: datetime | None = None
    """When Asterisk last wrote anything down; None where there is no record."""
    unread: bool = False
    """It is still being read, and told afterwards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One event of the record, as cel_custom.conf has it written."""

    at: datetime
    kind: str
    uniqueid: str
    channel: str
    call_id: str
    """Set on a caller's channel alone, and on whoever took it over in a talk with him."""
    number: str
    extra: Mapping[str, object]


def read_text(record: Path) -> list[str]:
    """Read what was written last, line by line, oldest first; nothing where there is no record. Raises OSError."""
    rest, parts = MOST_BYTES, list[bytes]()
    for path in (record, record.with_name(f"{record.name}.1")):  # the second is the one before; see `logs`
        try:
            with path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - rest))
                parts.insert(0, file.read(rest) if size <= rest else file.read(rest).partition(b"\n")[2])
        except FileNotFoundError:
            continue
        rest -= min(rest, size)
        if not rest:
            break
    return b"".join(parts).decode("utf-8", "replace").split("\n")


def arrivals(text: Iterable[str], *, since: datetime) -> list[Line]:
    """Give the line of each caller who arrived since then. A busy day is looked through in milliseconds."""
    return [line for line in lines_of(one for one in text if _ARRIVED in one) if line.at >= since and line.call_id]


def recalls(text: Iterable[str], *, since: datetime) -> list[Line]:
    """Give the lines since then in which a citizen was dialled to be called back, and in which he answered."""
    return [line for line in lines_of(one for one in text if any(kind in one for kind in _RECALLS)) if line.at >= since]


def lines_since(text: Sequence[str], since: datetime) -> list[Line]:
    """Read what was written since then; what is older is not even taken apart."""
    first = len(text)
    while first and ((at := _time(text[first - 1][1:].partition('"')[0])) is None or at >= since):
        first -= 1
    return [line for line in lines_of(text[first:]) if line.at >= since]


def lines_of(text: Iterable[str]) -> Iterator[Line]:
    """Read the record's text; a line that is cut off or is none of ours is left out."""
    for fields in csv.reader(text):
        if len(fields) != _FIELDS or (at := _time(fields[0])) is None:
            continue
        _, kind, own_kind, uniqueid, channel, call_id, number, extra = fields
        yield Line(
            at=at,
            kind=own_kind or kind,
            uniqueid=uniqueid,
            channel=channel,
            call_id=call_id,
            number=number,
            extra=_extra(extra),
        )


def callers(lines: Iterable[Line]) -> dict[str, CallId]:
    """Give the call of each caller's channel that arrived in these lines, or answered when he was called back."""
    his = ("Arrived", "Recalled")
    return {line.uniqueid: CallId(line.call_id) for line in lines if line.kind in his and line.call_id}


def seats_calling_back(lines: Iterable[Line]) -> dict[LegId, CallId]:
    """Give the attempt of each seat's leg that dialled a citizen in these lines."""
    return {LegId(line.uniqueid): CallId(_own(line)) for line in lines if line.kind == "Recalling" and _own(line)}


def told(
    lines: Sequence[Line], calls: Mapping[str, CallId], legs: Mapping[LegId, CallId], *, incoming: Path
) -> list[TelephonyEvent]:
    """Say in the hotline's words what these lines tell of these calls, in their order.

    `calls`: by the caller's channel. `legs`: those that are known already, by their channel, and those of seats that
    call back. `incoming`: where Asterisk writes recordings, each under its call's id.
    """
    joins = [line for line in lines if line.kind == "BRIDGE_ENTER"]
    talks = {_talk(line): calls[line.uniqueid] for line in joins if line.uniqueid in calls}
    with_him = {
        line.uniqueid: talks[_talk(line)]
        for line in joins
        if _talk(line) in talks and line.uniqueid not in calls and endpoint_of(line.channel) is not None
    }
    parties = {**{str(leg_id): call_id for leg_id, call_id in legs.items()}, **with_him}
    rest = _Rest(parties, incoming)
    return [event for line in sorted(lines, key=lambda line: line.at) for event in rest.tell(line, calls)]


class _Rest:
    """Tells line after line; knows which legs have been in a talk, or were answered."""

    def __init__(self, parties: Mapping[str, CallId], incoming: Path) -> None:
        self._parties = parties
        self._incoming = incoming
        self._joined: set[str] = set()
        self._up: set[str] = set()

    def tell(self, line: Line, calls: Mapping[str, CallId]) -> list[TelephonyEvent]:
        if line.uniqueid in calls and endpoint_of(line.channel) == TRUNK:
            return self._of_caller(line, calls[line.uniqueid])
        if line.uniqueid in self._parties:
            return self._of_leg(line, self._parties[line.uniqueid], LegId(line.uniqueid))
        return []

    def _of_caller(self, line: Line, call_id: CallId) -> list[TelephonyEvent]:
        leg_id = LegId(call_id)
        match line.kind:
            case "Arrived":
                caller = number_of({"CallerIDNum": line.number}, asserted=_own(line))
                recording = str(self._incoming / f"{call_id}.raw")
                return [Arrived(at=line.at, call_id=call_id, caller=caller, recording=recording)]
            case "ANSWER":
                return [CallerUp(at=line.at, call_id=call_id)]
            case "Voice":
                return [VoiceBegan(at=line.at, call_id=call_id)]
            case "Waiting":
                return [CallerWaits(at=line.at, call_id=call_id, since=_since(line))]
            case "Degraded":
                return [CallerInFallback(at=line.at, call_id=call_id, since=_since(line))]
            case "GradeAsked":
                return [GradeAsked(at=line.at, call_id=call_id)]
            case "GradeGiven" if (grade := grade_of(_own(line))) is not None:
                return [GradeGiven(at=line.at, call_id=call_id, grade=grade)]
            case "BRIDGE_ENTER":
                return [PartyJoined(at=line.at, call_id=call_id, leg_id=leg_id, talk=_talk(line))]
            case "BRIDGE_EXIT":
                return [PartyLeft(at=line.at, call_id=call_id, leg_id=leg_id, talk=_talk(line))]
            case "HANGUP":
                return [CallerLeft(at=line.at, call_id=call_id, by_itself=_by_itself(line))]
            case _:
                return []

    def _of_leg(self, line: Line, call_id: CallId, leg_id: LegId) -> list[TelephonyEvent]:
        match line.kind:
            case "CHAN_START" if (seat := seat_of(line.channel)) is not None:
                return [LegDialled(at=line.at, call_id=call_id, leg_id=leg_id, seat=seat)]
            case "CHAN_START" if endpoint_of(line.channel) == TRUNK:
                return [LegDialled(at=line.at, call_id=call_id, leg_id=leg_id, seat=None, kind=LegKind.UNIT)]
            case "ANSWER":
                self._up.add(line.uniqueid)
                return [LegAnswered(at=line.at, call_id=call_id, leg_id=leg_id)]
            case "Recalling":
                recording = str(self._incoming / f"{call_id}.raw")
                return [RecallDialled(at=line.at, call_id=call_id, leg_id=leg_id, recording=recording)]
            case "RecallOver":
                status, _, cause = _own(line).partition(" ")
                return [RecallOver(at=line.at, call_id=call_id, ending=recall_ending(status=status, cause=cause))]
            case "BRIDGE_ENTER":
                self._joined.add(line.uniqueid)
                return [PartyJoined(at=line.at, call_id=call_id, leg_id=leg_id, talk=_talk(line))]
            case "BRIDGE_EXIT":
                self._joined.add(line.uniqueid)
                return [PartyLeft(at=line.at, call_id=call_id, leg_id=leg_id, talk=_talk(line))]
            case "HANGUP":
                by_itself = _by_itself(line)
                return [
                    LegEnded(at=line.at, call_id=call_id, leg_id=leg_id, ending=self._ending(line), by_itself=by_itself)
                ]
            case _:
                return []

    def _ending(self, line: Line) -> Ending:
        cause = str(line.extra.get("hangupcause", ""))
        if line.uniqueid in self._joined:
            return Ending.NORMAL
        if line.uniqueid in self._up:
            return Ending.CANCELLED
        if cause == BUSY:
            return Ending.BUSY
        if cause == REFUSED:
            return Ending.REFUSED
        if cause in NO_ANSWER:
            return Ending.NO_ANSWER
        return Ending.CANCELLED if cause in CALLED_OFF else Ending.FAILED


def _own(line: Line) -> str:
    """Give what the dialplan wrote with it."""
    return str(line.extra.get("extra", ""))


def _since(line: Line) -> int:
    since = _own(line)
    return int(since) if since.isdecimal() else int(line.at.timestamp())


def _talk(line: Line) -> str:
    return str(line.extra.get("bridge_id", ""))


def _by_itself(line: Line) -> bool:
    return line.extra.get("hangupsource") == line.channel


def _time(text: str) -> datetime | None:
    seconds, _, fraction = text.partition(".")
    if not seconds.isdecimal() or not fraction.isdecimal():
        return None
    return _EPOCH + timedelta(seconds=int(seconds), microseconds=int(fraction.ljust(6, "0")[:6]))


def _extra(text: str) -> Mapping[str, object]:
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
