"""Cutting one party's sound into utterances, by a detector that takes loud for a voice."""

import random
from array import array
from itertools import pairwise

from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from callcenter.speech.turns import FRAME_BYTES, FRAME_SECONDS, Turn, Turns

LOUD, QUIET = 4000, 40


def sound(*pieces: tuple[float, int]) -> bytes:
    """Give sound of these lengths, in seconds, and loudnesses."""
    noise = random.Random(7)
    samples = array("h")
    for seconds, loudness in pieces:
        samples.extend(noise.randint(-loudness, loudness) for _ in range(round(seconds * 8000)))
    return samples.tobytes()


def is_loud(frame: bytes) -> bool:
    return max(array("h", frame)) > LOUD / 4


def cut(pcm: bytes, *, pieces: int = 3200, finish: bool = True) -> list[Turn]:
    """Cut sound that comes in pieces of so many bytes."""
    turns = Turns(is_loud)
    found = []
    for at in range(0, len(pcm), pieces):
        for frame, voiced in turns.frames(pcm[at : at + pieces]):
            found.append(turns.take(frame, voiced=voiced))
    if finish:
        found.append(turns.finish())
    return [turn for turn in found if turn is not None]


def seconds(turn: Turn) -> tuple[float, float]:
    return round(turn.start * FRAME_SECONDS, 2), round(turn.end * FRAME_SECONDS, 2)


def test_an_utterance_begins_and_ends_with_its_voice() -> None:
    (turn,) = cut(sound((1.0, QUIET), (2.0, LOUD), (1.0, QUIET)), finish=False)

    assert seconds(turn) == (1.0, 3.0)


def test_its_sound_has_a_little_before_and_behind_the_voice() -> None:
    (turn,) = cut(sound((1.0, QUIET), (2.0, LOUD), (1.0, QUIET)))

    assert len(turn.sound()) / 16000 == 2.4
    assert turn.first * FRAME_SECONDS == 0.8


def test_half_a_second_of_silence_makes_two_of_it_less_does_not() -> None:
    short = cut(sound((0.5, QUIET), (1.0, LOUD), (0.44, QUIET), (1.0, LOUD), (0.6, QUIET)))
    long = cut(sound((0.5, QUIET), (1.0, LOUD), (0.52, QUIET), (1.0, LOUD), (0.6, QUIET)))

    assert [seconds(turn) for turn in short] == [(0.5, 2.94)]
    assert [seconds(turn) for turn in long] == [(0.5, 1.5), (2.02, 3.02)]
    assert [turn.number for turn in long] == [0, 1]


def test_a_click_opens_nothing() -> None:
    assert cut(sound((0.5, QUIET), (0.04, LOUD), (1.0, QUIET))) == []


def test_who_speaks_on_and_on_is_cut_at_the_quietest_place() -> None:
    turns = cut(sound((0.5, QUIET), (12.0, LOUD), (0.2, QUIET), (6.0, LOUD), (1.0, QUIET)))

    assert [seconds(turn) for turn in turns] == [(0.5, 12.5), (12.7, 18.7)]
    assert all(turn.closed for turn in turns)


def test_none_is_longer_than_14_seconds_and_nothing_is_lost_between_two() -> None:
    turns = cut(sound((0.5, QUIET), (40.0, LOUD), (1.0, QUIET)))

    print([seconds(turn) for turn in turns])
    assert max((turn.end - turn.start) * FRAME_SECONDS for turn in turns) <= 14.0
    assert seconds(turns[0])[0] == 0.5
    assert seconds(turns[-1])[1] == 40.5
    assert all(before.end == after.start for before, after in pairwise(turns))


def test_the_end_of_the_sound_closes_what_is_open() -> None:
    (turn,) = cut(sound((0.5, QUIET), (1.0, LOUD)))

    assert seconds(turn) == (0.5, 1.5)


@settings(max_examples=40, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@example([(68, True), (3, False)], 3200)
@given(st.lists(st.tuples(st.integers(1, 80), st.booleans()), max_size=6), st.integers(100, 5000))
def test_however_the_sound_comes_the_utterances_are_the_same_and_follow_each_other(
    stretches: list[tuple[int, bool]], pieces: int
) -> None:
    frames = {True: array("h", [LOUD] * 160).tobytes(), False: bytes(FRAME_BYTES)}
    pcm = b"".join(frames[loud] * (10 * count) for count, loud in stretches)

    turns = cut(pcm, pieces=pieces)

    assert [(turn.start, turn.end, turn.sound()) for turn in turns] == [
        (turn.start, turn.end, turn.sound()) for turn in cut(pcm, pieces=FRAME_BYTES)
    ]
    for before, after in pairwise(turns):
        assert before.number < after.number
        assert before.start < before.end <= after.start
    for turn in turns:
        assert turn.first <= turn.start < turn.end <= len(pcm) / FRAME_BYTES
        begin = turn.first * FRAME_BYTES
        assert pcm[begin : begin + len(turn.sound())] == turn.sound()
    heard = sum(turn.voiced.count(1) for turn in turns)
    assert heard == sum(10 * count for count, loud in stretches if loud)
