"""What a controller that was away reads in Asterisk's own record, less what the journal knows already."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from callcenter.asterisk.record import (
    Line,
    Meanwhile,
    arrivals,
    callers,
    lines_of,
    lines_since,
    read_text,
    recalls,
    seats_calling_back,
    told,
)
from callcenter.domain.calls import LegKind
from callcenter.domain.errors import UnavailableError
from callcenter.domain.exchange import Exchange
from callcenter.domain.ids import CallId
from callcenter.domain.telephony import RecordRead, TelephonyEvent
from callcenter.storage.calls import Calls

log = structlog.get_logger(__name__)

LONGEST = timedelta(hours=24)  # no call and no absence that anybody still asks about is longer
MARGIN = timedelta(seconds=2)  # a call's first lines are a little older than its first fact
LIMIT_SECONDS = 2.0  # the picture is rebuilt within three seconds: what takes longer to read is told after it
NEWEST = 200  # lines among which the last one before our look is; some may be newer
RETRY_SECONDS = 1.0
BETWEEN_SECONDS = 0.02  # between two calls that are told afterwards: each is some milliseconds of work
UNREADABLE_SECONDS = 60.0  # a file that cannot be read for so long tells nothing: its calls are closed without it


class Absence:
    """Looks into the record whenever Asterisk is heard again; `tell` takes what is read only after that."""

    def __init__(
        self,
        exchange: Exchange,
        calls: Calls,
        *,
        record: Path,
        incoming: Path,
        tell: Callable[[TelephonyEvent], None],
        is_complete: Callable[[], bool] = lambda: True,
        limit_seconds: float = LIMIT_SECONDS,
    ) -> None:
        """`is_complete`: the database has all that was told before us; until then it cannot say who was never known."""
        self._exchange = exchange
        self._calls = calls
        self._record = record
        self._incoming = incoming
        self._tell = tell
        self._is_complete = is_complete
        self._limit_seconds = limit_seconds
        self._until: datetime | None = None
        self._here: frozenset[CallId] = frozenset()
        self._asked = asyncio.Event()
        self._waits: asyncio.Future[Meanwhile] | None = None

    async def __call__(self, until: datetime, here: Collection[CallId]) -> Meanwhile:
        """Give what was written until then of calls and attempts that go on for us, and of calls that are here now.

        Where that takes too long it is said to be unread, and told by RecordRead as soon as it could be read. So is in
        any case who came and went: whether the journal has him must be asked first.
        """
        self._here = frozenset(here)
        self._until = until
        waits: asyncio.Future[Meanwhile] = asyncio.get_running_loop().create_future()
        self._waits = waits
        self._asked.set()
        try:
            async with asyncio.timeout(self._limit_seconds):
                return await waits
        except TimeoutError:
            log.warning("Asterisk's record of calls is read after the picture was rebuilt")
            return Meanwhile(unread=True)
        finally:
            self._waits = None

    def look_again(self) -> None:
        """Read anew what was last read: calls have become known of which it may tell. Told by RecordRead."""
        if self._until is not None:
            self._asked.set()

    async def run(self) -> None:
        """Read whatever is asked for, until cancelled; a later asking takes the place of the one before."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            assert self._until is not None
            await self._read_until(self._until)

    async def _read_until(self, until: datetime) -> None:
        """Read until it could be read, or is asked for anew. Who came and went meanwhile is told last, one by one."""
        text = await self._text()
        if text is None:
            return
        arrived = await asyncio.to_thread(arrivals, text, since=until - LONGEST)
        begun = [*arrived, *await asyncio.to_thread(recalls, text, since=until - LONGEST)]
        known = {call.id: call.t0 for call in self._exchange.without_end}
        known |= {attempt.call_id: attempt.asked for attempt in self._exchange.attempts}
        others = {CallId(line.call_id): line.at for line in arrived if line.at <= until and line.call_id not in known}
        wanted = known | {call_id: at for call_id, at in others.items() if call_id in self._here}
        events = await self._found(text, begun, wanted, until=until)
        last_written = max((line.at for line in lines_of(text[-NEWEST:]) if line.at <= until), default=None)
        await self._hand_over(events, last_written, until)
        gone = {call_id: at for call_id, at in others.items() if call_id not in self._here}
        strangers = await self._strangers(gone)
        await self._tell_one_by_one(await self._found(text, arrived, strangers, until=until), until)

    async def _text(self) -> Sequence[str] | None:
        """Give the record's text; None where it is asked for anew meanwhile."""
        loop = asyncio.get_running_loop()
        end = loop.time() + UNREADABLE_SECONDS
        said = False
        while not self._asked.is_set():
            try:
                return await asyncio.to_thread(read_text, self._record)
            except OSError as error:
                if not said:
                    log.error("Asterisk's record of calls cannot be read", why=type(error).__name__)
                    said = True
                if loop.time() > end:
                    log.error("calls that ended in our absence are closed without Asterisk's record")
                    return []
                await asyncio.sleep(RETRY_SECONDS)
        return None

    async def _found(
        self,
        text: Sequence[str],
        begun: Sequence[Line],
        wanted: Mapping[CallId, datetime],
        *,
        until: datetime,
    ) -> list[TelephonyEvent]:
        """Give what the record tells of these calls, each with when it began."""
        begin = min(wanted.values(), default=until) - MARGIN
        lines = [line for line in await asyncio.to_thread(lines_since, text, begin) if line.at <= until]
        live = [call for call in self._exchange.without_end if call.id in wanted]
        legs = {leg.id: call.id for call in live for leg in call.legs if leg.kind is not LegKind.CALLER}
        calling_back = {leg: call_id for leg, call_id in seats_calling_back(begun).items() if call_id in wanted}
        return await asyncio.to_thread(
            told,
            lines,
            {uniqueid: call_id for uniqueid, call_id in callers(begun).items() if call_id in wanted},
            legs | calling_back,
            incoming=self._incoming,
        )

    async def _strangers(self, arrived: Mapping[CallId, datetime]) -> Mapping[CallId, datetime]:
        """Leave out what the journal has; it is asked until it answers, since none may be there twice."""
        said = False
        while not self._asked.is_set():
            try:
                known = await self._known(arrived.keys())
            except UnavailableError as error:
                if not said:
                    log.warning("who called meanwhile is told when the journal can be asked", why=str(error))
                    said = True
                await asyncio.sleep(RETRY_SECONDS)
            else:
                return {call_id: at for call_id, at in arrived.items() if call_id not in known}
        return {}

    async def _known(self, call_ids: Collection[CallId]) -> set[str]:
        """Ask the journal which of these it has. Raises UnavailableError where it cannot tell of each of them."""
        if call_ids and not self._is_complete():
            raise UnavailableError("what was told before us still waits in the spool")
        return await self._calls.known(call_ids)

    async def _hand_over(
        self, events: Sequence[TelephonyEvent], last_written: datetime | None, until: datetime
    ) -> None:
        """Give it to whoever rebuilds the picture; where that could not wait it is told beside it."""
        if self._waits is not None and not self._waits.done():
            self._waits.set_result(Meanwhile(events=tuple(events), last_written=last_written))
            return
        if await self._tell_one_by_one(events, until):
            self._tell(RecordRead(at=until, last_written=last_written))

    async def _tell_one_by_one(self, events: Sequence[TelephonyEvent], until: datetime) -> bool:
        """Tell call after call, so that those on the line need not wait; False where the record is asked for anew."""
        of_call: dict[CallId, list[TelephonyEvent]] = {}
        for event in events:
            if (call_id := _call_of(event)) is not None:
                of_call.setdefault(call_id, []).append(event)
        for call_id, of_this in of_call.items():
            await asyncio.sleep(BETWEEN_SECONDS)
            if self._asked.is_set():
                return False
            self._tell(RecordRead(at=until, call_id=call_id, meanwhile=tuple(of_this)))
        return True


def _call_of(event: TelephonyEvent) -> CallId | None:
    return getattr(event, "call_id", None)
