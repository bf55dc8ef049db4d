"""Three whole calls in Mandarin at once, through real phones and a real recogniser: who said what, when, how soon."""

import asyncio
import os
import statistics
from array import array
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import pytest

from scripts.hotline_client import Json
from scripts.phones.call import Call
from scripts.phones.sound import Sound
from scripts.phones.tones import loudness_of
from tests.support.hotline import Citizen, Hotline, Seat, visit
from tests.support.hotlines import SHORT
from tests.support.mandarin import CALLS, error_rate, needs_audio, sound_of, stretches_in, voice_of
from tests.support.recordings import read_recording
from tests.support.running_hotline import Ports, RunningHotline
from tests.support.speech_models import whisper_model

SECONDS = 119.0
"""The longest of them lasts 118 s."""
_BEFORE = 1.0  # seconds of silence, until the taps are there
_RATE = 8000
_FRAME = 160
_LOUD = 300.0
_LATER = 50  # frames by which a turn may come later or sooner than the one before it
_TRIES = 3
_LATE = 0.15  # seconds by which a packet may leave too late; a voice detector takes longer ones for a pause
_AROUND = 0.4  # seconds of a turn by which its begin, or its end, is found


@pytest.fixture
def whisper_hotline() -> Iterator[RunningHotline]:
    """A hotline that hears Mandarin."""
    needs_audio()
    settings = SHORT | {"speech_engine": "whisper", "speech_model": whisper_model()}
    running = RunningHotline(Ports.number(8), **settings)
    try:
        running.start()
        yield running
        assert running.stop() == 0
    finally:
        running.kill()
        running.remove()


@pytest.fixture
async def mandarin(whisper_hotline: RunningHotline) -> AsyncIterator[Hotline]:
    async with visit(whisper_hotline) as hotline:
        yield hotline


def _sound(call: str, side: str) -> Sound:
    return Sound(samples=array("h", bytes(2 * round(_BEFORE * _RATE))) + sound_of(call, side)[: round(SECONDS * _RATE)])


@pytest.mark.alone
@pytest.mark.timeout(600)
async def test_three_calls_at_once_are_noted_as_they_are_spoken(mandarin: Hotline) -> None:
    await mandarin.until_true(mandarin.api.health, _hears, within=60, what="hearing")
    seats = [await mandarin.seat(f"{8001 + number}", tone=None) for number in range(len(CALLS))]
    for _ in range(_TRIES):
        talks, late = await _talks(mandarin, seats)
        if late < _LATE:
            break
        # A word that was said in two pieces stands in two places; what notes make of it is nothing to judge them by.
        mandarin.tells(f"this machine stood still for {late:.2f} s while the phones spoke: all of it once more")
    records = [await _noted(citizen) for _, citizen, _ in talks]

    delays = _delays(mandarin, records)
    mandarin.tells(
        f"{len(delays)} utterances; there {statistics.median(delays):.2f} s after their end (median), "
        f"{delays[int(0.95 * len(delays))]:.2f} s (95 %); load {os.getloadavg()[0]:.1f}"
    )
    texts: list[tuple[str, str]] = []
    for (call, citizen, _), record in zip(talks, records, strict=True):
        await citizen.until("recording.changed", within=10, state="kept")
        channels = read_recording(await mandarin.api.recording(record["id"]))
        quiet = record["utterances"][0]["start"] - 1.0  # both are silent from there to the first words
        for side, voice, channel in (("caller", "caller", channels[0]), ("seat", "operator", channels[1])):
            said = _as_recorded(call, voice, channel, after=quiet)
            texts.append(_agrees(mandarin, record, side, said))
        starts = [each["start"] for each in record["utterances"]]
        assert starts == sorted(starts), "the words stand in the order in which they were said"
    wrong = error_rate("".join(heard for heard, _ in texts), "".join(said for _, said in texts))
    mandarin.tells(f"{wrong:.3f} of all characters wrong")
    assert wrong <= 0.30


