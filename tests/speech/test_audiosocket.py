"""The listening side of AudioSocket believes nobody: whatever comes, it reads, counts and goes on."""

import asyncio
import uuid
from array import array
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from callcenter.speech import audiosocket
from callcenter.speech.audiosocket import ENDS, FAILS, KEY, NAMES, SOUND, AudioSocketServer, frame, left_of
from callcenter.speech.moments import Moments
from scripts.phones.sound import Sound
from tests.support.tap_sender import tapping

TAP, ANOTHER = (
    "40325ec2-5efd-4bd3-805f-53576e581d13",
    "6b8f0d7e-3c1a-4f5b-9a2d-0e1c2b3a4d5f",
)  # names of tests must not change


class Ear:
    def __init__(self) -> None:
        self.heard = b""
        self.times: list[float] = []
        self.ended = asyncio.Event()

    def sound(self, pcm: bytes, at: float) -> None:
        self.heard += pcm
        self.times.append(at)

    def over(self) -> None:
        assert not self.ended.is_set(), "told twice"
        self.ended.set()


@asynccontextmanager
async def a_server() -> AsyncIterator[tuple[AudioSocketServer, int, Ear]]:
    ear = Ear()
    expected = {TAP: ear}
    server = AudioSocketServer(lambda tap_id: expected.pop(tap_id, None))
    port = await server.open()
    async with asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(server.watch())
        yield server, port, ear
        watching.cancel()


async def test_the_left_channel_of_a_tap_is_heard_and_the_right_is_not() -> None:
    async with a_server() as (server, port, ear):
        async with tapping(port, TAP) as tap:
            left, right = Sound(samples=array("h", range(320))), Sound(samples=array("h", [-5] * 320))
            await tap.says(left, other=right)
        async with asyncio.timeout(2):
            await ear.ended.wait()

        assert array("h", ear.heard) == left.samples
        assert len(ear.times) == 2
        assert not server.refused


async def test_frames_may_come_in_any_pieces() -> None:
    async with a_server() as (_, port, ear):
        async with tapping(port, TAP) as tap:
            for byte in frame(SOUND, bytes(640)) + frame(KEY, b"5") + frame(SOUND, bytes(640)) + frame(ENDS, b""):
                tap.sends(bytes([byte]))
                await asyncio.sleep(0)
            await tap.closed(within=2)

        assert ear.heard == bytes(640)
        assert ear.ended.is_set()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "no AudioSocket frame"),
        (b"\x10\xff\xff", "no AudioSocket frame"),
        (frame(SOUND, bytes(640)), "never said which tap it is"),
        (frame(NAMES, b"short"), "never said which tap it is"),
        (frame(NAMES, uuid.UUID(ANOTHER).bytes), "an unknown tap"),
        (frame(NAMES, uuid.UUID(TAP).bytes) + frame(SOUND, b"odd"), "not what a tap sends"),
        (frame(NAMES, uuid.UUID(TAP).bytes) + frame(FAILS, b"\x01"), "not what a tap sends"),
        (frame(NAMES, uuid.UUID(TAP).bytes) * 2, "not what a tap sends"),
        (frame(NAMES, uuid.UUID(TAP).bytes) + b"\x99\x00\x01", "no AudioSocket frame"),
    ],
)
async def test_rubbish_is_closed_and_counted(data: bytes, why: str) -> None:
    async with a_server() as (server, port, ear):
        async with tapping(port, None) as stranger:
            stranger.sends(data)
            await stranger.closed(within=2)

        assert dict(server.refused) == {why: 1}
        assert ear.heard == b""


async def test_a_tap_is_admitted_once() -> None:
    async with a_server() as (server, port, ear):
        async with tapping(port, TAP) as first, tapping(port, TAP) as second:
            await second.closed(within=2)
            await first.says(Sound(samples=array("h", [7] * 160)))
        async with asyncio.timeout(2):
            await ear.ended.wait()

        assert ear.heard == array("h", [7] * 160).tobytes()
        assert dict(server.refused) == {"an unknown tap": 1}


async def test_who_says_nothing_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audiosocket, "NAME_SECONDS", 0.1)
    monkeypatch.setattr(audiosocket, "SILENT_SECONDS", 0.3)
    monkeypatch.setattr(audiosocket, "SWEEP_SECONDS", 0.02)
    async with a_server() as (server, port, ear):
        async with tapping(port, None) as stranger:
            await stranger.closed(within=2)
        async with tapping(port, TAP) as tap:
            await tap.says(Sound(samples=array("h", [7] * 160)))
            await tap.closed(within=2)

        assert dict(server.refused) == {"never said which tap it is": 1, "fell silent": 1}
        assert ear.ended.is_set()


async def test_strangers_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audiosocket, "MOST_STRANGERS", 2)
    async with a_server() as (server, port, _):
        async with tapping(port, None), tapping(port, None), tapping(port, None) as third:
            await third.closed(within=2)

        assert server.refused["too many at once"] == 1


def test_left_and_right_are_told_apart() -> None:
    assert left_of(array("h", [1, -1, 2, -2, 3, -3]).tobytes()) == array("h", [1, 2, 3]).tobytes()


def test_moments_follow_the_wall_and_not_a_late_sender() -> None:
    moments = Moments()
    for second in range(1, 4):
        moments.note(float(second), 1000.0 + second)
    moments.note(4.0, 1004.9)  # sent late, and what follows is in time again
    moments.note(5.0, 1005.0)

    assert moments.of(0.0) == 1000.0
    assert moments.of(3.9) == pytest.approx(1003.9)
    assert moments.of(4.5) == pytest.approx(1004.5)


def test_moments_follow_a_sender_that_left_sound_out() -> None:
    moments = Moments()
    for second in range(1, 4):
        moments.note(float(second), 1000.0 + second)
    for second in range(4, 9):
        moments.note(float(second), 1002.0 + second)  # two seconds are missing

    assert moments.of(2.5) == pytest.approx(1002.5)
    assert moments.of(7.5) == pytest.approx(1009.5)
