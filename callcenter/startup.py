"""What `callcenter run` starts: Asterisk and the controller, and the watch over both."""

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

import structlog

from callcenter.addresses import Endpoint
from callcenter.asterisk.installation import find_or_make
from callcenter.asterisk.plan import Plan, SeatPhone, SurveySounds
from callcenter.asterisk.process import AsteriskProcess
from callcenter.domain.errors import CallcenterError, UnavailableError
from callcenter.domain.prompts import SURVEY_ASK, SURVEY_END
from callcenter.events.mosquitto import OwnMosquitto, own_address
from callcenter.home import Home, forget_pid, read_pid, write_pid
from callcenter.home_secrets import Secrets, secrets_of, write_demo
from callcenter.log import Steps
from callcenter.roster import Roster, load_roster
from callcenter.settings import Settings
from callcenter.settings_sources import cache_folder
from callcenter.speech.prompts import Prompts
from callcenter.speech.voice import Voice
from callcenter.standby import ControllerProcess
from callcenter.supervisor import Process, Supervisor

log = structlog.get_logger(__name__)

READY_SECONDS = 2.0  # for one look at /health
EARLIER_SECONDS = 6.0  # a controller whose supervisor was killed ends by itself within two
FAILED = 1


def run(settings: Settings) -> int:
    """Start the hotline of this home and keep it running until SIGTERM or Ctrl-C; the exit code."""
    return asyncio.run(_run(settings))


async def _run(settings: Settings) -> int:
    """Set up, and give over to the supervisor. A stop in the middle of it ends it cleanly, too."""
    loop = asyncio.get_running_loop()
    setting_up = asyncio.ensure_future(_set_up(settings))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, setting_up.cancel)
    try:
        supervisor = await setting_up
    except asyncio.CancelledError:
        return 0
    except CallcenterError as error:
        _say(f"callcenter: {error}")
        return FAILED
    hotline, at = settings.hotline, settings.sip_reached
    return await supervisor.run(f"READY {_url(settings.http_reached)}  hotline {hotline} at sip:{hotline}@{at}")


async def _set_up(settings: Settings) -> Supervisor:
    home = Home(settings.home)
    steps = Steps()
    roster = await asyncio.to_thread(load_roster, settings.agents_folder, hotline=settings.hotline)
    secrets = await asyncio.to_thread(secrets_of, home, [seat.extension for seat in roster.seats])
    await asyncio.to_thread(_write_demo, settings, home, roster, secrets)
    steps.done("written")
    await _end_earlier_controller(home)
    steps.done("earlier_ended")
    processes: list[Process] = []
    if settings.mqtt_own_port is not None:
        processes.append(OwnBroker(OwnMosquitto(home.mosquitto, home.log, settings.mqtt_own_port), home))
    if settings.asterisk_elsewhere is None:
        voice = Voice(name=settings.voice, rate=settings.voice_rate)
        prompts = Prompts(settings.prompt_folders, home.prompts, voice)
        await prompts.prepare_pieces()
        steps.done("prompts")
        installation = await find_or_make(cache_folder(os.environ), tell=_say, own=settings.asterisk_of_machine)
        steps.done("asterisk_found")
        plan = _plan(settings, home, roster, secrets, prompts)
        processes.append(OwnAsterisk(AsteriskProcess(plan, installation)))
    processes.append(ControllerProcess(settings))
    log.info("all is set up", **steps.seconds)

    async def is_ready() -> bool:
        return await asyncio.to_thread(_answers, f"{_url(settings.http_reached)}/api/v1/health")

    return Supervisor(processes, is_ready=is_ready, say=_say)


def _write_demo(settings: Settings, home: Home, roster: Roster, secrets: Secrets) -> None:
    ami = settings.asterisk_elsewhere or Endpoint("127.0.0.1", settings.ami)
    write_demo(
        home,
        hotline=settings.hotline,
        sip=str(settings.sip_reached),
        http=_url(settings.http_reached),
        ami=str(ami),
        trunk=str(settings.trunk),
        secrets=secrets,
        operators=roster.operators,
        units=roster.units,
        mqtt=None if settings.mqtt_own_port is None else own_address(home.mosquitto, settings.mqtt_own_port).url,
    )


