"""The controller: joins every part by hand and runs them together. Nothing else knows which part is which."""

import asyncio
import gc
import os
import signal
import sys
import uuid
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog
from uuid6 import uuid7

from callcenter import VERSION
from callcenter.absence import Absence
from callcenter.api.server import make_server
from callcenter.asterisk.channels import ChannelTable
from callcenter.asterisk.link import AmiLink
from callcenter.asterisk.taps import Taps
from callcenter.asterisk.telephone import Telephone
from callcenter.asyncapi import asyncapi_text
from callcenter.clock import SystemClock
from callcenter.domain.errors import CallcenterError, RefusedError, UnavailableError
from callcenter.domain.exchange import Exchange, Moment, Policy
from callcenter.domain.seats import Seat
from callcenter.events.address import BrokerAddress
from callcenter.events.mosquitto import own_address
from callcenter.health import DiskUse, Health
from callcenter.home import Home, Secrets, forget_pid, write_pid
from callcenter.ivr.flows import FlowShelf
from callcenter.journal_memory import handed_over
from callcenter.log import LogWriter, Steps
from callcenter.menus import Menus
from callcenter.noting import Noting
from callcenter.office.clock_watch import ClockWatch
from callcenter.office.desk import Desk
from callcenter.office.flows import FlowRunner
from callcenter.office.log_watch import LogWatch
from callcenter.office.recalls import RecallOffice
from callcenter.office.recordings import RecordingKeeper
from callcenter.office.recovery import recover
from callcenter.office.stream import Stream
from callcenter.office.switchboard import FrozenError, Switchboard
from callcenter.office.tickets import TicketOffice
from callcenter.outside import Kept, outside_of
from callcenter.recalling import recall_rules
from callcenter.reckoning import reckoner_of
from callcenter.roster import Roster, load_roster
from callcenter.settings import Settings
from callcenter.speech.prompts import Prompts
from callcenter.speech.voice import Voice
from callcenter.storage.alarms import Alarms
from callcenter.storage.calls import Calls
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
from callcenter.watching import Watching
from callcenter.webhook_list import load_webhooks

log = structlog.get_logger(__name__)

FROZEN_EXIT = 75  # EX_TEMPFAIL: start me again
MIGRATE_RETRY_SECONDS = 5.0
PARENT_LOOK_SECONDS = 1.0
FLUSH_SECONDS = 3.0  # what the database has not taken by then goes to the spool
MB = 2**20


def main(settings: Settings, writer: LogWriter) -> int:
    """Run one controller until SIGTERM; its exit code. `writer` is what its log is written by."""
    home = Home(settings.home)
    write_pid(home.controller_pid, os.getpid())
    try:
        asyncio.run(Controller(settings, home, writer).run())
    except* FrozenError as frozen:
        log.error("the controller was frozen and ends, to begin anew", why=str(frozen.exceptions[0]))
        code = FROZEN_EXIT
    except* RefusedError as refused:
        why = str(refused.exceptions[0])
        log.error("the controller cannot run as things are", why=why)
        print(f"callcenter: {why}", file=sys.stderr)  # noqa: T201 - the one who starts it has to act
        code = os.EX_CONFIG
    except* CallcenterError as failed:
        log.error("the controller cannot run", why="; ".join(str(error) for error in failed.exceptions))
        code = 1
    else:
        code = 0
    finally:
        forget_pid(home.controller_pid)
    return code


