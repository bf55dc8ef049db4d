"""Speech workers as processes: they hear several voices, die, hang and are replaced, and mix nothing up."""

import asyncio
import os
import signal
import uuid
import wave
from array import array
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import pytest

from callcenter.domain.errors import UnavailableError
from callcenter.domain.ids import CallId
from callcenter.domain.notes import TapId, Words
from callcenter.speech.pool import SpeechPool
from callcenter.speech.worker import Engine, Patience
from scripts.phones.waiting import eventually
from tests.support.tap_sender import tapping
from tests.support.tone_recogniser import ALPHABET, CRASHES, HANGS, SLOWS, spoken

pytestmark = pytest.mark.slow

TONES = Engine(factory="tests.support.tone_recogniser:load")
ONE, OTHER = CallId("call-1"), CallId("call-2")
QUICK = Patience(beat=4.0, behind=1.5, look=0.1)


class Audience:
    """Remembers what the workers tell."""

    def __init__(self) -> None:
        self.ports: dict[TapId, int] = {}
        self.begun: dict[TapId, datetime] = {}
        self.words: list[tuple[TapId, Words]] = []
        self.over: dict[TapId, datetime | None] = {}
        self.lost: list[TapId] = []
        self.settled: dict[TapId, datetime] = {}

    def tap_ready(self, tap_id: TapId, port: int) -> None:
        self.ports[tap_id] = port

    def tap_begun(self, tap_id: TapId, at: datetime) -> None:
        self.begun[tap_id] = at

    def tap_heard(self, tap_id: TapId, words: Words) -> None:
        self.words.append((tap_id, words))

    def tap_settled(self, tap_id: TapId, until: datetime) -> None:
        self.settled[tap_id] = until

    def tap_over(self, tap_id: TapId, until: datetime | None) -> None:
        self.over[tap_id] = until

    def tap_lost(self, tap_id: TapId) -> None:
        self.lost.append(tap_id)

    def finals(self, tap_id: TapId) -> list[str]:
        return [words.text for told, words in self.words if told == tap_id and words.final]


@asynccontextmanager
async def a_pool(
    engine: Engine = TONES, *, workers: int = 1, streams: int = 4, ready: bool = True
) -> AsyncIterator[tuple[SpeechPool, Audience]]:
    pool, audience = SpeechPool(engine, workers=workers, streams=streams, patience=QUICK), Audience()
    pool.audience = audience
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(pool.run())
        try:
            if ready:
                await eventually(lambda: pool.ready == workers, within=20, what="the workers were not ready")
            yield pool, audience
        finally:
            running.cancel()
    assert not [pid for pid in pool.pids if lives(pid)], "a worker outlives the pool"


def lives(pid: int) -> bool:
    """Tell whether there is such a process."""
    return Path(f"/proc/{pid}").exists()


async def placed(pool: SpeechPool, audience: Audience, call_id: CallId = ONE) -> TapId:
    """Have a new tap expected."""
    tap_id = TapId(str(uuid.uuid4()))
    assert pool.place(tap_id, call_id)
    await eventually(lambda: tap_id in audience.ports, within=3, what="the tap was not expected")
    return tap_id


async def says(audience: Audience, tap_id: TapId, text: str, *, pace: float = 0.1) -> None:
    """Let the leg of this tap say something, and go."""
    async with tapping(audience.ports[tap_id], tap_id) as tap:
        await tap.says(spoken(text, after=0.2, seconds=0.4 * len(text) + 1.0), pace=pace)


async def is_over(audience: Audience, tap_id: TapId) -> None:
    await eventually(lambda: tap_id in audience.over, within=5, what="the tap was not over")


async def test_one_worker_hears_several_voices_and_tells_each_by_its_tap() -> None:
    async with a_pool() as (pool, audience):
        taps = [await placed(pool, audience) for _ in range(4)]
        texts = [ALPHABET[4 * n : 4 * n + 4] for n in range(4)]
        await asyncio.gather(*(says(audience, tap_id, text) for tap_id, text in zip(taps, texts, strict=True)))
        for tap_id in taps:
            await is_over(audience, tap_id)

        assert [audience.finals(tap_id) for tap_id in taps] == [[text] for text in texts]
        assert pool.streams == 0
        assert pool.condition()[0] is None