def _plan(settings: Settings, home: Home, roster: Roster, secrets: Secrets, prompts: Prompts) -> Plan:
    return Plan(
        home=home.folder.absolute(),
        recordings=home.recordings.absolute(),
        log=home.log.absolute(),
        greeting=prompts.greeting,
        survey=SurveySounds(ask=prompts.sound_of(SURVEY_ASK), end=prompts.sound_of(SURVEY_END)),
        music=settings.flows_folder / "music",
        sounds=(home.prompts.absolute(),),
        sip_host=settings.sip.host,
        sip_port=settings.sip.port,
        public_address=settings.public_address,
        trunk_host=settings.trunk.host,
        trunk_port=settings.trunk.port,
        rtp_from=settings.rtp.first,
        rtp_to=settings.rtp.last,
        ami_port=settings.ami,
        ami_secret=secrets.ami_secret,
        hotline=settings.hotline,
        seats=[SeatPhone(seat.extension, secrets.seat_passwords[seat.extension]) for seat in roster.seats],
        arrival=settings.arrival,
        node=settings.node,
    )


async def _end_earlier_controller(home: Home) -> None:
    """Wait for a controller whose supervisor was killed; it must not hold our port, nor speak for the seats."""
    await _end_earlier(home.controller_pid, "controller")


async def _end_earlier(noted: Path, name: str) -> None:
    pid = read_pid(noted)
    if pid is None:
        return
    _say(f"callcenter: an earlier {name} of this home is still there; waiting for its end")
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    with suppress(TimeoutError):
        async with asyncio.timeout(EARLIER_SECONDS):
            while read_pid(noted) == pid:  # noqa: ASYNC110  # another process's end
                await asyncio.sleep(0.1)
            return
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


class OwnAsterisk:
    """The Asterisk of this home, for the supervisor."""

    name = "asterisk"

    def __init__(self, process: AsteriskProcess) -> None:
        self._process = process

    async def start(self) -> None:
        """Start it, or take over one that goes on from an earlier run. Raises CallcenterError."""
        try:
            await self._process.start()
        except OSError as error:
            raise UnavailableError(
                f"Asterisk's folders cannot be written: {error.strerror} ({error.filename})"
            ) from error

    async def wait(self) -> int:
        """Wait for its end; its exit code."""
        return await self._process.wait()

    async def stop(self, within_seconds: float) -> None:
        """End it, with a BYE to everybody."""
        await self._process.stop(within_seconds)


class OwnBroker:
    """The broker of this home, for the supervisor; nobody's call hangs on it."""

    name = OwnMosquitto.name

    def __init__(self, process: OwnMosquitto, home: Home) -> None:
        self._process = process
        self._noted = home.mosquitto_pid

    async def start(self) -> None:
        """Start it, when one from an earlier run has ended. Raises CallcenterError."""
        await _end_earlier(self._noted, self.name)
        await self._process.start()
        if (pid := self._process.pid) is not None:
            write_pid(self._noted, pid)

    async def wait(self) -> int:
        """Wait for its end; its exit code."""
        return await self._process.wait()

    async def stop(self, within_seconds: float) -> None:
        """End it."""
        await self._process.stop(within_seconds)
        forget_pid(self._noted)


def _answers(url: str) -> bool:
    """Tell whether the hotline says of itself that it works. Blocks."""
    try:
        with _no_proxy.open(url, timeout=READY_SECONDS) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except (OSError, HTTPException):  # nobody there yet, or it says that something is down
        return False


def _url(endpoint: Endpoint) -> str:
    return f"http://{endpoint}"


_no_proxy = build_opener(ProxyHandler({}))  # aiohttp's client would take a tenth of a second to load
_say: Callable[[str], None] = lambda line: print(line, flush=True)  # noqa: E731, T201 - the terminal is where a run speaks

__all__ = ["ControllerProcess", "run"]