class Controller:
    """All parts of one controller, made in the order in which they need each other."""

    _database_is_away = False

    def __init__(self, settings: Settings, home: Home, writer: LogWriter) -> None:
        self._settings = settings
        self._clock = clock = SystemClock()
        self._roster = roster = load_roster(settings.agents_folder)
        secrets = home.secrets(seat.extension for seat in roster.seats)

        # What is remembered
        self._store = Store(settings.database)
        self._journal = Journal(settings.database, home.spool, ahead=WriteAhead(handed_over(os.environ)))
        self._calls = Calls(self._store, self._journal, area_code=settings.area_code)
        self._seats = Seats(self._store)
        self._recalls = Recalls(self._store)
        self._units = Units(self._store)
        tickets = Tickets(self._store, zone=settings.zone, new_id=_new_id, area_code=settings.area_code)
        recordings = Recordings(home.recordings, zone=settings.zone)

        # What decides
        self._exchange = Exchange(
            _policy(settings, roster),
            _seats_of(roster, clock.now()),
            new_id=lambda: str(uuid.uuid4()),
            now=self._moment(),
        )
        self._stream = Stream(_new_id(), held=settings.event_buffer)
        self._switchboard = Switchboard(self._exchange, journal=self._journal, stream=self._stream, clock=clock)
        self._log_watch = LogWatch(writer, self._switchboard)
        self._absence = Absence(
            self._exchange,
            self._calls,
            record=home.call_record,
            incoming=home.incoming,
            tell=lambda event: self._switchboard.tell(clock.corrected(event)),
        )

        # What speaks and hears
        self._prompts = Prompts(
            settings.prompt_folders,
            home.prompts,
            Voice(name=settings.voice, rate=settings.voice_rate),
        )
        link = _link(settings, secrets)
        table = ChannelTable()
        taps = Taps(link, table)
        self._telephone = Telephone(
            link,
            table,
            taps=taps,
            on_event=lambda event: self._switchboard.tell(clock.corrected(event)),
            say_files=self._prompts.say_files,
            now=clock.now,
            monotonic=clock.monotonic,
            record=self._absence,
        )
        self._telephone.set_arrival(settings.arrival)
        shelf = FlowShelf(
            settings.flows_folder, prepare=self._prompts.prepare, queues=[self._exchange.queues()[0].name]
        )
        self._menus = Menus(
            shelf,
            self._telephone,
            tickets,
            chosen=settings.flow,
            queue=self._exchange.queues()[0].name,
            file_of=self._prompts.file_of,
            clock=clock.now,
            zone=settings.zone,
            area_code=settings.area_code,
        )
        self._flows = FlowRunner(self._menus, self._switchboard)
        self._switchboard.telephone = self._telephone
        self._switchboard.start_flow = self._flows.start

        # What hears the words of a talk
        self._noting = noting = Noting(
            self._switchboard,
            self._stream,
            settings=settings,
            calls=self._calls,
            recordings=recordings,
            taps=taps,
            clock=clock,
        )

        # What is done with it
        self._reckoner = reckoner_of(
            self._switchboard,
            self._stream,
            database=settings.database,
            zone=settings.zone,
            clock=clock,
            latest_seq=lambda: self._journal.latest_seq,
            live=settings.live_figures,
        )
        self._tickets = TicketOffice(tickets, self._calls, self._switchboard, stream=self._stream, clock=clock)
        self._keeper = RecordingKeeper(
            recordings,
            self._calls,
            self._switchboard,
            clock=clock,
            minimum_free_bytes=settings.minimum_free_mb * MB,
            retention_days=settings.retention_days,
        )

        self._outside = outside_of(
            self._stream,
            self._switchboard,
            self._store,
            broker=_broker(settings, home),
            ca_file=settings.mqtt_ca_file,
            webhooks=load_webhooks(settings.webhooks_file),
            node=settings.node,
            kept=Kept(most=settings.outbox_most, longest=timedelta(hours=settings.outbox_hours)),
            now=clock.now,
        )

        async def disk() -> DiskUse:
            return DiskUse(used_bytes=await recordings.used_bytes(), free_bytes=await recordings.free_bytes())

        health = Health(
            link=link,
            switchboard=self._switchboard,
            database=self._journal.health,
            speech_fault=lambda: self._voice_fault or self._menus.fault,
            hearing=noting.use,
            disk=disk,
            events=self._outside.health,
        )
        self._watching = Watching(
            self._switchboard,
            self._stream,
            settings=settings,
            told=Told(self._store),
            health=health,
            free_bytes=recordings.free_bytes,
            journal=self._journal,
            link=link,
            waiting_outside=self._outside.waiting,
            pool=noting.pool,
            notes=noting.notes,
            late=noting.late,
            log_lines_lost=lambda: writer.lost,
            clock=clock,
            version=VERSION,
        )
        self._desk = Desk(
            self._switchboard,
            stream=self._stream,
            calls=self._calls,
            recordings=recordings,
            tickets=self._tickets,
            flows=self._menus,
            webhooks=self._outside.webhooks,
            figures=self._reckoner,
            recalls=RecallOffice(
                self._switchboard,
                self._recalls,
                lasting=self._journal.flush,
                clock=clock,
                new_id=lambda: str(uuid.uuid4()),
                area_code=settings.area_code,
            ),
            units=roster.units,
            dial_out=settings.dial_out,
            hotline=settings.hotline,
            zone=settings.zone,
            clock=clock,
            new_id=lambda: str(uuid.uuid4()),
            health=health,
        )
        self._token = secrets.api_token
        self._voice_fault: str | None = None

    async def run(self) -> None:
        """Run until told to stop. Raises FrozenError, or CallcenterError where it cannot begin."""
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopped.set)
        steps = Steps()
        try:
            migrated = await self._migrate()
            steps.done("tables")
            await self._journal.open()
            await self._recover()
            steps.done("recovered")
            await self._prepare_words()
            steps.done("prompts")
            _freeze_what_stays()
            steps.done("frozen")
            log.info("the controller begins", **steps.seconds)
            await self._serve(stopped, migrated=migrated)
        finally:
            await self._journal.close()
            await self._store.close()

    async def _serve(self, stopped: asyncio.Event, *, migrated: bool) -> None:
        server = make_server(
            self._desk,
            host=self._settings.http.host,
            port=self._settings.http.port,
            token=self._token,
            clock=self._clock,
            version=VERSION,
            most_watchers=self._settings.max_watchers,
            asyncapi=asyncapi_text(),
            metrics=self._watching.metrics.written,
        )
        parts: dict[str, Callable[[], Coroutine[None, None, None]]] = {
            "switchboard": self._switchboard.run,
            "clock": ClockWatch(self._clock, self._switchboard).run,
            "telephone": self._telephone.run,
            "absence": self._absence.run,
            "flows": self._flows.run,
            "tickets": self._tickets.run,
            "recordings": self._keeper.run,
            "figures": self._reckoner.run,
            "events": self._outside.run,
            "log": self._log_watch.run,
            "parent": partial(_watch_parent, stopped),
        }
        parts |= {**self._noting.parts, **self._watching.parts}
        if not migrated:
            parts["migrate"] = self._migrate_later
        async with server, asyncio.TaskGroup() as tasks:
            writing = tasks.create_task(self._journal.run(), name="journal")
            running = [tasks.create_task(part(), name=name) for name, part in parts.items()]
            await stopped.wait()
            for task in running:
                task.cancel()
            await self._journal.flush(within=FLUSH_SECONDS)
            writing.cancel()

    def _moment(self) -> Moment:
        return Moment(wall=self._clock.now(), mono=self._clock.monotonic())

    async def _migrate(self) -> bool:
        """Bring the tables up to date; a database that is away keeps nobody from being answered."""
        try:
            await migrate(self._settings.database)
            await self._units.take_over(self._roster.units)
        except UnavailableError as error:
            if not self._database_is_away:  # once for each absence: it is tried again every few seconds
                log.error("the database is away; the journal goes to the spool meanwhile", why=str(error))
            self._database_is_away = True
            return False
        self._database_is_away = False
        return True

    async def _migrate_later(self) -> None:
        while not await self._migrate():  # noqa: ASYNC110  # tried again, not looked at
            await asyncio.sleep(MIGRATE_RETRY_SECONDS)

    async def _prepare_words(self) -> None:
        """Have everything that callers may hear ready before the first of them."""
        try:
            await self._prompts.prepare_pieces()
        except UnavailableError as error:
            self._voice_fault = str(error)
            log.error("announcements cannot be spoken", why=str(error))
        for mistake in await self._menus.reload():
            log.error("a flow has a mistake", mistake=mistake)

    async def _recover(self) -> None:
        try:
            await recover(
                self._exchange,
                self._calls,
                self._seats,
                self._moment(),
                alarms=Alarms(self._store),
                recalls=self._recalls,
            )
        except UnavailableError as error:
            log.error("what was before cannot be read; calls in progress are taken in as they are", why=str(error))