async def test_a_partial_and_its_final_share_a_number_and_times_are_the_walls() -> None:
    async with a_pool() as (pool, audience):
        tap_id = await placed(pool, audience)
        async with tapping(audience.ports[tap_id], tap_id) as tap:
            before = datetime.now().astimezone()
            await tap.says(spoken("天地人和", after=1.0, seconds=3.4))
        await is_over(audience, tap_id)

        told = [words for _, words in audience.words]
        assert len(told) > 1
        assert [words.final for words in told] == [*[False] * (len(told) - 1), True]
        assert {words.number for words in told} == {0}
        assert "天地人和".startswith(told[0].text)
        assert (told[-1].begins - before).total_seconds() == pytest.approx(1.0, abs=0.15)
        assert (told[-1].ends - told[-1].begins).total_seconds() == pytest.approx(4 * 0.36 - 0.16, abs=0.05)
        assert audience.begun[tap_id].timestamp() == pytest.approx(before.timestamp(), abs=0.15)


async def test_beyond_its_limit_it_takes_nobody_and_then_has_room_again() -> None:
    async with a_pool(streams=2) as (pool, audience):
        taps = [await placed(pool, audience) for _ in range(2)]
        assert pool.room == 0
        assert not pool.place(TapId(str(uuid.uuid4())), ONE)

        pool.forget(taps[0])
        await is_over(audience, taps[0])

        assert audience.over[taps[0]] is None, "nothing was heard"
        assert pool.room == 1
        await placed(pool, audience)


async def test_the_legs_of_a_call_are_heard_by_one_worker() -> None:
    async with a_pool(workers=2) as (pool, audience):
        first = [await placed(pool, audience, ONE), await placed(pool, audience, OTHER)]
        second = [await placed(pool, audience, ONE), await placed(pool, audience, OTHER)]

        ports = audience.ports
        assert ports[first[0]] == ports[second[0]] != ports[first[1]] == ports[second[1]]


async def test_a_killed_worker_is_replaced_and_its_taps_are_told_as_lost() -> None:
    async with a_pool() as (pool, audience):
        tap_id = await placed(pool, audience)
        (pid,) = pool.pids

        os.kill(pid, signal.SIGKILL)

        await eventually(lambda: audience.lost == [tap_id], within=3, what="the tap was not told as lost")
        await eventually(lambda: pool.ready == 1, within=20, what="no other worker came")
        assert list(pool.pids) != [pid]
        assert pool.restarts == 1
        again = await placed(pool, audience)
        await says(audience, again, "山水")
        await is_over(audience, again)
        assert audience.finals(again) == ["山水"]


@pytest.mark.parametrize("poison", [CRASHES, HANGS], ids=["crashes", "hangs"])
async def test_sound_that_the_engine_cannot_bear_costs_one_worker_and_no_more(poison: str) -> None:
    async with a_pool() as (pool, audience):
        tap_id = await placed(pool, audience)
        (pid,) = pool.pids
        async with tapping(audience.ports[tap_id], tap_id) as tap:
            saying = asyncio.ensure_future(tap.says(spoken(f"天{poison}", seconds=9.0)))
            await eventually(lambda: audience.lost == [tap_id], within=15, what="the worker was not given up")
            saying.cancel()
            await asyncio.gather(saying, return_exceptions=True)

        await eventually(lambda: pool.ready == 1, within=20, what="no other worker came")
        assert list(pool.pids) != [pid]


async def test_an_engine_that_is_slow_in_a_long_sentence_is_not_taken_for_one_that_hangs() -> None:
    async with a_pool() as (pool, audience):
        tap_id = await placed(pool, audience)
        (pid,) = pool.pids
        sentence = SLOWS + ALPHABET[:16]

        async with tapping(audience.ports[tap_id], tap_id) as tap:
            await tap.says(spoken(sentence, after=0.2, seconds=7.0), pace=1.0)
        await eventually(lambda: tap_id in audience.over, within=20, what="it was not heard to its end")

        assert audience.lost == []
        assert audience.finals(tap_id) == [sentence]
        assert list(pool.pids) == [pid]


