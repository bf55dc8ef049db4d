"""Two telephone systems to compare: our hotline, and the same Asterisk with a plain dialplan and its own queue.

The plain one loads our modules, so it mixes by bridge_softmix as ours does; what that costs: `talk_seconds.py`.
"""

import asyncio
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.machine import cpu_seconds
from callcenter.addresses import Endpoint
from callcenter.asterisk.installation import find_or_make
from callcenter.asterisk.plan import TEMPLATES, Plan, SeatPhone
from callcenter.asterisk.process import AsteriskProcess
from callcenter.settings_sources import cache_folder
from scripts.hotline_client import Home, HotlineClient
from tests.support.running_hotline import Ports, RunningHotline

FIRST_SEAT = 8001
SOUND = "40000-47999"  # four ports for each call that talks
GREETING = Path("ivr_flows/prompts/welcome.wav")
QUIET = {"wrap_up_seconds": 0, "log_level": "warning"}
_SECRET = "benchmark-secret-of-a-seat"  # noqa: S105 - of a phone that lives for a minute, on loopback
_PLAIN = """[general]
static = yes

[hotline-in]                            ; as short as the same service can be: greeting, recording, queue
exten => {{hotline}},1,Set(__CASEID=${UUID()})
 same => n,MixMonitor({{incoming}}/${CASEID}.raw,D)
 same => n,GotoIf($["{{arrival}}"="ring"]?ring)
 same => n,Answer(,i)
 same => n,Playback({{greeting}},noanswer)
 same => n,Queue(hotline,c)
 same => n,Hangup()
 same => n(ring),Ringing()
 same => n,Queue(hotline,rc)
 same => n,Hangup()

[seat-in]
exten => _X.,1,Hangup()
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """One of the two, running."""

    name: str
    sip: Endpoint
    trunk: Endpoint
    seats: Mapping[str, str]
    """Extension and password of each."""
    asterisk: int
    """Process ids."""
    controller: int | None
    home: Home | None = None
    folder: Path | None = None

    def cpu(self) -> tuple[float, float]:
        """Give the processor seconds of Asterisk and of the controller."""
        return cpu_seconds([self.asterisk]), 0.0 if self.controller is None else cpu_seconds([self.controller])

    async def sign_in(self) -> None:
        """Have every seat ready, once its phone is there."""
        if self.home is None:
            return
        async with HotlineClient(self.home.http, self.home.token) as api:
            async with asyncio.timeout(30):
                while any(seat["phone"] != "registered" for seat in await api.all_of("seats")):  # noqa: ASYNC110
                    await asyncio.sleep(0.2)
            for extension in self.seats:
                await api.put(f"seats/{extension}/state", {"state": "ready"})


@dataclass(slots=True)
class Cost:
    """What something took of the processor, run by run, in milliseconds."""

    asterisk: list[float] = field(default_factory=list)
    controller: list[float] = field(default_factory=list)

    @property
    def whole(self) -> list[float]:
        """Of both together."""
        return [one + other for one, other in zip(self.asterisk, self.controller, strict=True)]


@asynccontextmanager
async def ours(seats: int, *, arrival: str, **settings: object) -> AsyncIterator[System]:
    """Run our hotline with so many seats; `arrival` as the setting: ring is without a flow, answer with one."""
    agents = Path(tempfile.mkdtemp(prefix="callcenter-benchmark-"))
    lines = "".join(f'  - {{extension: "{FIRST_SEAT + at}", operator: 话务员{at + 1}}}\n' for at in range(seats))
    (agents / "seats.yaml").write_text(f"seats:\n{lines}", "utf-8")
    shutil.copy("agents/units.yaml", agents / "units.yaml")
    ports = replace(Ports.number(8), rtp=SOUND)
    running = RunningHotline(ports, arrival=arrival, agents_folder=agents, **(QUIET | settings))
    try:
        await asyncio.to_thread(running.start)
        home = running.home
        try:
            yield System(
                name="ours",
                sip=Endpoint("127.0.0.1", running.ports.sip),
                trunk=Endpoint("127.0.0.1", running.ports.trunk),
                seats={seat.extension: seat.password for seat in home.seats},
                asterisk=running.pid("asterisk"),
                controller=running.pid("controller"),
                home=home,
                folder=running.folder,
            )
        finally:
            await asyncio.to_thread(running.stop)  # Asterisk goes on alone where its supervisor is only killed
    finally:
        running.kill()
        running.remove()
        shutil.rmtree(agents, ignore_errors=True)


@asynccontextmanager
async def plain(seats: int, *, arrival: str, more: Sequence[str] = ()) -> AsyncIterator[System]:
    """Run the same Asterisk, of the same modules and some `more`, with a dialplan that knows no controller."""
    folder = await asyncio.to_thread(_plain_folder, more)
    plan = _plain_plan(folder, seats, arrival)
    process = AsteriskProcess(plan, await find_or_make(cache_folder(os.environ), tell=print))
    try:
        await process.start()
        assert process.pid is not None
        yield System(
            name="plain",
            sip=Endpoint("127.0.0.1", plan.sip_port),
            trunk=Endpoint("127.0.0.1", plan.trunk_port),
            seats={seat.extension: seat.secret for seat in plan.seats},
            asterisk=process.pid,
            controller=None,
            folder=folder,
        )
    finally:
        await process.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _plain_folder(more: Sequence[str]) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="callcenter-benchmark-"))
    folder.chmod(0o755)
    shutil.copytree(TEMPLATES, folder / "templates")
    (folder / "templates" / "extensions.conf").write_text(_PLAIN, "utf-8")
    with (folder / "templates" / "modules.conf").open("a", encoding="utf-8") as modules:
        modules.writelines(f"load = {module}\n" for module in more)
    shutil.copyfile(GREETING, folder / GREETING.name)
    return folder


def _plain_plan(folder: Path, seats: int, arrival: str) -> Plan:
    ports = replace(Ports.number(9), rtp=SOUND)
    first, last = (int(port) for port in re.findall(r"\d+", ports.rtp))
    return Plan(
        home=folder / "home",
        recordings=folder / "home" / "recordings",
        log=folder / "home" / "log",
        greeting=folder / GREETING.name,
        sip_host="127.0.0.1",
        sip_port=ports.sip,
        trunk_host="127.0.0.1",
        trunk_port=ports.trunk,
        rtp_from=first,
        rtp_to=last,
        ami_port=ports.ami,
        ami_secret=_SECRET,
        hotline="12345",
        seats=[SeatPhone(str(FIRST_SEAT + at), _SECRET) for at in range(seats)],
        arrival=arrival,
        templates=folder / "templates",
    )
