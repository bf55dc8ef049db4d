"""What a ticket IS today: drafted from a call, completed and filed by the operator, every step traced."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from callcenter.domain.errors import Fault, InvalidInputError, RefusedError
from callcenter.domain.ids import CallId, TicketId
from callcenter.domain.notes import Utterance


class TicketState(StrEnum):
    """How far a ticket has come; the states of the ticket office follow these two."""

    DRAFTED = "drafted"
    FILED = "filed"


class TicketKind(StrEnum):
    """What the citizen wants of the hotline."""

    CONSULTATION = "consultation"
    HELP = "help"
    COMPLAINT = "complaint"
    REPORT = "report"
    SUGGESTION = "suggestion"
    OPINION = "opinion"
    OTHER = "other"


class Urgency(StrEnum):
    """How soon it must be taken up."""

    NORMAL = "normal"
    URGENT = "urgent"


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceEntry:
    """One step of a ticket's life. `hash` covers this step and the one before it."""

    seq: int
    time: datetime
    actor: str
    action: str
    note: str | None
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Words that were said in one of a ticket's calls."""

    call_id: CallId
    utterance: Utterance


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """What a citizen asked for, as the office works on it."""

    id: TicketId
    number: str
    """For people: 14 digits, the hotline's local date and a running number of that day."""
    version: int
    state: TicketState
    kind: TicketKind | None = None
    category: str | None = None
    urgency: Urgency = Urgency.NORMAL
    caller_name: str | None = None
    caller_phone: str | None = None
    address: str | None = None
    matter: str | None = None
    wanted: str | None = None
    confidential: bool = False
    notes: str | None = None
    notes_edited: bool = False
    """A person has written the notes. Until then those of a draft are what was heard (`ticket_notes`)."""
    call_ids: tuple[CallId, ...] = ()
    unit: str | None = None
    due: datetime | None = None
    created: datetime
    filed: datetime | None = None
    trace: tuple[TraceEntry, ...] = ()
    heard: tuple[Heard, ...] = ()
    """What was said in its calls, whatever the notes are; belongs to the calls and is never stored here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a ticket stands, as far as figures count it: nothing of who asked, and none of his words."""

    version: int
    state: TicketState
    kind: TicketKind | None = None
    category: str | None = None
    unit: str | None = None
    due: datetime | None = None
    filed: datetime | None = None
    call_ids: tuple[CallId, ...] = ()


def standing_of(ticket: Ticket) -> Standing:
    """Give how a ticket stands."""
    return Standing(
        version=ticket.version,
        state=ticket.state,
        kind=ticket.kind,
        category=ticket.category,
        unit=ticket.unit,
        due=ticket.due,
        filed=ticket.filed,
        call_ids=ticket.call_ids,
    )


REQUIRED_TO_FILE = ("kind", "category", "matter")
EDITABLE = frozenset(
    {
        "kind", "category", "urgency", "caller_name", "caller_phone", "address",
        "matter", "wanted", "confidential", "notes", "unit",
    }
)  # fmt: skip


def missing_to_file(ticket: Ticket) -> list[Fault]:
    """Name each field that must be filled before the ticket can be filed."""
    return [
        Fault(f"/{name}", "must be filled before the ticket is filed")
        for name in REQUIRED_TO_FILE
        if not getattr(ticket, name)
    ]


def edit(ticket: Ticket, changes: Mapping[str, Any], *, at: datetime, actor: str) -> Ticket:
    """Change fields of a ticket; the trace tells which, not their text. Notes that were written stay as written.

    Raises:
        RefusedError: the ticket is no draft any more.
        InvalidInputError: a field that does not exist or may not be changed.

    """
    if unknown := sorted(set(changes) - EDITABLE):
        raise InvalidInputError(
            "some fields cannot be changed",
            [Fault(f"/{name}", "is not a field that can be changed") for name in unknown],
        )
    if ticket.state is not TicketState.DRAFTED:
        raise RefusedError(f"a ticket that is {ticket.state} cannot be edited; only a drafted one can")
    first_notes = "notes" in changes and not ticket.notes_edited
    changed = [
        name for name in sorted(changes) if getattr(ticket, name) != changes[name] or (name == "notes" and first_notes)
    ]
    edited = replace(ticket, **{name: changes[name] for name in changed}, version=ticket.version + 1)
    edited = replace(edited, notes_edited=ticket.notes_edited or first_notes)
    return traced(edited, at=at, actor=actor, action="edited", note=", ".join(changed) or None)


def file(ticket: Ticket, *, at: datetime, actor: str, heard: str | None = None) -> Ticket:
    """File a completed draft. `heard`: what was heard, which are its notes from now on where nobody has written any.

    Raises:
        RefusedError: it is filed already.
        InvalidInputError: required fields are empty; names each.

    """
    if ticket.state is not TicketState.DRAFTED:
        raise RefusedError(f"the ticket is {ticket.state} already; only a drafted one can be filed")
    if faults := missing_to_file(ticket):
        raise InvalidInputError("the ticket is not complete", faults)
    if not ticket.notes_edited and heard is not None:
        ticket = replace(ticket, notes=heard)
    filed = replace(ticket, state=TicketState.FILED, filed=at, version=ticket.version + 1)
    return traced(filed, at=at, actor=actor, action="filed", note=None)


def traced(ticket: Ticket, *, at: datetime, actor: str, action: str, note: str | None) -> Ticket:
    """Add one step to the hash-chained trace."""
    before = ticket.trace[-1] if ticket.trace else None
    when = at if before is None else max(at, before.time)
    seq = 1 if before is None else before.seq + 1
    digest = entry_hash(
        ticket.id,
        seq=seq,
        time=when,
        actor=actor,
        action=action,
        note=note,
        before="" if before is None else before.hash,
    )
    entry = TraceEntry(seq=seq, time=when, actor=actor, action=action, note=note, hash=digest)
    return replace(ticket, trace=(*ticket.trace, entry))


def entry_hash(
    ticket_id: TicketId, *, seq: int, time: datetime, actor: str, action: str, note: str | None, before: str
) -> str:
    """SHA-256 over a step and the hash of the step before it, so that no step can be changed or taken out unseen."""
    text = json.dumps([ticket_id, seq, time.isoformat(), actor, action, note, before], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def broken_at(ticket: Ticket) -> int | None:
    """Number of the first step of the trace whose hash does not fit, or None when all is whole."""
    before = ""
    for expected_seq, entry in enumerate(ticket.trace, start=1):
        right = entry_hash(
            ticket.id,
            seq=entry.seq,
            time=entry.time,
            actor=entry.actor,
            action=entry.action,
            note=entry.note,
            before=before,
        )
        if entry.seq != expected_seq or entry.hash != right:
            return expected_seq
        before = entry.hash
    return None
