"""What every recogniser promises, tried on both engines with real models; then what only one of them can show.

Vosk hears with a Korean model, as none of Mandarin comes in a package: its words are nonsense, but where they begin
and end, and all that surrounds them, is the same as with any other.
"""

import math
import random
import threading
import time
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

import pytest

from callcenter.domain.errors import UnavailableError
from callcenter.speech.engines import load
from callcenter.speech.models import Engine
from callcenter.speech.recogniser import Heard, Recogniser, Stream
from tests.support.mandarin import RATE, Said, error_rate, needs_audio, sound_of, turns_of, voice_of
from tests.support.speech_models import vosk_model, whisper_model

pytestmark = [pytest.mark.speech, pytest.mark.slow, pytest.mark.timeout(180)]

NEAR = 0.3  # seconds that a time may be wrong by
PATIENCE = 120.0  # seconds for what takes ten on an idle machine


@pytest.fixture(scope="module", params=list(Engine))
def recogniser(request: pytest.FixtureRequest) -> Iterator[Recogniser]:
    """Each engine in its turn, with two decode threads."""
    yield from loaded(request.param)


@pytest.fixture(scope="module")
def whisper() -> Iterator[Recogniser]:
    yield from loaded(Engine.WHISPER)


@pytest.fixture(scope="module")
def vosk() -> Iterator[Recogniser]:
    yield from loaded(Engine.VOSK)


def loaded(engine: Engine) -> Iterator[Recogniser]:
    made = load_with_model(engine, threads=2)
    yield made
    made.close()


def load_with_model(engine: Engine, *, threads: int) -> Recogniser:
    needs_audio()
    return load(engine, {Engine.VOSK: vosk_model, Engine.WHISPER: whisper_model}[engine](), threads=threads)


@dataclass
class Ear:
    """Keeps what a recogniser tells of one stream."""

    heard: list[Heard] = field(default_factory=list)
    finished: threading.Event = field(default_factory=threading.Event)

    def of(self, recogniser: Recogniser, *, live: bool = False) -> Stream:
        return recogniser.stream(self.heard.append, on_finished=self.finished.set, live=live)

    def waits(self) -> None:
        assert self.finished.wait(PATIENCE), "it did not come to its end"

    @property
    def finals(self) -> list[Heard]:
        return [heard for heard in self.heard if heard.final]

    @property
    def text(self) -> str:
        return "".join(heard.text for heard in self.finals)


def part(call: str, side: str, start: float, end: float) -> bytes:
    """Give a stretch of one side of a call."""
    return sound_of(call, side)[int(start * RATE) : int(end * RATE)].tobytes()


def hear(recogniser: Recogniser, *sounds: bytes, live: bool = False, pieces: int = 3200) -> list[Ear]:
    """Have several parties heard at the same time, to their end."""
    ears = [Ear() for _ in sounds]
    streams = [ear.of(recogniser, live=live) for ear in ears]
    for at in range(0, max(map(len, sounds)), pieces):
        for stream, sound in zip(streams, sounds, strict=True):
            if at < len(sound):
                stream.feed(sound[at : at + pieces])
    for stream in streams:
        stream.finish()
    for ear in ears:
        ear.waits()
    return ears


def tell(ear: Ear, turns: Sequence[Said] = ()) -> None:
    """Print what was heard beside what was said, for whoever reads the test's output."""
    for turn in turns:
        print(f"  said  {turn.start:7.2f} {turn.end:7.2f}  {turn.text}")
    for heard in ear.finals:
        print(f"  heard {heard.start:7.2f} {heard.end:7.2f}  {heard.text}  {heard.confidence or 0:.2f}")


# What both promise


def test_what_people_say_is_heard_where_they_say_it(recogniser: Recogniser) -> None:
    turns = [turn for turn in voice_of("call1", "caller") if turn.end < 41]

    (ear,) = hear(recogniser, part("call1", "caller", 0, 41))

    tell(ear, turns)
    assert all(heard.text for heard in ear.finals)
    assert all(0 < (heard.confidence or 0) <= 1 for heard in ear.finals)
    assert [heard.number for heard in ear.finals] == sorted({heard.number for heard in ear.finals})
    assert all(before.end <= after.start for before, after in pairwise(ear.finals))
    for heard in ear.finals:
        assert 0 <= heard.start < heard.end <= 41
        assert any(abs(heard.start - turn.start) <= NEAR for turn in turns), "it begins where nobody begins"
        assert any(abs(heard.end - turn.end) <= NEAR for turn in turns), "it ends where nobody ends"
    for turn in turns:
        assert any(heard.start < turn.end and turn.start < heard.end for heard in ear.finals), f"not heard: {turn.text}"


