"""A thousand messages of rubbish a second at the SIP port: talks go on, a caller is answered, nobody gets in."""

import asyncio
import socket
import time
from itertools import islice
from pathlib import Path

from callcenter.asterisk.logs import LONGEST_BYTES
from callcenter.asterisk.process import TRIM_EVERY_SECONDS
from tests.faults.closing_look import InTalk, closing_look, moment, still_talk
from tests.faults.results import TellResult
from tests.support.hotline import OTHER_OPERATOR, Hotline
from tests.support.torture import edges, junk

EACH_SECOND, SECONDS, BATCH = 1000, 8.0, 20
NOBODY = "99999"  # for the hotline's own number whoever calls from loopback is the trunk
ANSWER_SECONDS = 15.0  # the fourth ring
MORE_MEMORY = 40_000  # kB; what a flood may leave for a while: transactions live for half a minute
MOST_LOG = 100_000_000  # bytes until the logs are cut short again, should it go on for ever


async def test_talks_go_on_and_a_caller_is_answered(mortal: Hotline, tell_result: TellResult) -> None:
    seat = await mortal.seat("8001")
    talking = await mortal.caller_dials()
    at_seat = await seat.rings(within=10)
    await at_seat.answer()
    talk = InTalk(talking, seat, at_seat)
    await still_talk(talk)
    other = await mortal.seat("8002", tone=OTHER_OPERATOR)
    asterisk = mortal.running.pid("asterisk")
    memory, log, began = resident(asterisk), log_size(mortal), time.monotonic()

    async with asyncio.TaskGroup() as tasks:
        flood = tasks.create_task(asyncio.to_thread(sends_junk, mortal.home.sip), name="flood")
        await still_talk(talk)
        arrived = await mortal.caller_dials()
        at_other = await other.rings(within=ANSWER_SECONDS)
        await at_other.answer()
        beside = InTalk(arrived, other, at_other)
        await still_talk(beside)
        await still_talk(talk)
    lasted = time.monotonic() - began
    sent = flood.result()
    mortal.tells(f"{sent} messages in {lasted:.1f} s")

    assert mortal.running.pid("asterisk") == asterisk, "it is the same Asterisk"
    grown, logged = resident(asterisk) - memory, log_size(mortal) - log
    assert grown < MORE_MEMORY, f"its memory grew by {grown} kB"
    growth = LONGEST_BYTES + logged / lasted * TRIM_EVERY_SECONDS
    assert growth < MOST_LOG, f"its logs would grow to {growth / 1e6:.0f} MB"
    assert len(mortal.events.of("call.arrived")) == len(mortal.citizens), "nobody got in"
    phones = {seat["extension"]: seat["phone"] for seat in await mortal.api.all_of("seats")}
    assert {extension for extension, phone in phones.items() if phone == "registered"} == {"8001", "8002"}
    calls = await closing_look(mortal, talking=[talk, beside])
    answered = next(call for call in calls if call["id"] == arrived.id)
    waited = (moment(answered["t4"]) - moment(answered["t0"])).total_seconds()
    assert waited < ANSWER_SECONDS
    tell_result(
        fault="junk at the SIP port",
        what="two talk, one arrives and is answered",
        figures={
            "sent": f"{sent / lasted:.0f} messages a second, the edges of RFC 4475 among them",
            "answered after": f"{waited:.1f} s",
            "Asterisk's memory": f"{grown / 1000:+.1f} MB",
        },
    )


def sends_junk(sip: str) -> int:
    """Send each edge once, and then what a mad sender sends; gives how many messages. Blocks."""
    host, _, port = sip.rpartition(":")
    messages = [*edges(host, int(port), NOBODY).values()]
    messages += islice(junk(host, int(port), NOBODY, seed=4475), int(EACH_SECOND * SECONDS) - len(messages))
    began = time.monotonic()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind(("127.0.0.1", 0))
        for number, message in enumerate(messages):
            sender.sendto(message, (host, int(port)))
            if number % BATCH == 0:
                time.sleep(max(0.0, began + number / EACH_SECOND - time.monotonic()))
    return len(messages)


def resident(pid: int) -> int:
    """Give the memory of a process that is in use, in kB."""
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1])


def log_size(hotline: Hotline) -> int:
    """Give the bytes of Asterisk's logs."""
    return sum(path.stat().st_size for path in (hotline.running.folder / "log" / "asterisk").iterdir())
