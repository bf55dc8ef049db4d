"""What the office needs of the world. Adapters fit by shape; `app` alone joins them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from callcenter.domain.alarms import Alarm
from callcenter.domain.calls import Call
from callcenter.domain.facts import Fact
from callcenter.domain.figures.records import Talk
from callcenter.domain.figures.shown import Shown
from callcenter.domain.ids import CallId, LegId, TicketId
from callcenter.domain.letters import DeadLetter, WebhookState
from callcenter.domain.notes import TapId, Words
from callcenter.domain.records import Entry, Numbered, Page, SoundSeen, Stretches
from callcenter.domain.seats import Seat
from callcenter.domain.tickets import Ticket
from callcenter.domain.wishes import Wish


class Clock(Protocol):
    """Time, from outside."""

    def now(self) -> datetime:
        """Aware UTC wall time."""
        ...

    def monotonic(self) -> float:
        """Seconds that never step."""
        ...

    def epoch(self) -> int:
        """Whole seconds as every program of this machine reads them now, stepped or not."""
        ...


class SteppedClock(Clock, Protocol):
    """A clock whose time goes on as before when the machine's is stepped."""

    @property
    def is_held(self) -> bool:
        """The machine's clock was stepped, and the time that is told goes on as before."""
        ...

    @property
    def ahead(self) -> timedelta:
        """How far the machine's clock is ahead of the time that is told; negative where it was set back."""
        ...

    def take_steps(self) -> list[float]:
        """Give the seconds of each step that was found since this was last asked; positive is forward."""
        ...

    def take_over(self) -> float:
        """Tell the machine's own time from now on; gives by how many seconds ours is set."""
        ...

    def keep(self) -> None:
        """Leave to the next process what it needs to tell the same time."""
        ...


class Telephone(Protocol):
    """Carries wishes out. Outcomes come back as telephony events."""

    def carry_out(self, wish: Wish) -> None:
        """Send the wish on its way, in order; never waits."""
        ...

    def beat(self, epoch: int) -> None:
        """Tell the dialplan that the one who decides is alive."""
        ...

    def look_again(self) -> None:
        """Tell anew what exists (LinkLost, then LinkRestored), because what was told so far was not taken in."""
        ...


class Journal(Protocol):
    """Takes the facts; the source of truth for calls."""

    def append(self, fact: Fact, call: Call | None) -> Entry:
        """Number the fact and hand it to the writer; never waits for the database, never raises.

        `call` is the whole call after this fact (None for facts of no call), for the projections.
        """
        ...


class Calls(Protocol):
    """Calls as the journal tells them, ended ones too."""

    async def get(self, call_id: str) -> Call | None:
        """One call."""
        ...

    async def find(
        self,
        *,
        caller: str | None,
        seat: str | None,
        begun_from: datetime | None,
        begun_to: datetime | None,
        live: bool | None,
        limit: int,
        cursor: str | None,
    ) -> "Page[Call]":
        """Calls newest first; `begun_from` ≤ t0 < `begun_to`."""
        ...

    async def journal(self, call_id: str) -> Sequence[Entry]:
        """The entries of one call, oldest first."""
        ...

    async def unfinished(self) -> Sequence[Sequence[Fact]]:
        """The facts of each call that has no end yet, oldest first: for recovery."""
        ...

    async def without_ticket(self) -> Sequence[Call]:
        """Answered calls from which no ticket was drafted."""
        ...

    async def several(self, call_ids: Collection[str]) -> Mapping[str, Call]:
        """Those of these calls that there are."""
        ...

    async def notes_wanted(self) -> Sequence[Call]:
        """Ended calls whose notes are `NotesState.LATER`, oldest first."""
        ...

    async def notes_interrupted(self) -> Sequence[Call]:
        """Ended calls whose words are still said to be noted live."""
        ...

    async def unsettled_recordings(self) -> Sequence[Call]:
        """Ended calls whose recording is neither kept nor known to be missing."""
        ...


class Told(Protocol):
    """The journal's facts of a period, for the figures; `until`: only entries up to this number."""

    async def latest(self) -> int:
        """Number of the newest entry; 0 where there is none."""
        ...

    async def of_calls(self, *, begins: datetime, ends: datetime, until: int | None = None) -> Sequence[Numbered]:
        """What happened to the calls that arrived in [begins, ends), and to their tickets, whenever it did."""
        ...

    async def of_seats(self, *, begins: datetime, ends: datetime, until: int | None = None) -> Sequence[Numbered]:
        """Each seat's state at the beginning, and every change after it."""
        ...

    async def of_recalls(self, *, begins: datetime, until: int | None = None) -> Sequence[Numbered]:
        """Every change of obligations to call back since this moment."""
        ...

    async def of_tickets_due(self, *, until: int | None = None) -> Sequence[Numbered]:
        """How tickets stood that had a due time, from the journal's first entry on."""
        ...

    async def talks(
        self, *, begins: datetime, ends: datetime, like: tuple[datetime, datetime] | None, until: int | None = None
    ) -> tuple[Sequence[Talk], Sequence[Numbered]]:
        """The answered calls that arrived in [begins, ends), and how their tickets stood.

        `like`: only those of callers who also called in this stretch of time.
        """
        ...


class ShownFigures(Protocol):
    """The figures of past days as they were shown."""

    async def keep(self, shown: Shown) -> None:
        """Keep what was shown of a day."""
        ...


class Seats(Protocol):
    """Seats as they were last seen."""

    async def last_seen(self, until: int | None = None) -> Sequence[Seat]:
        """Every seat's newest state in the journal, or as of this entry of it."""
        ...