def test_words_are_shown_while_they_are_spoken_and_the_final_replaces_them(recogniser: Recogniser) -> None:
    sound = part("call1", "caller", 8.6, 17.5)
    ear = Ear()
    stream = ear.of(recogniser, live=True)

    began = time.monotonic()
    for at in range(0, len(sound), 320):
        time.sleep(max(0.0, began + at / 2 / RATE - time.monotonic()))  # as it is spoken
        stream.feed(sound[at : at + 320])
    stream.finish()
    ear.waits()

    for heard in ear.heard:
        kind = "final  " if heard.final else "partial"
        print(f"  {heard.number} {kind} {heard.start:6.2f} {heard.end:6.2f} {heard.text}")
    shown = [heard for heard in ear.heard if not heard.final]
    assert {heard.number for heard in shown} <= {heard.number for heard in ear.finals}
    assert {heard.number for heard in ear.finals} & {heard.number for heard in shown}
    for final in ear.finals:
        before = [heard for heard in ear.heard[: ear.heard.index(final)] if heard.number == final.number]
        after = [heard for heard in ear.heard[ear.heard.index(final) + 1 :] if heard.number == final.number]
        assert not after
        assert all(abs(heard.start - final.start) <= NEAR and heard.start <= heard.end for heard in before)


def noise(loudness: float) -> "array[int]":
    made = random.Random(5)
    return array("h", (round(made.gauss(0, loudness)) for _ in range(6 * RATE)))


def tone(hz: int, on: float, off: float) -> "array[int]":
    """Give 6 s of a tone that comes and goes."""
    times = (at / RATE for at in range(6 * RATE))
    return array("h", (round(9000 * math.sin(2 * math.pi * hz * at)) if at % (on + off) < on else 0 for at in times))


def through_the_network(sound: "array[int]") -> "array[int]":
    """Give it as coarse as A-law makes it: an error of 1.5 % of each sample."""
    made = random.Random(5)
    return array("h", (round(value * made.uniform(0.985, 1.015)) for value in sound))


@pytest.mark.parametrize(
    ("what", "sound"),
    [
        ("silence", array("h", bytes(12 * RATE))),
        ("faint noise", noise(20)),
        ("a noisy line", noise(300)),
        ("ringing", tone(450, 1.0, 4.0)),
        ("the busy tone", tone(450, 0.35, 0.35)),
        ("ringing, through the network", through_the_network(tone(450, 1.0, 4.0))),
    ],
)
def test_where_nobody_speaks_nothing_is_heard(recogniser: Recogniser, what: str, sound: "array[int]") -> None:
    (ear,) = hear(recogniser, sound.tobytes())

    assert not ear.text, f"{what} was heard as words"


def test_after_the_end_all_is_settled_and_nothing_waits(recogniser: Recogniser) -> None:
    ear = Ear()
    stream = ear.of(recogniser)
    stream.feed(part("call1", "caller", 23, 29))  # it ends in the middle of a sentence
    before = stream.settled

    stream.finish()
    ear.waits()

    assert before < 1.0
    assert ear.text
    assert stream.settled == pytest.approx(6.0, abs=0.02)
    assert stream.behind == 0


def test_nothing_is_called_settled_before_it_is_told(recogniser: Recogniser) -> None:
    sound = part("call1", "caller", 0, 30)
    told: list[tuple[float, Heard]] = []
    finished = threading.Event()
    reached = 0.0  # the latest moment that was said to be settled

    def hears(heard: Heard) -> None:
        told.append((reached, heard))

    stream = recogniser.stream(hears, on_finished=finished.set)
    for at in range(0, len(sound), 3200):
        stream.feed(sound[at : at + 3200])
        reached = max(reached, stream.settled)
    stream.finish()
    while not finished.wait(0.005):
        reached = max(reached, stream.settled)

    assert told
    for settled, heard in told:
        assert heard.end > settled, f"{heard.start} to {heard.end} was told when {settled} was settled"


