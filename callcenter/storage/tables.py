"""Every table of the store. A row never leaves `storage`; the values of `domain` do.

States and kinds are text, not database enums: the states of the ticket office follow without a change of schema.
`migrations/` makes exactly these tables; a test compares the two on both databases.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, MetaData, Text, TypeDecorator, text
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Moment(TypeDecorator[datetime]):
    """An aware time, kept as whole microseconds of UTC since 1970: exact, ordered and alike on both databases."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Count the microseconds."""
        del dialect
        return None if value is None else microseconds(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Give the time back in UTC."""
        del dialect
        return None if value is None else from_microseconds(int(value))


def microseconds(value: datetime) -> int:
    """Whole microseconds since 1970 in UTC."""
    since = value - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds  # to divide the whole takes longer


def from_microseconds(value: int) -> datetime:
    """The aware UTC time of so many microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=value)


class Row(DeclarativeBase):
    """What all tables share: text without limits, times as `Moment`, constraints with lasting names."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {str: Text, datetime: Moment}  # noqa: RUF012  # SQLAlchemy reads it as it stands


class JournalRow(Row):
    """One entry of the journal, the source of truth for calls and seats. Only ever added."""

    __tablename__ = "journal"
    __table_args__ = (Index(None, "call_id", "seq"), Index(None, "kind", "seq"), Index(None, "kind", "time"))

    # plain INTEGER on SQLite makes it the row's own number, so that adding stays at the end of the file
    seq: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False
    )
    time: Mapped[datetime]
    call_id: Mapped[str | None]
    kind: Mapped[str]
    data: Mapped[str]
    """JSON text, to the letter as it was hashed."""
    recovered: Mapped[bool]
    previous: Mapped[str]
    """Hash of the entry before; empty for the first."""
    hash: Mapped[str]


class CallRow(Row):
    """A call as its facts add up; a projection of the journal."""

    __tablename__ = "calls"
    __table_args__ = (
        Index(None, "t0", "id"),
        Index(None, "caller", "t0"),
        Index(None, "seat", "t0"),
        Index(None, "notes_state", "t0"),
        Index("ix_calls_live", "t0", sqlite_where=text("t5 IS NULL"), postgresql_where=text("t5 IS NULL")),
        Index(
            "ix_calls_ticket_due",
            "t0",
            sqlite_where=text("t4 IS NOT NULL AND ticket_id IS NULL"),
            postgresql_where=text("t4 IS NOT NULL AND ticket_id IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    caller: Mapped[str | None]
    direction: Mapped[str] = mapped_column(server_default="inbound")
    state: Mapped[str]
    outcome: Mapped[str | None]
    queue: Mapped[str | None]
    seat: Mapped[str | None]
    t0: Mapped[datetime]
    t1: Mapped[datetime | None]
    t2: Mapped[datetime | None]
    t3: Mapped[datetime | None]
    t4: Mapped[datetime | None]
    t5: Mapped[datetime | None]
    held: Mapped[bool]
    ticket_id: Mapped[str | None]
    digits: Mapped[str]
    """JSON: `[[node, digits], …]`."""
    recovered: Mapped[bool]
    last_at: Mapped[datetime]
    recording_path: Mapped[str | None]
    notes_state: Mapped[str | None]
    gaps: Mapped[str] = mapped_column(server_default="[]")
    """JSON: what was not noted live, `[{side, leg_id, start, end}, …]`."""
    secrets: Mapped[str] = mapped_column(server_default="[]")
    """JSON: stretches of which nothing is kept, `[[began, ended|null], …]` in microseconds."""
    grade_asked: Mapped[datetime | None]
    grade: Mapped[int | None]


class LegRow(Row):
    """A leg of a call; a projection of the journal."""

    __tablename__ = "legs"
    __table_args__ = (Index(None, "party", "started"),)

    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """From 0, in the order in which the legs came."""
    id: Mapped[str]
    kind: Mapped[str]
    party: Mapped[str | None]
    number: Mapped[str | None]
    state: Mapped[str]
    outcome: Mapped[str | None]
    started: Mapped[datetime]
    answered: Mapped[datetime | None]
    joined: Mapped[datetime | None]
    ended: Mapped[datetime | None]


class UtteranceRow(Row):
    """The final text of what was said; a projection of the journal."""

    __tablename__ = "utterances"

    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    side: Mapped[str]
    leg_id: Mapped[str]
    start: Mapped[float]
    """Seconds on the recording's clock."""
    end: Mapped[float]
    text: Mapped[str]
    heard: Mapped[str | None]
    confidence: Mapped[float | None]
    live: Mapped[bool]
    position: Mapped[int] = mapped_column(BigInteger)
    """Number of the entry that told it last; of two with the same times the lower one stands first."""


class RecordingRow(Row):
    """What is known of the sound of a call; a projection of the journal."""

    __tablename__ = "recordings"
    __table_args__ = (Index(None, "state"),)

    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True)
    state: Mapped[str]
    started: Mapped[datetime | None]
    seconds: Mapped[float | None]


class CallerRow(Row):
    """A number that has called; a projection of the journal."""

    __tablename__ = "callers"

    number: Mapped[str] = mapped_column(primary_key=True)
    first_call: Mapped[datetime]
    last_call: Mapped[datetime]