async def _talks(hotline: Hotline, seats: Sequence[Seat]) -> tuple[list[tuple[str, Citizen, Call]], float]:
    """Have all three calls spoken; gives them, and by how many seconds the latest packet left too late."""
    talks = []
    for call in CALLS:
        citizen = await hotline.caller_dials(tone=None)
        ringing = await citizen.until("call.ringing", within=10)
        seat = next(seat for seat in seats if seat.extension == ringing.data["seat"])
        talk = await seat.rings(within=10)
        await talk.answer()
        await citizen.until("notes.changed", within=5, state="live")
        talks.append((call, citizen, talk))
    sides = [(citizen.call, _sound(call, "caller")) for call, citizen, _ in talks]
    sides += [(talk, _sound(call, "operator")) for call, _, talk in talks]
    await asyncio.gather(*(phone.speaks(sound) for phone, sound in sides))
    await asyncio.gather(*(citizen.hangs_up() for _, citizen, _ in talks))
    return talks, max(phone.line.latest_send for phone, _ in sides)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A turn as the recording has it: its text, and where its voice begins, pauses and ends there."""

    text: str
    stretches: list[tuple[float, float]]


def _as_recorded(call: str, voice: str, channel: Sequence[int], *, after: float) -> list[Recorded]:
    """Find one side's turns in the recording itself, behind the greeting and a silence.

    Each turn by itself, and its begin and its end by what is around them: on a busy machine a phone sends some of its
    sound later than it should. Where it does so in the middle of a turn, its voice pauses as any other.
    """
    whole = [turn for turn in voice_of(call, voice) if turn.end < SECONDS - 0.5]
    sound, recorded = _envelope(sound_of(call, voice)), _envelope(channel)
    at, found = round(after * _RATE / _FRAME), []
    at = next(at for at in range(at, len(recorded)) if recorded[at] > _LOUD) - round(whole[0].start * _RATE / _FRAME)

    def later(begin: float, end: float, about: int) -> int:
        """Give how many frames later than it was to be said this is in the recording; about so many."""
        first, last = (max(0, round(second * _RATE / _FRAME)) for second in (begin, end))
        wanted = sound[first:last]

        def unlike(shift: int) -> float:
            there = recorded[first + shift : last + shift]
            return sum(abs(one - other) for one, other in zip(wanted, there, strict=False))

        return min(range(about - _LATER, about + _LATER), key=unlike)

    for turn in whole:
        at = later(turn.start - 0.2, turn.end + 0.2, at)
        begin = turn.start + later(turn.start - _AROUND / 4, turn.start + _AROUND, at) * _FRAME / _RATE
        end = turn.end + later(turn.end - _AROUND, turn.end + _AROUND / 4, at) * _FRAME / _RATE
        found.append(Recorded(turn.text, stretches_in(channel, begin - _FRAME / _RATE, end + _FRAME / _RATE)))
    return found


def _envelope(samples: Sequence[int]) -> list[float]:
    """Give how loud each 20 ms is."""
    return [loudness_of(samples[at : at + _FRAME]) for at in range(0, len(samples) - _FRAME + 1, _FRAME)]


def _agrees(hotline: Hotline, record: Json, side: str, said: list[Recorded]) -> tuple[str, str]:
    """Compare the notes of one side with what the recording has, and where each utterance begins and ends."""
    stretches = [stretch for turn in said for stretch in turn.stretches]
    heard = [each for each in record["utterances"] if each["side"] == side]
    heard = [each for each in heard if each["start"] < stretches[-1][1] + 0.3]
    texts = "".join(each["text"] for each in heard), "".join(turn.text for turn in said)
    wrong = error_rate(*texts)
    starts = [min(abs(each["start"] - begin) for begin, _ in stretches) for each in heard]
    ends = [min(abs(each["end"] - end) for _, end in stretches) for each in heard]
    hotline.tells(
        f"{record['id']} {side}: {len(said)} turns, {len(heard)} utterances, {wrong:.2f} of the characters wrong; "
        f"begins off by {max(starts):.2f} s at most, ends by {max(ends):.2f} s"
    )
    assert wrong <= 0.35, "a side is short: a few signs weigh much"
    assert max(starts) <= 0.3, [round(off, 2) for off in starts]
    assert max(ends) <= 0.3, [round(off, 2) for off in ends]
    for turn in said:
        at = turn.stretches[0][0]
        assert any(each["start"] - 0.3 <= at < each["end"] for each in heard), f"nothing was heard at {at:.2f}"
    return texts


def _delays(hotline: Hotline, records: list[Json]) -> list[float]:
    """Give how long after its end each live utterance was told, sorted."""
    started = {record["id"]: datetime.fromisoformat(record["recording"]["started"]) for record in records}
    return sorted(
        (event.time - started[event.data["call_id"]]).total_seconds() - event.data["end"]
        for event in hotline.events.of("utterance.final")
        if event.data["live"] and event.data["call_id"] in started
    )


async def _noted(citizen: Citizen) -> Json:
    await citizen.until("notes.changed", within=60, state="complete")
    return await citizen.record()


def _hears(health: Json) -> bool:
    return bool(health["components"]["speech"]["status"] == "ok")
