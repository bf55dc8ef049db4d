"""Joins what is remembered: the database, the journal and what is read in both, and begins where they end."""

import asyncio
import os
from collections.abc import Callable

import structlog
from uuid6 import uuid7

from callcenter.domain.errors import UnavailableError
from callcenter.home import Home
from callcenter.journal_memory import OPEN_VARIABLE, handed_over
from callcenter.office.ports import Clock
from callcenter.office.recovery import Recovery
from callcenter.office.switchboard import Switchboard
from callcenter.roster import Roster
from callcenter.settings import Settings
from callcenter.storage.alarms import Alarms
from callcenter.storage.calls import Calls
from callcenter.storage.handover import Handover
from callcenter.storage.journal import Journal
from callcenter.storage.migrate import migrate
from callcenter.storage.recalls import Recalls
from callcenter.storage.recordings import Recordings
from callcenter.storage.seats import Seats
from callcenter.storage.store import Store
from callcenter.storage.tickets import Tickets
from callcenter.storage.told import Told
from callcenter.storage.units import Units
from callcenter.storage.write_ahead import WriteAhead

log = structlog.get_logger(__name__)

MIGRATE_RETRY_SECONDS = 5.0


class Remembering:
    """Everything that is remembered. A database that is away keeps nobody from being answered."""

    _database_is_away = False

    def __init__(self, settings: Settings, home: Home, roster: Roster) -> None:
        """Join the parts; nothing is opened or read yet."""
        self._database = settings.database
        self._roster = roster
        self.store = Store(settings.database)
        self._handover = Handover(handed_over(os.environ, OPEN_VARIABLE))
        ahead = WriteAhead(handed_over(os.environ), handover=self._handover)
        self.journal = Journal(settings.database, home.spool, ahead=ahead)
        self.calls = Calls(self.store, self.journal, area_code=settings.area_code)
        self.recalls = Recalls(self.store)
        self.tickets = Tickets(
            self.store, zone=settings.zone, new_id=lambda: str(uuid7()), area_code=settings.area_code
        )
        self.told = Told(self.store)
        self.recordings = Recordings(home.recordings, zone=settings.zone)
        self._alarms = Alarms(self.store)
        self._seats = Seats(self.store)
        self._units = Units(self.store)

    async def migrate(self) -> bool:
        """Bring the tables up to date; False where the database is away, to be tried again.

        Raises:
            RefusedError: a newer version of the program has made the tables.

        """
        try:
            await migrate(self._database)
            await self._units.take_over(self._roster.units)
        except UnavailableError as error:
            if not self._database_is_away:  # once for each absence: it is tried again every few seconds
                log.error("the database is away; the journal goes to the spool meanwhile", why=str(error))
            self._database_is_away = True
            return False
        self._database_is_away = False
        return True

    async def migrate_later(self) -> None:
        """Try again and again, until the database is back."""
        while not await self.migrate():  # noqa: ASYNC110  # tried again, not looked at
            await asyncio.sleep(MIGRATE_RETRY_SECONDS)

    def is_complete(self) -> bool:
        """Tell whether the database has all that controllers before this one were told."""
        return not self.journal.spooled

    def recovery(self, switchboard: Switchboard, *, look_again: Callable[[], None], clock: Clock) -> Recovery:
        """Make what finds out how it was before; `look_again` has Asterisk's record read anew."""
        return Recovery(
            switchboard,
            self.calls,
            self._seats,
            alarms=self._alarms,
            recalls=self.recalls,
            handover=self._handover,
            is_complete=self.is_complete,
            latest_seq=lambda: self.journal.latest_seq,
            look_again=look_again,
            clock=clock,
        )

    async def close(self) -> None:
        """Let go of the journal and the database."""
        await self.journal.close()
        await self.store.close()