def test_two_parties_at_once_are_heard_as_each_alone(recogniser: Recogniser) -> None:
    sounds = part("call1", "caller", 23, 33), part("call2", "caller", 8, 18)
    alone = [hear(recogniser, sound)[0] for sound in sounds]

    together = hear(recogniser, *sounds)

    assert [ear.finals for ear in together] == [ear.finals for ear in alone]
    assert alone[0].text != alone[1].text
    assert together[0].text
    assert together[1].text


def test_the_same_sound_gives_the_same_words_however_it_comes(recogniser: Recogniser) -> None:
    sound = part("call2", "caller", 8, 18)

    (first,), (second,) = hear(recogniser, sound, pieces=320), hear(recogniser, sound, pieces=50_001)

    assert first.finals == second.finals
    assert first.text


def test_a_stream_that_is_abandoned_says_nothing_more_and_another_goes_on(recogniser: Recogniser) -> None:
    sound = part("call1", "caller", 23, 29)
    left, other = Ear(), Ear()
    stream, kept = left.of(recogniser), other.of(recogniser)
    stream.feed(sound)
    stream.finish()

    stream.abandon()
    at_that_moment = len(left.heard)
    kept.feed(sound)
    kept.finish()
    other.waits()

    assert other.text
    assert len(left.heard) == at_that_moment
    assert not left.finished.is_set() or at_that_moment  # it may have come to its end before


@pytest.mark.parametrize("engine", list(Engine))
def test_closing_ends_open_streams_without_a_further_word(engine: Engine) -> None:
    recogniser = load_with_model(engine, threads=1)
    ears = [Ear() for _ in range(3)]
    streams = [ear.of(recogniser, live=True) for ear in ears]
    for stream in streams:
        stream.feed(part("call1", "caller", 9, 29))

    closer = threading.Thread(target=recogniser.close)
    closer.start()
    closer.join(PATIENCE)

    assert not closer.is_alive(), "it did not come to its end"
    counts = [len(ear.heard) for ear in ears]
    for refused in (partial(streams[0].feed, bytes(320)), streams[0].finish, partial(ears[0].of, recogniser)):
        with pytest.raises(UnavailableError):
            refused()
    streams[0].abandon()
    assert [len(ear.heard) for ear in ears] == counts
    assert not any(ear.finished.is_set() for ear in ears)


# What only one of them can show


def test_mandarin_on_the_telephone_is_understood(whisper: Recogniser) -> None:
    calls = ("call1", "call2", "call3")

    ears = hear(whisper, *(sound_of(call, "caller").tobytes() for call in calls))

    rates = {}
    for call, ear in zip(calls, ears, strict=True):
        said = turns_of(call, "caller")
        print(call)
        tell(ear, voice_of(call, "caller"))
        rates[call] = error_rate(ear.text, "".join(turn.text for turn in said))
    print({call: round(rate, 3) for call, rate in rates.items()})
    assert max(rates.values()) <= 0.30


def test_every_turn_begins_and_ends_where_it_does(whisper: Recogniser) -> None:
    turns = [turn for turn in voice_of("call1", "operator") if turn.end < 50]

    (ear,) = hear(whisper, part("call1", "operator", 0, 50))

    tell(ear, turns)
    for turn in turns:
        assert min(abs(heard.start - turn.start) for heard in ear.finals) <= NEAR
        assert min(abs(heard.end - turn.end) for heard in ear.finals) <= NEAR


def test_only_simplified_characters_are_written(whisper: Recogniser) -> None:
    (ear,) = hear(whisper, part("call1", "caller", 28, 33))

    tell(ear)
    assert "人员" in ear.text
    assert not set("員個樓給這") & set(ear.text)


def test_times_stay_right_over_a_long_call(vosk: Recogniser) -> None:
    """After ten minutes the library begins anew within; 11 minutes of a silent line come before the sentence."""
    ear = Ear()
    stream = ear.of(vosk)
    for _ in range(11 * 60):
        stream.feed(bytes(2 * RATE))
    stream.feed(part("call1", "caller", 22.5, 34))
    stream.finish()
    ear.waits()

    (turn, other) = (turn for turn in voice_of("call1", "caller") if 23 < turn.start < 33)
    tell(ear, (turn, other))
    assert abs(ear.finals[0].start - (turn.start - 22.5 + 660)) <= NEAR
    assert abs(ear.finals[-1].end - (other.end - 22.5 + 660)) <= NEAR
