"""What answers look like, field by field: the schema of what `domain.views` makes, for the OpenAPI document.

The values are made by `domain.views` alone; every answer given in the tests is held against these shapes.
"""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from callcenter.domain.calls import CallState, Direction, LegKind, LegOutcome, LegState, Outcome, RecordingState
from callcenter.domain.notes import NotesState, Side
from callcenter.domain.seats import Phone, SeatState
from callcenter.domain.tickets import TicketKind, TicketState, Urgency


class Leg(BaseModel):
    """One party's connection within a call."""

    id: str
    kind: LegKind
    party: str | None = Field(description="Seat extension or unit id; null for the caller.")
    number: str | None
    state: LegState
    outcome: LegOutcome | None
    started: datetime
    answered: datetime | None
    joined: datetime | None
    ended: datetime | None


class Utterance(BaseModel):
    """Words that were heard; times are seconds since `recording.started` (t1 where nothing is recorded)."""

    id: str = Field(description="Stays the same from the first partial to the final text.")
    side: Side
    leg_id: str = Field(description="The leg that spoke.")
    start: float
    end: float
    text: str = Field(description="As people write it.")
    heard: str | None = Field(description="What was heard, where numbers, dates or amounts were rewritten; else null.")
    confidence: float | None = Field(description="0 to 1; null where the engine gives none.")
    live: bool = Field(description="Heard while they talked; false: made from the recording afterwards.")
    final: bool


class Secret(BaseModel):
    """A stretch of which neither sound nor words are kept; in the recording it is silence."""

    began: datetime
    ended: datetime | None = Field(description="Null while it lasts.")


class Recording(BaseModel):
    """What is known of the sound of a call."""

    state: RecordingState
    started: datetime | None
    seconds: float | None
    secrets: list[Secret]


class Digits(BaseModel):
    """What the caller pressed at one node of a flow."""

    node: str
    digits: str


class Call(BaseModel):
    """One citizen's stay with the hotline."""

    id: str
    caller: str | None = Field(description="Normalised number; null where it was withheld.")
    direction: Direction = Field(description="outbound: a seat called the citizen back, and he answered.")
    state: CallState
    outcome: Outcome | None
    queue: str | None
    seat: str | None = Field(description="The seat that rings or talks now, or that talked last.")
    held: bool = Field(description="The caller hears music.")
    legs: list[Leg]
    utterances: list[Utterance] = Field(description="Final ones, in the order of their starts.")
    notes: NotesState | None = Field(
        description="How far the words have become notes; null where none were ever to be noted."
    )
    secret: bool = Field(description="Neither sound nor words are kept at this moment.")
    t0: datetime = Field(description="INVITE taken.")
    t1: datetime | None = Field(description="First voice or answer.")
    t2: datetime | None = Field(description="A person was asked for.")
    t3: datetime | None = Field(description="The first seat rang.")
    t4: datetime | None = Field(description="A person answered and is joined with the caller.")
    t5: datetime | None = Field(description="The end.")
    ticket_id: str | None
    recording: Recording | None
    digits: list[Digits]
    grade_asked: datetime | None = Field(description="Since when, after the talk, the caller was asked for a grade.")
    grade: int | None = Field(description="5 very satisfied … 1 very dissatisfied; null where none was given.")
    recovered: bool = Field(description="Parts of it were found out after an absence of the controller.")


class Entry(BaseModel):
    """One entry of the journal."""

    seq: int
    time: datetime
    kind: str = Field(description="As the `type` of events.")
    data: dict[str, Any]
    recovered: bool = Field(description="Found out after an absence, not witnessed.")


class Seat(BaseModel):
    """A place with a phone, and the person at it."""

    extension: str
    operator: str
    state: SeatState
    reason: str | None
    since: datetime
    call_id: str | None
    phone: Phone
    missed: int = Field(description="Offers in a row that rang without answer.")


class Waiting(BaseModel):
    """A caller who waits."""

    call_id: str
    since: datetime
    position: int = Field(description="1 is offered next.")


class Queue(BaseModel):
    """One queue at this moment."""

    name: str
    waiting: list[Waiting]
    ready: int
    talking: int
    longest_wait: float = Field(description="Seconds; 0 where nobody waits.")


class TrunkLine(BaseModel):
    """One line of the trunk that is in use."""

    call_id: str
    leg_id: str = Field(description="The citizen's or a unit's leg.")
    direction: Literal["inbound", "outbound"]
    since: datetime


class Trunk(BaseModel):
    """The trunk at this moment."""

    name: str
    inbound: int = Field(description="Lines that citizens called on.")
    outbound: int = Field(description="Lines that the hotline called on: units, and citizens who are called back.")
    lines: list[TrunkLine]


class DutyHours(BaseModel):
    """A stretch of some weekdays in which a unit answers; the hotline's local time."""

    model_config = ConfigDict(serialize_by_alias=True)

    days: list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]]
    begins: str = Field(alias="from", description="HH:MM.")
    to: str = Field(description="HH:MM, exclusive; 24:00 is the end of the day.")


