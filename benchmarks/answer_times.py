"""How soon a voice is heard, a seat rings, and a freed seat rings again.

All times are taken on the wire, so they mean the same for both. Seats answer at once.
"First voice": a caller who is greeted, with a phone that sends sound; from his INVITE to the first sound he is sent.
"To the seat": a caller who is not greeted and finds a free seat; from his INVITE, which asks for a person, to the
seat's INVITE. "The next": callers wait all the time; from the seat's answer to BYE to its next INVITE.
Half load is half of what our hotline took at the beginning of the run, found as in `calls_per_second`; who is greeted
is so for five seconds and talks for two. A sound of ours holds voice from its first packet on; silence in front of a
recording would be added to the time. Figures of the day are followed meanwhile: nobody waits for a sum.
"""

import asyncio
import re
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.calls_per_second import most_of_ours
from benchmarks.chapter import Chapter, Row, percentile
from benchmarks.sipp import Message, dial, seats_of
from benchmarks.systems import System, ours, plain
from scripts.phones.phone import Phone
from scripts.phones.sound import Sound

SEAT_PORT = 17_710
RUNS = 2
MANY_SEATS, TWO_SEATS = 60, 2
TALK_SECONDS, GREETED_SECONDS = 1.0, 7.0
IDLE_RATE, HALF_CALLS = 2, 400
MOST_IDLE_MS, MOST_HALF_MS = 20.0, 50.0
SHARES = ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))
SILENCES = (0xD5, 0x55)
LOUD_SIGNS = 16  # of 160 in a packet
LOAD_SECONDS = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One thing that is measured, under one load."""

    said: str
    arrival: str
    seats: int
    rate: float
    calls: int
    at_once: int = 1
    most_ms: float | None = None


def _ways(greeted: int, ringing: int) -> Sequence[Way]:
    """Give what is measured; half loads in calls a second, where all are greeted and where nobody is."""
    return (
        Way(said="first voice, idle", arrival="answer", seats=TWO_SEATS, rate=0, calls=40, most_ms=MOST_IDLE_MS),
        Way(said="first voice, half load", arrival="answer", seats=150, rate=greeted, calls=40, most_ms=MOST_HALF_MS),
        Way(
            said="to the seat, idle",
            arrival="ring",
            seats=MANY_SEATS,
            rate=IDLE_RATE,
            calls=60,
            at_once=60,
            most_ms=MOST_IDLE_MS,
        ),
        Way(
            said="to the seat, half load",
            arrival="ring",
            seats=3 * ringing,
            rate=ringing,
            calls=HALF_CALLS,
            at_once=HALF_CALLS,
            most_ms=MOST_HALF_MS,
        ),
        Way(said="the next, idle", arrival="ring", seats=TWO_SEATS, rate=50, calls=40, at_once=6, most_ms=MOST_IDLE_MS),
        Way(
            said="the next, half load",
            arrival="ring",
            seats=ringing,  # each talk takes a second
            rate=3 * ringing,
            calls=HALF_CALLS,
            at_once=2 * ringing,
            most_ms=MOST_HALF_MS,
        ),
    )


async def measure() -> Chapter:
    """Measure both in turns."""
    greeted, ringing = [max(2, round(await most_of_ours(arrival) / 2)) for arrival in ("answer", "ring")]
    ways = _ways(greeted, ringing)
    times: dict[tuple[str, str], list[list[float]]] = {}
    for run in range(RUNS):
        for way in ways:
            for name in ("ours", "plain") if run % 2 == 0 else ("plain", "ours"):
                times.setdefault((way.said, name), []).append(await _measured(name, way))
    chapter = Chapter(
        name="answer_times",
        title="How soon a citizen is served",
        how=f"{str(__doc__).partition(chr(10) * 2)[2]}Half load was {greeted} calls a second where they are greeted, "
        f"and {ringing} where they are not.",
    )
    for way in ways:
        for name in ("ours", "plain"):
            chapter.rows += _rows(f"{way.said}, {name}", times[way.said, name], way.most_ms if name == "ours" else None)
    return chapter


def _rows(said: str, runs: Sequence[Sequence[float]], most: float | None) -> Iterable[Row]:
    for share, name in SHARES:
        values = [percentile(run, share) for run in runs]
        yield Row(figure=f"{said}, {name}", values=values, unit="ms", most=most if name == "p95" else None)


async def _measured(name: str, way: Way) -> list[float]:
    system = (
        ours(way.seats, arrival=way.arrival, live_figures="true")
        if name == "ours"
        else plain(way.seats, arrival=way.arrival)
    )
    with tempfile.TemporaryDirectory(prefix="callcenter-benchmark-") as temporary:
        folder = Path(temporary)
        async with system as running, seats_of(running, folder, port=SEAT_PORT, traced=True) as seats:
            if way.arrival == "answer":
                return await _to_first_voice(running, folder, way)
            dialled, messages = await dial(
                running, folder, rate=way.rate, calls=way.calls, talk_seconds=TALK_SECONDS, at_once=way.at_once
            )
            assert dialled.failed == 0, f"{dialled.failed} of {way.calls} calls failed: {name}, {way.said}"
            if way.said.startswith("the next"):
                return _to_the_next(seats.messages())
            return _to_the_seat(messages, seats.messages())


async def _to_first_voice(running: System, folder: Path, way: Way) -> list[float]:
    """Call again and again, one call at a time, while others call at the rate of the way."""
    found = []
    async with asyncio.TaskGroup() as tasks, Phone("citizen", sound=Sound.tone(440)) as phone:
        others = tasks.create_task(_others(running, folder, way.rate), name="others call")
        await asyncio.sleep(GREETED_SECONDS if way.rate else 0)
        for _ in range(way.calls):
            call = await phone.calls(f"sip:12345@{running.sip}", number="13800138000")
            await call.answered(within=10)
            await call.hears_sound(within=10)
            voiced = next(packet for packet in call.heard.sounds if _is_loud(packet.payload))
            found.append((voiced.arrived - call.times.invited) * 1000)
            await call.hang_up()
        others.cancel()
    return found


async def _others(running: System, folder: Path, rate: float) -> None:
    if rate:
        calls = int(rate * LOAD_SECONDS)
        await dial(running, folder, rate=rate, calls=calls, talk_seconds=GREETED_SECONDS, at_once=calls)


def _is_loud(payload: bytes) -> bool:
    return sum(sign not in SILENCES for sign in payload) > LOUD_SIGNS


def _invites(messages: Iterable[Message], *, sent: bool) -> dict[str, Message]:
    """Give the first INVITE of each caller, by his number."""
    found: dict[str, Message] = {}
    for message in messages:
        if message.sent == sent and message.text.startswith("INVITE "):
            number = re.search(r"139\d{8}", message.header("From"))
            if number is not None:
                found.setdefault(number[0], message)
    return found


def _to_the_seat(of_citizens: Iterable[Message], of_seats: Iterable[Message]) -> list[float]:
    rang = _invites(of_seats, sent=False)
    return [
        (rang[number].at - invite.at) * 1000
        for number, invite in _invites(of_citizens, sent=True).items()
        if number in rang
    ]


def _to_the_next(of_seats: Iterable[Message]) -> list[float]:
    freed: dict[str, float] = {}
    found = []
    for message in of_seats:
        seat = re.search(r"sip:(\d+)@", message.header("To"))
        if seat is None:
            continue
        if message.sent and message.header("CSeq").endswith("BYE"):
            freed[seat[1]] = message.at
        elif not message.sent and message.text.startswith("INVITE ") and seat[1] in freed:
            found.append((message.at - freed.pop(seat[1])) * 1000)
    return found
