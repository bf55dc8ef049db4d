"""One call through an Asterisk that nobody knows yet, with our own configuration, before any citizen's.

It is started in a folder of its own on ports that nobody has, calls itself by way of the hotline's number, and must
log us in, mix talks by softmix alone, tell of the call, say the greeting into a recording, and end when told to.
"""

import asyncio
import secrets
import shutil
import socket
import tempfile
import wave
from contextlib import ExitStack
from pathlib import Path

from callcenter.asterisk.ami import Condition, Headers, Limits
from callcenter.asterisk.launch import Installation
from callcenter.asterisk.link import AmiLink
from callcenter.asterisk.plan import Plan, SeatPhone
from callcenter.asterisk.process import AsteriskProcess
from callcenter.domain.errors import UnavailableError

HOST = "127.0.0.1"
LOG_IN_SECONDS = 20.0
CALL_SECONDS = 15.0
RECORDING_SECONDS = 5.0
GREETING_SECONDS = 0.5
RATE_HZ = 8000
RTP_PORTS = 20
RTP_FIRST, RTP_LAST = 40000, 60000
EXPECTED = ("Arrived", "Degraded", "Voice")  # with no controller's beat the caller is greeted and queued


class _Listener:
    """Remembers which of the dialplan's events came, and the recording."""

    def __init__(self) -> None:
        self.seen: dict[str, Headers] = {}
        self.moved = asyncio.Event()
        self.ready = asyncio.Event()

    def heard(self, headers: Headers) -> None:
        if headers.get("Event") in ("UserEvent", "Hangup"):
            self.seen.setdefault(headers.get("UserEvent", "Hangup"), headers)
            self.moved.set()

    async def restored(self) -> None:
        self.ready.set()

    def lost(self) -> None:
        self.ready.clear()


async def try_out(installation: Installation) -> None:
    """Run one call through this Asterisk, in a folder made for it. Takes about three seconds.

    Raises:
        UnavailableError: what did not happen that should have.

    """
    home = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="asterisk-trial-"))
    try:
        plan = await asyncio.to_thread(_plan, home)
        process = AsteriskProcess(plan, installation)
        await process.start()
        try:
            await _call(plan)
        finally:
            await process.stop()
    finally:
        await asyncio.to_thread(shutil.rmtree, home, ignore_errors=True)


async def _call(plan: Plan) -> None:
    link, listener = AmiLink(HOST, plan.ami_port, "controller", plan.ami_secret, limits=Limits()), _Listener()
    link.attach(listener)
    running = asyncio.ensure_future(link.run())
    try:
        await _logged_in(link, listener)
        answer = await link.act(
            "Originate", Channel=f"Local/{plan.hotline}@hotline-in/n", Application="Wait", Data=2, Async="true"
        )
        if not answer.success:
            raise UnavailableError(f"it would not call itself: {answer.message}")
        await _all_came(listener)
        recording = Path(listener.seen["Arrived"].get("Recording", ""))
        await _recorded(plan.incoming / recording.name)
    finally:
        running.cancel()
        await asyncio.wait({running})


async def _logged_in(link: AmiLink, listener: _Listener) -> None:
    try:
        async with asyncio.timeout(LOG_IN_SECONDS):
            while not listener.ready.is_set():
                if link.state.condition is Condition.REFUSED:
                    raise UnavailableError(link.state.detail)
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise UnavailableError(f"no log-in on its AMI port: {link.state.detail}") from None


async def _all_came(listener: _Listener) -> None:
    try:
        async with asyncio.timeout(CALL_SECONDS):
            while not {*EXPECTED, "Hangup"} <= listener.seen.keys():
                listener.moved.clear()
                await listener.moved.wait()
    except TimeoutError:
        missing = ", ".join(name for name in (*EXPECTED, "Hangup") if name not in listener.seen)
        raise UnavailableError(f"its call to itself went wrong: no {missing}") from None


async def _recorded(path: Path) -> None:
    """Wait for sound in the file: Asterisk writes it a moment after it was heard."""
    try:
        async with asyncio.timeout(RECORDING_SECONDS):
            while await asyncio.to_thread(_sound_in, path) == 0:  # noqa: ASYNC110  # a file grows without an event
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise UnavailableError("its call to itself was not recorded") from None


def _sound_in(recording: Path) -> int:
    try:
        return recording.stat().st_size
    except OSError:
        return 0


def _plan(home: Path) -> Plan:
    (home / "sounds").mkdir()
    home.chmod(0o755)
    greeting = home / "sounds" / "greeting.wav"
    with wave.open(str(greeting), "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes(b"\x00\x10\x00\xf0" * int(RATE_HZ * GREETING_SECONDS / 2))
    with ExitStack() as held:
        sip, trunk = (_free_port(held, socket.SOCK_DGRAM) for _ in range(2))
        ami = _free_port(held, socket.SOCK_STREAM)
    rtp = RTP_FIRST + 2 * secrets.randbelow((RTP_LAST - RTP_FIRST - RTP_PORTS) // 2)
    if rtp <= sip <= rtp + RTP_PORTS:
        rtp = RTP_FIRST - 2 * RTP_PORTS
    return Plan(
        home=home,
        recordings=home / "recordings",
        log=home / "log",
        greeting=greeting,
        sip_host=HOST,
        sip_port=sip,
        trunk_host=HOST,
        trunk_port=trunk,
        rtp_from=rtp,
        rtp_to=rtp + RTP_PORTS,
        ami_port=ami,
        ami_secret=secrets.token_urlsafe(24),
        hotline="12345",
        seats=[SeatPhone("8001", secrets.token_urlsafe(24))],
        node="trial",
    )


def _free_port(held: ExitStack, kind: socket.SocketKind) -> int:
    """Find a port that nobody has; it is held until all are found, so that they differ."""
    probe = held.enter_context(socket.socket(socket.AF_INET, kind))
    probe.bind((HOST, 0))
    port: int = probe.getsockname()[1]
    return port
