"""Joins every part of the controller by hand. Nothing else knows which part is which."""

import os
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta

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
from callcenter.domain.errors import UnavailableError
from callcenter.domain.exchange import Exchange, Moment, Policy
from callcenter.domain.seats import Seat
from callcenter.events.address import BrokerAddress
from callcenter.events.mosquitto import own_address
from callcenter.fresh_ids import FreshIds
from callcenter.health import DEGRADED, OK, DiskUse, Health
from callcenter.home import Home
from callcenter.home_secrets import Secrets, secrets_of
from callcenter.ivr.flows import FlowShelf
from callcenter.journal_memory import CLOCK_VARIABLE, handed_over
from callcenter.log import LogWriter
from callcenter.menus import Menus
from callcenter.noting import Noting
from callcenter.office.clock_watch import ClockWatch
from callcenter.office.desk import Desk
from callcenter.office.flows import FlowRunner
from callcenter.office.log_watch import LogWatch
from callcenter.office.recalls import RecallOffice
from callcenter.office.recordings import RecordingKeeper
from callcenter.office.stream import Stream
from callcenter.office.switchboard import Switchboard
from callcenter.office.tickets import TicketOffice
from callcenter.outside import Kept, outside_of
from callcenter.recalling import recall_rules
from callcenter.reckoning import reckoner_of
from callcenter.remembering import Remembering
from callcenter.roster import Roster, load_roster
from callcenter.settings import Settings
from callcenter.speech.prompts import Prompts
from callcenter.speech.voice import Voice
from callcenter.storage.kept_time import KeptTime
from callcenter.watching import Watching
from callcenter.webhook_list import load_webhooks

log = structlog.get_logger(__name__)

MB = 2**20