def _policy(settings: Settings, roster: Roster) -> Policy:
    return Policy(
        area_code=settings.area_code,
        ring_seconds=settings.ring_seconds,
        no_ring_seconds=settings.no_ring_seconds,
        miss_limit=settings.miss_limit,
        wrap_up_seconds=settings.wrap_up_seconds,
        announce_first_seconds=settings.announce_first_seconds,
        announce_every_seconds=settings.announce_every_seconds,
        recalls=recall_rules(settings, roster),
    )


def _seats_of(roster: Roster, now: datetime) -> dict[str, Seat]:
    return {
        seat.extension: Seat(extension=seat.extension, operator=seat.operator, since=now, idle_since=now)
        for seat in roster.seats
    }


def _link(settings: Settings, secrets: Secrets) -> AmiLink:
    elsewhere = settings.asterisk_elsewhere
    if elsewhere is None:
        return AmiLink("127.0.0.1", settings.ami, "controller", secrets.ami_secret)
    assert settings.asterisk_secret is not None
    return AmiLink(elsewhere.host, elsewhere.port, settings.asterisk_user, settings.asterisk_secret.get_secret_value())


def _broker(settings: Settings, home: Home) -> BrokerAddress | None:
    if settings.mqtt_own_port is not None:
        return own_address(home.mosquitto, settings.mqtt_own_port)
    return settings.mqtt_broker


def _new_id() -> str:
    return str(uuid7())


def _freeze_what_stays() -> None:
    """Keep modules and parts out of the garbage collector's rounds: one of them would stop the loop for 100 ms."""
    gc.collect()
    gc.freeze()


async def _watch_parent(stopped: asyncio.Event) -> None:
    """End when whoever started us is gone: nobody would start us again, and the next run needs our ports."""
    parent = os.getppid()
    while os.getppid() == parent:  # noqa: ASYNC110  # the kernel has no event for it that we could await
        await asyncio.sleep(PARENT_LOOK_SECONDS)
    log.warning("the supervisor is gone; the controller ends, and Asterisk goes on alone")
    stopped.set()


__all__: Sequence[str] = ["Controller", "main"]