class Alarms(Protocol):
    """Alarms as the journal tells them."""

    async def standing(self) -> Sequence[Alarm]:
        """Every alarm that was raised and not cleared."""
        ...


class Tickets(Protocol):
    """Tickets with optimistic versions and a hash-chained trace. `actor` is who did it."""

    async def draft_from_calls(self, calls: Sequence[Call], *, at: datetime) -> Sequence[Ticket]:
        """Draft a ticket from each of these answered calls; the same call always gives the same ticket."""
        ...

    async def create(self, fields: Mapping[str, Any], *, at: datetime, actor: str) -> Ticket:
        """Draft a ticket without a call."""
        ...

    async def get(self, ticket_id: str) -> Ticket | None:
        """One ticket."""
        ...

    async def by_number(self, number: str) -> Ticket | None:
        """One ticket by the number people use."""
        ...

    async def find(
        self,
        *,
        state: str | None,
        kind: str | None,
        unit: str | None,
        caller: str | None,
        text: str | None,
        limit: int,
        cursor: str | None,
    ) -> "Page[Ticket]":
        """Tickets newest first."""
        ...

    async def edit(
        self, ticket_id: TicketId, changes: Mapping[str, Any], *, version: int, at: datetime, actor: str
    ) -> Ticket:
        """Change fields of a draft. Raises NotFoundError, RefusedError, InvalidInputError, ConflictError (stale)."""
        ...

    async def file(self, ticket_id: TicketId, *, at: datetime, actor: str, heard: str | None = None) -> Ticket:
        """File a completed draft; `heard` are its notes from now on where nobody has written any.

        Raises NotFoundError, RefusedError, InvalidInputError.
        """
        ...


class Recordings(Protocol):
    """The sound files of calls."""

    async def look(self, call_ids: Collection[CallId]) -> Mapping[CallId, SoundSeen]:
        """Look at the files that Asterisk writes for these calls. Raises OSError."""
        ...

    async def incoming(self) -> Sequence[CallId]:
        """Give the calls of which the telephone system's own file is still there, running or ended. Raises OSError."""
        ...

    async def keep(self, ended: Mapping[CallId, Stretches]) -> Mapping[CallId, float | OSError | None]:
        """Make the lasting WAVs of ended calls; the seconds of each, None where there is no sound, or what went wrong.

        With each call stand the stretches of it that were not recorded; its file says so.
        """
        ...

    async def path(self, call_id: CallId) -> Path | None:
        """Where the lasting WAV of this call is, or None."""
        ...

    async def free_bytes(self) -> int:
        """Free space where recordings are kept. Raises OSError."""
        ...

    async def expire(self, older_than_days: int) -> int:
        """Delete recordings older than this; how many. Raises OSError."""
        ...


class Taps(Protocol):
    """One leg's voice, sent by the telephone system to whoever hears it."""

    on_ended: Callable[[TapId], None]
    """Is told when the telephone system has ended a tap, or never begun it."""

    def begin(self, tap_id: TapId, leg_id: LegId, port: int) -> None:
        """Send this leg's voice to this port of this machine. Raises UnavailableError."""
        ...

    def end(self, tap_id: TapId) -> None:
        """End a tap; none of that name is no error."""
        ...


class Hearing(Protocol):
    """Those who turn voices into words. What they hear is told to the NoteTaker."""

    @property
    def room(self) -> int:
        """How many more voices can be heard now."""
        ...

    def place(self, tap_id: TapId, call_id: CallId) -> bool:
        """Make ready to hear this tap; False where there is no room now."""
        ...

    def forget(self, tap_id: TapId) -> None:
        """Hear no more of this tap; what it has heard is still told."""
        ...

    async def transcribe(self, recording: Path, *, channel: int, begins: float, ends: float) -> Sequence[Words]:
        """Hear a stretch of a recording, channel 0 left or 1 right; moments are its seconds after the epoch.

        Raises:
            UnavailableError: there is no room now, or it broke off.

        """
        ...


class Line(Protocol):
    """A caller whose flow is over."""

    async def leave(self) -> None:
        """Send him on to wait for a person."""
        ...

    async def hang_up(self) -> None:
        """End his call."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowEnd:
    """How a flow ended for one caller."""

    line: Line
    completed: bool
    """It came to its own end: the caller is to be hung up. Else he asked for a person."""
    failed: bool = False
    """It broke off; the caller goes to a person instead."""


class Flows(Protocol):
    """The menus callers go through."""

    async def run(self, call_id: CallId, caller: str | None, note_digits: Callable[[str, str], None]) -> FlowEnd:
        """Run the flow in force for this caller; `note_digits` takes node and keys. Raises CallerGone."""
        ...

    async def reload(self) -> Sequence[str]:
        """Read the flow files again, without touching calls in progress; each mistake in one line."""
        ...


class Webhooks(Protocol):
    """Receivers outside that are told what happens. All raise UnavailableError."""

    async def all(self) -> Sequence[WebhookState]:
        """Every webhook and how it fares."""
        ...

    async def dead_letters(self, webhook_id: str, *, limit: int, cursor: str | None) -> "Page[DeadLetter]":
        """What one of them did not take, the newest dead first. Raises NotFoundError, InvalidInputError."""
        ...

    async def retry(self, webhook_id: str, letter_id: str | None) -> int:
        """Have all its dead letters sent once more, or one; how many. Raises NotFoundError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentHealth:
    """One part of the hotline and how it is."""

    status: str
    """`ok`, `degraded`, `down` or `off`."""
    detail: str
