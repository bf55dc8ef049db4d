"""What a controller that was away reads in Asterisk's own record, less what the journal knows already."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from callcenter.asterisk.record import Meanwhile, callers, read_lines, told
from callcenter.domain.calls import LegKind
from callcenter.domain.errors import UnavailableError
from callcenter.domain.exchange import Exchange
from callcenter.domain.ids import CallId
from callcenter.storage.calls import Calls

log = structlog.get_logger(__name__)

LONGEST = timedelta(hours=24)  # no call and no absence that anybody still asks about is longer
LIMIT_SECONDS = 2.0  # the picture is rebuilt within three; who was there meanwhile may also be read at the next start


class Absence:
    """Looks into the record whenever Asterisk is heard again."""

    def __init__(self, exchange: Exchange, calls: Calls, *, record: Path, incoming: Path) -> None:
        self._exchange = exchange
        self._calls = calls
        self._record = record
        self._incoming = incoming

    async def __call__(self, until: datetime) -> Meanwhile:
        """Give what was written until then of calls that are live for us, or that the journal does not have at all.

        A record that cannot be read, or not in time, tells nothing: the calls that exist are told by Asterisk's lists.
        """
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                return await self._read(until)
        except (OSError, TimeoutError) as error:
            log.error("Asterisk's record of calls cannot be read", why=type(error).__name__)
            return Meanwhile()

    async def _read(self, until: datetime) -> Meanwhile:
        lines = [
            line
            for line in await asyncio.to_thread(read_lines, self._record, since=until - LONGEST)
            if line.at <= until
        ]
        live = {call.id: call for call in self._exchange.calls}
        arrived = callers(lines)
        strangers = {call_id for call_id in arrived.values() if call_id not in live}
        wanted = {**dict.fromkeys(live), **dict.fromkeys(await self._unknown(strangers))}
        events = await asyncio.to_thread(
            told,
            lines,
            {uniqueid: call_id for uniqueid, call_id in arrived.items() if call_id in wanted},
            {leg.id: call.id for call in live.values() for leg in call.legs if leg.kind is not LegKind.CALLER},
            incoming=self._incoming,
        )
        return Meanwhile(events=tuple(events), last_written=max((line.at for line in lines), default=None))

    async def _unknown(self, strangers: set[CallId]) -> set[CallId]:
        """Leave out what the journal has. Where it cannot be asked, none is taken in, since none may be there twice."""
        try:
            return strangers - {CallId(known) for known in await self._calls.known(strangers)}
        except UnavailableError as error:
            log.error("who called meanwhile is read at the next start: the journal cannot be asked", why=str(error))
            return set()