class Parts:
    """All parts of one controller, made in the order in which they need each other."""

    def __init__(self, settings: Settings, home: Home, writer: LogWriter) -> None:
        """Make and join them; nothing runs yet. `writer` is what the controller's log is written by."""
        self._settings = settings
        self._clock = clock = SystemClock(kept=KeptTime(handed_over(os.environ, CLOCK_VARIABLE)))
        roster = load_roster(settings.agents_folder)
        secrets = secrets_of(home, [seat.extension for seat in roster.seats])

        # What is remembered
        self.remembering = remembering = Remembering(settings, home, roster)
        journal, calls, recordings = remembering.journal, remembering.calls, remembering.recordings

        # What decides
        new_id = FreshIds()
        exchange = Exchange(
            _policy(settings, roster),
            _seats_of(roster, clock.now()),
            new_id=new_id,
            now=Moment(wall=clock.now(), mono=clock.monotonic()),
        )
        stream = Stream(str(uuid7()), held=settings.event_buffer)
        self._switchboard = switchboard = Switchboard(exchange, journal=journal, stream=stream, clock=clock)
        self._log_watch = LogWatch(writer, switchboard)
        self._absence = Absence(
            exchange,
            calls,
            record=home.call_record,
            incoming=home.incoming,
            tell=lambda event: switchboard.tell(clock.corrected(event)),
            is_complete=remembering.is_complete,
        )
        self.recovery = remembering.recovery(switchboard, look_again=self._absence.look_again, clock=clock)

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
            on_event=lambda event: switchboard.tell(clock.corrected(event)),
            say_files=self._prompts.say_files,
            now=clock.now,
            monotonic=clock.monotonic,
            record=self._absence,
        )
        self._telephone.set_arrival(settings.arrival)
        queue = exchange.queues()[0].name
        self._menus = Menus(
            FlowShelf(settings.flows_folder, prepare=self._prompts.prepare, queues=[queue]),
            self._telephone,
            remembering.tickets,
            chosen=settings.flow,
            queue=queue,
            file_of=self._prompts.file_of,
            clock=clock.now,
            zone=settings.zone,
            area_code=settings.area_code,
        )
        self._flows = FlowRunner(self._menus, switchboard)
        switchboard.telephone = self._telephone
        switchboard.start_flow = self._flows.start

        # What hears the words of a talk
        self._noting = noting = Noting(
            switchboard,
            stream,
            settings=settings,
            calls=calls,
            recordings=recordings,
            taps=taps,
            clock=clock,
            known=self.recovery.known,
        )

        # What is done with it
        self._reckoner = reckoner_of(
            switchboard,
            stream,
            database=settings.database,
            zone=settings.zone,
            clock=clock,
            latest_seq=lambda: journal.latest_seq,
            live=settings.live_figures,
        )
        self._tickets = TicketOffice(
            remembering.tickets,
            calls,
            switchboard,
            stream=stream,
            clock=clock,
            known=self.recovery.known,
        )
        self._keeper = RecordingKeeper(
            recordings,
            calls,
            switchboard,
            clock=clock,
            minimum_free_bytes=settings.minimum_free_mb * MB,
            retention_days=settings.retention_days,
            known=self.recovery.known,
        )

        self._outside = outside_of(
            stream,
            switchboard,
            remembering.store,
            broker=_broker(settings, home),
            ca_file=settings.mqtt_ca_file,
            webhooks=load_webhooks(settings.webhooks_file),
            node=settings.node,
            kept=Kept(most=settings.outbox_most, longest=timedelta(hours=settings.outbox_hours)),
            figures_follow=settings.live_figures,
            now=clock.now,
        )

        async def disk() -> DiskUse:
            return DiskUse(used_bytes=await recordings.used_bytes(), free_bytes=await recordings.free_bytes())

        health = Health(
            link=link,
            switchboard=switchboard,
            database=self._database_health,
            speech_fault=lambda: self._voice_fault or self._menus.fault,
            hearing=noting.use,
            disk=disk,
            events=self._outside.health,
        )
        self._watching = Watching(
            switchboard,
            stream,
            settings=settings,
            told=remembering.told,
            health=health,
            free_bytes=recordings.free_bytes,
            journal=journal,
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
            switchboard,
            stream=stream,
            calls=calls,
            recordings=recordings,
            tickets=self._tickets,
            flows=self._menus,
            webhooks=self._outside.webhooks,
            figures=self._reckoner,
            recalls=RecallOffice(
                switchboard,
                remembering.recalls,
                lasting=journal.flush,
                clock=clock,
                new_id=new_id,
                area_code=settings.area_code,
            ),
            units=roster.units,
            dial_out=settings.dial_out,
            hotline=settings.hotline,
            zone=settings.zone,
            clock=clock,
            new_id=new_id,
            health=health,
        )
        self._token = secrets.api_token
        self._voice_fault: str | None = None

    async def prepare_words(self) -> None:
        """Have everything that callers may hear ready before the first of them."""
        try:
            await self._prompts.prepare_pieces()
        except UnavailableError as error:
            self._voice_fault = str(error)
            log.error("announcements cannot be spoken", why=str(error))
        for mistake in await self._menus.reload():
            log.error("a flow has a mistake", mistake=mistake)

    def server(self) -> AbstractAsyncContextManager[object]:
        """Give what listens for people and programs, for as long as it is entered."""
        return make_server(
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

    def to_run(self) -> dict[str, Callable[[], Coroutine[None, None, None]]]:
        """Give what is to be run beside the journal until the controller ends, by its name."""
        return {
            "switchboard": self._switchboard.run,
            "clock": ClockWatch(self._clock, self._switchboard).run,
            "telephone": self._telephone.run,
            "absence": self._absence.run,
            "recovery": self.recovery.run,
            "flows": self._flows.run,
            "tickets": self._tickets.run,
            "recordings": self._keeper.run,
            "figures": self._reckoner.run,
            "events": self._outside.run,
            "log": self._log_watch.run,
            **self._noting.parts,
            **self._watching.parts,
        }

    def _database_health(self) -> tuple[str, str]:
        status, detail = self.remembering.journal.health()
        if self.recovery.fault is None:
            return status, detail
        return (DEGRADED if status == OK else status), f"{self.recovery.fault}; {detail}"


def _policy(settings: Settings, roster: Roster) -> Policy:
    return Policy(
        area_code=settings.area_code,
        ring_seconds=settings.ring_seconds,
        no_ring_seconds=settings.no_ring_seconds,
        miss_limit=settings.miss_limit,
        wrap_up_seconds=settings.wrap_up_seconds,
        survey=settings.survey,
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
