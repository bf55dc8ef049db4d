"""The shapes of contract.md §4: the same object for HTTP, for WebSocket and for whatever follows."""

from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import lru_cache
from typing import Any

from callcenter.domain.alarms import Alarm, kind_of
from callcenter.domain.calls import Call, Direction, Leg
from callcenter.domain.notes import Utterance
from callcenter.domain.seats import Seat
from callcenter.domain.tickets import Heard, Ticket
from callcenter.domain.trunk import Trunk
from callcenter.domain.units import DutyHours, Unit

Json = dict[str, Any]
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def moment(value: datetime | None) -> str | None:
    """RFC 3339 in UTC with milliseconds."""
    if value is None:
        return None
    return f"{value.astimezone(UTC).isoformat(timespec='milliseconds')[:-6]}Z"  # without its +00:00


def leg_view(leg: Leg) -> Json:
    """A leg as others see it."""
    return {
        "id": leg.id,
        "kind": leg.kind.value,
        "party": leg.party,
        "number": leg.number,
        "state": leg.state.value,
        "outcome": leg.outcome.value if leg.outcome else None,
        "started": moment(leg.started),
        "answered": moment(leg.answered),
        "joined": moment(leg.joined),
        "ended": moment(leg.ended),
    }


def utterance_view(utterance: Utterance) -> Json:
    """Words as others see them."""
    return {
        "id": utterance.id,
        "side": utterance.side.value,
        "leg_id": utterance.leg_id,
        "start": round(utterance.start, 3),
        "end": round(utterance.end, 3),
        "text": utterance.text,
        "heard": utterance.heard,
        "confidence": utterance.confidence,
        "live": utterance.live,
        "final": utterance.final,
    }


def call_view(call: Call) -> Json:
    """A call as others see it."""
    recording = call.recording
    return {
        "id": call.id,
        "caller": call.caller,
        "direction": call.direction.value,
        "state": call.state.value,
        "outcome": call.outcome.value if call.outcome else None,
        "queue": call.queue,
        "seat": call.seat,
        "held": call.held,
        "legs": [leg_view(leg) for leg in call.legs],
        "utterances": [utterance_view(utterance) for utterance in call.utterances],
        "notes": None if call.notes is None else call.notes.state.value,
        "secret": call.is_secret,
        "t0": moment(call.t0),
        "t1": moment(call.t1),
        "t2": moment(call.t2),
        "t3": moment(call.t3),
        "t4": moment(call.t4),
        "t5": moment(call.t5),
        "ticket_id": call.ticket_id,
        "recording": None
        if recording is None
        else {
            "state": recording.state.value,
            "started": moment(recording.started),
            "seconds": recording.seconds,
            "secrets": [{"began": moment(each.began), "ended": moment(each.ended)} for each in call.secrets],
        },
        "grade_asked": moment(call.grade_asked),
        "grade": call.grade,
        "digits": [{"node": pressed.node, "digits": pressed.digits} for pressed in call.digits],
        "recovered": call.recovered,
    }


def seat_view(seat: Seat) -> Json:
    """A seat as others see it."""
    return {
        "extension": seat.extension,
        "operator": seat.operator,
        "state": seat.state.value,
        "reason": seat.reason,
        "since": moment(seat.since),
        "call_id": seat.call_id,
        "phone": seat.phone.value,
        "missed": seat.missed,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueView:
    """One queue at one moment."""

    name: str
    waiting: tuple[tuple[str, datetime], ...]
    """Call and t2 of each waiting caller, in the order in which they will be offered."""
    ready: int
    talking: int
    longest_wait: float
    """In seconds; 0 where nobody waits."""


def queue_view(queue: QueueView) -> Json:
    """A queue as others see it."""
    return {
        "name": queue.name,
        "waiting": [
            {"call_id": call_id, "since": moment(since), "position": position}
            for position, (call_id, since) in enumerate(queue.waiting, start=1)
        ],
        "ready": queue.ready,
        "talking": queue.talking,
        "longest_wait": round(queue.longest_wait, 3),
    }


def trunk_view(trunk: Trunk) -> Json:
    """The lines in use as others see them."""
    return {
        "name": trunk.name,
        "inbound": trunk.in_use(Direction.INBOUND),
        "outbound": trunk.in_use(Direction.OUTBOUND),
        "lines": [
            {
                "call_id": line.call_id,
                "leg_id": line.leg_id,
                "direction": line.direction.value,
                "since": moment(line.since),
            }
            for line in trunk.lines
        ],
    }


def alarm_view(alarm: Alarm) -> Json:
    """An alarm as others see it, with what the person on duty is to do."""
    kind = kind_of(alarm.name)
    return {
        "name": alarm.name,
        "title": kind.chinese,
        "severity": kind.severity.value,
        "detail": alarm.detail,
        "advice": kind.advice,
        "since": moment(alarm.since),
    }


def unit_view(unit: Unit, *, local: datetime) -> Json:
    """A unit as others see it at this local moment."""
    return {
        "id": unit.id,
        "name": unit.name,
        "number": unit.number,
        "parent": unit.parent,
        "ring_seconds": unit.ring_seconds,
        "duty": [_duty_view(hours) for hours in unit.duty],
        "on_duty": unit.is_on_duty(local),
    }


def _duty_view(hours: DutyHours) -> Json:
    return {
        "days": [WEEKDAYS[day] for day in sorted(hours.days)],
        "from": hours.begins.isoformat("minutes"),
        "to": "24:00" if hours.ends == time() else hours.ends.isoformat("minutes"),
    }


@lru_cache(maxsize=4096)
def _heard_view(heard: Heard) -> Json:
    """Words in a ticket as others see them; one object for all the events of a talk, which repeat every word."""
    said = heard.utterance
    return {
        "utterance_id": said.id,
        "call_id": heard.call_id,
        "side": said.side.value,
        "start": round(said.start, 3),
        "end": round(said.end, 3),
        "text": said.text,
        "live": said.live,
    }


def ticket_view(ticket: Ticket) -> Json:
    """A ticket as others see it."""
    return {
        "id": ticket.id,
        "number": ticket.number,
        "version": ticket.version,
        "state": ticket.state.value,
        "kind": ticket.kind.value if ticket.kind else None,
        "category": ticket.category,
        "urgency": ticket.urgency.value,
        "caller_name": ticket.caller_name,
        "caller_phone": ticket.caller_phone,
        "address": ticket.address,
        "matter": ticket.matter,
        "wanted": ticket.wanted,
        "confidential": ticket.confidential,
        "notes": ticket.notes,
        "notes_edited": ticket.notes_edited,
        "heard": [_heard_view(heard) for heard in ticket.heard],
        "call_ids": list(ticket.call_ids),
        "unit": ticket.unit,
        "due": moment(ticket.due),
        "created": moment(ticket.created),
        "filed": moment(ticket.filed),
        "trace": [
            {
                "seq": entry.seq,
                "time": moment(entry.time),
                "actor": entry.actor,
                "action": entry.action,
                "note": entry.note,
                "hash": entry.hash,
            }
            for entry in ticket.trace
        ],
    }
