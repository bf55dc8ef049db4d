"""Twenty calls at once, each voice with a sign of its own, while speech workers are killed at random.

Blocks a release: no word of one call may ever stand in another call's notes.
"""

import asyncio
import os
import random
import signal
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

import pytest

from scripts.hotline_client import Json
from scripts.phones.call import Call
from scripts.phones.phone import answers
from tests.support.hotline import Citizen, Hotline, visit
from tests.support.hotlines import SHORT
from tests.support.running_hotline import Ports
from tests.support.tone_hotline import ToneHotline
from tests.support.tone_recogniser import ALPHABET, spoken

CALLS = 20
SENTENCES = (2, 3, 4, 5, 3)
"""How often each voice says its sign, one sentence after the other."""
_SEED = 12345


@pytest.fixture
def large_hotline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ToneHotline]:
    """A hotline of twenty seats."""
    agents = tmp_path_factory.mktemp("agents")
    seats = "".join(f'  - extension: "{8001 + n}"\n    operator: 王{n}\n' for n in range(CALLS))
    (agents / "seats.yaml").write_text(f"seats:\n{seats}", "utf-8")
    (agents / "units.yaml").write_text("units: []\n", "utf-8")
    settings = SHORT | {"agents_folder": agents, "speech_workers": 2, "speech_streams": 2 * CALLS}
    running = ToneHotline(Ports.number(8), **settings)
    try:
        running.start()
        yield running
        assert running.stop() == 0
    finally:
        running.kill()
        running.remove()


@pytest.fixture
async def large(large_hotline: ToneHotline) -> AsyncIterator[Hotline]:
    async with visit(large_hotline) as hotline:
        yield hotline


@pytest.mark.alone
@pytest.mark.timeout(240)
async def test_each_word_stands_in_its_own_call_though_workers_die(large: Hotline, large_hotline: ToneHotline) -> None:
    voice = {f"{8001 + n}": ALPHABET[CALLS + n] for n in range(CALLS)}
    seats = {extension: await large.seat(extension, tone=None, reaction=answers) for extension in voice}
    citizens = [await large.caller_dials(tone=None) for _ in range(CALLS)]
    talks = [await citizen.until("call.talking", within=20) for citizen in citizens]
    own = {citizen.id: {"caller": sign} for citizen, sign in zip(citizens, ALPHABET, strict=False)}
    for talk in talks:
        own[talk.data["id"]]["seat"] = voice[talk.data["seat"]]
    large.tells(f"{len(citizens)} citizens talk to {len(set(map(str, own.values())))} different pairs of voices")

    killed: list[int] = []
    killing = asyncio.ensure_future(_kill_now_and_then(large_hotline, killed))
    try:
        await asyncio.gather(
            *(_says(citizen.call, own[citizen.id]["caller"]) for citizen in citizens),
            *(_says(seats[talk.data["seat"]].phone.calls_taken[0], own[talk.data["id"]]["seat"]) for talk in talks),
        )
    finally:
        killing.cancel()
        with suppress(asyncio.CancelledError):
            await killing
    large.tells(f"all have spoken; {len(killed)} speech workers were killed meanwhile")
    await asyncio.gather(*(citizen.hangs_up() for citizen in citizens))
    records = [await _noted(citizen) for citizen in citizens]

    strange = _strange(own, [each for record in records for each in _with_call(record)])
    shown = [event.data for event in large.events.of("utterance.partial", "utterance.final")]
    for record in records[:3]:
        words = [(each["side"], each["text"], each["live"]) for each in record["utterances"]]
        large.tells(f"{record['id'][:8]}: {words}")
    live = Counter(each["live"] for record in records for each in record["utterances"])
    large.tells(f"{live[True]} utterances were heard live, {live[False]} afterwards; {len(shown)} events of words")
    for each in strange:
        large.tells(f"STRANGE {each['side']} {each['text']} at {each['start']} of {own[each['call_id']]}")
    assert len(killed) >= 3
    assert strange == [], "words stand in another call's notes"
    assert _strange(own, shown) == [], "words were shown in another call"
    assert live[True] > 0
    assert live[False] > 0
    said = _said(records)
    for call_id, voices in own.items():
        for side in voices:
            spoken_signs = sum(SENTENCES)  # a busy machine loses sound on the line itself, and late packets
            assert spoken_signs / 2 <= said[call_id, side] <= spoken_signs * 1.5, f"words of {side} in {call_id}"


async def _says(call: Call, sign: str) -> None:
    for times in SENTENCES:
        await call.speaks(spoken(sign * times, after=0.8, seconds=3.4))


async def _kill_now_and_then(running: ToneHotline, killed: list[int]) -> None:
    chance = random.Random(_SEED)
    while True:
        await asyncio.sleep(chance.uniform(1.5, 3.5))
        if workers := running.workers():
            pid = chance.choice(workers)
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)


async def _noted(citizen: Citizen) -> Json:
    """Wait until the notes of an ended call are complete; gives the call."""
    await citizen.until("notes.changed", within=60, state="complete")
    return await citizen.record()


def _with_call(record: Json) -> list[Json]:
    return [{**each, "call_id": record["id"]} for each in record["utterances"]]


def _strange(own: dict[str, dict[str, str]], utterances: list[Json]) -> list[Json]:
    """Give the utterances that hold a sign of another voice than their own."""
    return [each for each in utterances if set(each["text"]) - {own[each["call_id"]][each["side"]]}]


def _said(records: list[Json]) -> dict[tuple[str, str], int]:
    """Count the signs that were noted of each voice."""
    counts: defaultdict[tuple[str, str], int] = defaultdict(int)
    for record in records:
        for each in record["utterances"]:
            counts[record["id"], each["side"]] += len(each["text"])
    return counts