class SeatRow(Row):
    """A seat as it was last seen; a projection of the journal."""

    __tablename__ = "seats"

    extension: Mapped[str] = mapped_column(primary_key=True)
    operator: Mapped[str]
    state: Mapped[str]
    reason: Mapped[str | None]
    since: Mapped[datetime]
    call_id: Mapped[str | None]
    phone: Mapped[str]
    missed: Mapped[int]
    idle_since: Mapped[datetime]


class RecallRow(Row):
    """An obligation to call a number back; a projection of the journal."""

    __tablename__ = "recalls"
    __table_args__ = (
        Index(None, "opened", "id"),
        Index(None, "caller", "opened"),
        Index(
            "ix_recalls_open", "opened", sqlite_where=text("closed IS NULL"), postgresql_where=text("closed IS NULL")
        ),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    caller: Mapped[str | None]
    opened: Mapped[datetime]
    closed: Mapped[datetime | None]
    data: Mapped[str]
    """JSON: the whole of it, as in its newest entry of the journal."""


class UnitRow(Row):
    """A unit of the site's roster. One that leaves the roster stays here, since old tickets name it."""

    __tablename__ = "units"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    number: Mapped[str]
    parent: Mapped[str | None]
    active: Mapped[bool]


class TicketRow(Row):
    """A ticket as it is now; `ticket_trace` tells how it came to be so."""

    __tablename__ = "tickets"
    __table_args__ = (
        Index(None, "created", "id"),
        Index(None, "state", "created"),
        Index(None, "unit", "created"),
        Index(None, "caller_phone", "created"),
        Index(None, "due"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    version: Mapped[int]
    state: Mapped[str]
    kind: Mapped[str | None]
    category: Mapped[str | None]
    urgency: Mapped[str]
    caller_name: Mapped[str | None]
    caller_phone: Mapped[str | None]
    address: Mapped[str | None]
    matter: Mapped[str | None]
    wanted: Mapped[str | None]
    confidential: Mapped[bool]
    notes: Mapped[str | None]
    notes_edited: Mapped[bool] = mapped_column(server_default=text("false"))
    """A person has written the notes; else they are what was heard, for as long as the ticket is a draft."""
    unit: Mapped[str | None]
    due: Mapped[datetime | None]
    created: Mapped[datetime]
    filed: Mapped[datetime | None]


class TicketCallRow(Row):
    """Which calls a ticket comes from. Several tickets may come from one call, several calls may belong to one ticket.

    Not a foreign key to `calls`: that table may be written a moment later, and is emptied when it is rebuilt.
    """

    __tablename__ = "ticket_calls"
    __table_args__ = (
        Index(None, "call_id"),
        Index(
            "uq_ticket_calls_drafted",
            "call_id",
            unique=True,
            sqlite_where=text("drafted"),
            postgresql_where=text("drafted"),
        ),
    )

    ticket_id: Mapped[str] = mapped_column(ForeignKey("tickets.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    call_id: Mapped[str]
    drafted: Mapped[bool]
    """The ticket that was drafted from this call by itself; at most one for each call."""


class TicketTraceRow(Row):
    """One step of a ticket's life, chained to the one before by its hash. Only ever added."""

    __tablename__ = "ticket_trace"

    ticket_id: Mapped[str] = mapped_column(ForeignKey("tickets.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    time: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str]
    note: Mapped[str | None]
    hash: Mapped[str]


class TicketDayRow(Row):
    """How many ticket numbers a day of the hotline has given out."""

    __tablename__ = "ticket_days"

    day: Mapped[str] = mapped_column(primary_key=True)
    """Local date of the hotline, 8 digits."""
    given: Mapped[int]


class OutboxRow(Row):
    """An event that is still to be told outside. Gone when every reader has told it."""

    __tablename__ = "outbox"
    __table_args__ = (Index(None, "node", "time"),)

    node: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    stream: Mapped[str]
    seq: Mapped[int] = mapped_column(BigInteger)
    time: Mapped[datetime]
    type: Mapped[str]
    data: Mapped[str]
    """JSON: the whole of it, personal fields included."""


class OutboxReaderRow(Row):
    """How far one receiver has come in the outbox of its node."""

    __tablename__ = "outbox_readers"

    node: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    told: Mapped[int] = mapped_column(BigInteger)
    """Position of the last event that it has taken."""
    handed: Mapped[int] = mapped_column(BigInteger)
    """Position up to which events may have been handed to it."""


class DeadLetterRow(Row):
    """An event that a webhook's receiver did not take, kept until somebody has it sent again."""

    __tablename__ = "dead_letters"

    node: Mapped[str] = mapped_column(primary_key=True)
    receiver: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    stream: Mapped[str]
    seq: Mapped[int] = mapped_column(BigInteger)
    time: Mapped[datetime]
    type: Mapped[str]
    data: Mapped[str]
    attempts: Mapped[int]
    reason: Mapped[str]
    died: Mapped[datetime]


class FiguresShownRow(Row):
    """The figures of a day as they were shown at one moment. Only ever added."""

    __tablename__ = "figures_shown"

    day: Mapped[str] = mapped_column(primary_key=True)
    """Local date of the hotline, YYYY-MM-DD."""
    queue: Mapped[str] = mapped_column(primary_key=True)
    """Empty: all queues."""
    seat: Mapped[str] = mapped_column(primary_key=True)
    """Empty: all seats."""
    shown_at: Mapped[datetime] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger)
    """The journal's newest entry at that moment."""
    provisional: Mapped[bool]
    values: Mapped[str]
    """JSON: `{number: [numerator, denominator], …}`, counts and milliseconds."""