class Unit(BaseModel):
    """A department or street that handles what citizens ask for."""

    id: str
    name: str
    number: str
    parent: str | None
    ring_seconds: float = Field(description="How long it may ring, 5 to 120.")
    duty: list[DutyHours] = Field(description="When it answers; empty: always.")
    on_duty: bool = Field(description="It answers at this moment.")


class Step(BaseModel):
    """One step of a ticket's life; `hash` covers it and the step before."""

    seq: int
    time: datetime
    actor: str
    action: str
    note: str | None
    hash: str


class Heard(BaseModel):
    """Words of one of the ticket's calls; start and end are seconds on that call's recording."""

    utterance_id: str
    call_id: str
    side: Side
    start: float
    end: float
    text: str
    live: bool


class Ticket(BaseModel):
    """What a citizen asked for, as the office works on it."""

    id: str
    number: str = Field(description="For people: 14 digits, date and a running number.")
    version: int
    state: TicketState
    kind: TicketKind | None
    category: str | None
    urgency: Urgency
    caller_name: str | None
    caller_phone: str | None
    address: str | None
    matter: str | None
    wanted: str | None
    confidential: bool
    notes: str | None = Field(
        description="What was heard, a line for each utterance, until a person writes his own or the ticket is filed."
    )
    notes_edited: bool = Field(description="A person has written the notes.")
    heard: list[Heard] = Field(description="What was heard, beside the notes; new words do not raise the version.")
    call_ids: list[str]
    unit: str | None
    due: datetime | None
    created: datetime
    filed: datetime | None
    trace: list[Step]


class Alarm(BaseModel):
    """Something that needs a person's attention."""

    name: str = Field(description="Stable; docs/monitoring.md lists all.")
    title: str = Field(description="The same in Chinese.")
    severity: Literal["critical", "warning"]
    detail: str
    advice: str = Field(description="What the person on duty is to do, in Chinese.")
    since: datetime


class CallList(BaseModel):
    """A page of calls."""

    items: list[Call]
    next: str | None


class EntryList(BaseModel):
    """The journal of one call."""

    items: list[Entry]
    next: str | None


class SeatList(BaseModel):
    """All seats."""

    items: list[Seat]
    next: str | None


class QueueList(BaseModel):
    """All queues."""

    items: list[Queue]
    next: str | None


class TrunkList(BaseModel):
    """All trunks."""

    items: list[Trunk]
    next: str | None


class UnitList(BaseModel):
    """All units."""

    items: list[Unit]
    next: str | None


class TicketList(BaseModel):
    """A page of tickets."""

    items: list[Ticket]
    next: str | None


class AlarmList(BaseModel):
    """Alarms that stand."""

    items: list[Alarm]
    next: str | None


class Component(BaseModel):
    """How one part is."""

    status: Literal["ok", "degraded", "down", "off"] = Field(description="off: not configured; never lowers the whole.")
    detail: str


class Components(BaseModel):
    """The parts of the hotline."""

    asterisk: Component
    database: Component
    speech: Component
    recordings: Component
    events: Component


class Health(BaseModel):
    """How the hotline is; the worst of its parts."""

    status: Literal["ok", "degraded", "down"]
    components: Components
    alarms: list[str] = Field(description="Names of the alarms that stand; GET alarms tells more.")


class FlowsReloaded(BaseModel):
    """What came of reading the flow files again."""

    taken: bool = Field(description="False when a file had mistakes; what was in force stays in force.")
    mistakes: list[str] = Field(description="FILE:LINE: what is wrong; what to write instead.")


class EventToken(BaseModel):
    """Lets one browser open the events, once."""

    token: str
    expires: datetime


class Snapshot(BaseModel):
    """Everything that is live, as of event `seq`."""

    calls: list[Call]
    seats: list[Seat]
    queues: list[Queue]
    trunks: list[Trunk]
    alarms: list[Alarm]


class Live(Snapshot):
    """The live picture, and where in the events it stands: `?stream=…&after=seq` goes on from here."""

    stream: str
    seq: int


class SnapshotMessage(BaseModel):
    """The first message of the events."""

    type: Literal["snapshot"]
    stream: str
    seq: int
    data: Snapshot


class EventMessage(BaseModel):
    """One event; `data` is the whole object after the change, and what is special to it."""

    type: str
    seq: int
    time: datetime
    data: dict[str, Any]


class Fault(BaseModel):
    """One place in a request that is wrong."""

    pointer: str = Field(description="RFC 6901 pointer into the body; for a query parameter `/` and its name.")
    detail: str
    parameter: str | None = Field(default=None, description="The query parameter, where it is one.")


class Problem(BaseModel):
    """What went wrong, as RFC 9457 has it."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str = Field(description="To be found in the hotline's log.")
    errors: list[Fault] | None = Field(default=None, description="Each place that is wrong, for 422.")