async def test_a_stopped_worker_is_given_up() -> None:
    async with a_pool() as (pool, audience):
        tap_id = await placed(pool, audience)
        (pid,) = pool.pids

        os.kill(pid, signal.SIGSTOP)

        await eventually(lambda: audience.lost == [tap_id], within=10, what="it was not given up")
        await eventually(lambda: pool.ready == 1, within=20, what="no other worker came")
        assert not lives(pid)


async def test_a_missing_model_is_told_with_what_helps() -> None:
    engine = Engine(
        factory="tests.support.tone_recogniser:load_nothing", options={"why": "fetch it: callcenter speech fetch X"}
    )
    async with a_pool(engine, ready=False) as (pool, _):
        await eventually(lambda: "speech fetch X" in (pool.condition()[0] or ""), within=20, what="nobody said so")

        assert pool.ready == 0
        assert not pool.place(TapId(str(uuid.uuid4())), ONE)


async def test_a_pool_that_ends_while_a_worker_is_being_ended_leaves_none_behind() -> None:
    async with asyncio.timeout(20), a_pool() as (pool, _):
        worker = pool._posts[0].worker
        assert worker is not None
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGSTOP)
        while worker.ends is None:  # noqa: ASYNC110  # the moment lasts no longer than the process takes to die
            await asyncio.sleep(0)


async def test_a_worker_ends_with_whoever_started_it() -> None:
    async with a_pool() as (pool, _):
        (pid,) = pool.pids
        worker = pool._posts[0].worker
        assert worker is not None
        assert worker._process is not None
        assert worker._process.stdin is not None

        worker._process.stdin.close()

        await eventually(lambda: pid not in pool.pids, within=5, what="it went on")


def recording(path: Path, left: str, right: str) -> Path:
    """Write a stereo recording of two sides."""
    sides = [spoken(text, after=0.5, seconds=4.0).samples for text in (left, right)]
    both = array("h", bytes(4 * len(sides[0])))
    both[::2], both[1::2] = sides
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, 8000, 0, "NONE", ""))
        file.writeframes(both.tobytes())
    return path


async def test_a_recording_is_heard_again_one_channel_and_one_stretch_at_a_time(tmp_path: Path) -> None:
    path = recording(tmp_path / "call.wav", "天地人和", "江河湖海")
    async with a_pool() as (pool, _):
        left = await pool.transcribe(path, channel=0, begins=0.0, ends=4.0)
        right = await pool.transcribe(path, channel=1, begins=1.2, ends=9.0)

        assert [words.text for words in left] == ["天地人和"]
        assert left[0].begins.timestamp() == pytest.approx(0.5, abs=0.05)
        assert [words.text for words in right] == ["湖海"]
        assert right[0].begins.timestamp() == pytest.approx(0.5 + 2 * 0.36, abs=0.05)


async def test_a_recording_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "call.wav").write_bytes(b"no sound at all")
    async with a_pool() as (pool, _):
        with pytest.raises(UnavailableError, match="could not be read"):
            await pool.transcribe(tmp_path / "call.wav", channel=0, begins=0.0, ends=4.0)


async def test_a_recording_is_not_waited_for_when_its_worker_dies(tmp_path: Path) -> None:
    path = recording(tmp_path / "call.wav", f"天{HANGS}", "江")
    async with a_pool() as (pool, _):
        hearing = asyncio.ensure_future(pool.transcribe(path, channel=0, begins=0.0, ends=4.0))
        worker = pool._posts[0].worker
        assert worker is not None
        await eventually(lambda: bool(worker.jobs), within=3, what="it did not begin")
        os.kill(pool.pids[0], signal.SIGKILL)

        with pytest.raises(UnavailableError):
            await hearing
