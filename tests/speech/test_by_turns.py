"""The order of work when the engine decodes whole utterances, with a decoder that waits until it is told to go on."""

import threading
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from callcenter.domain.errors import UnavailableError
from callcenter.speech.by_turns import Decoded, TurnRecogniser
from callcenter.speech.recogniser import Heard, Stream

PATIENCE = 10.0


def voice(seconds: float, *, name: int = 1) -> bytes:
    """Give a voice that is told from others by its loudness."""
    return array("h", [1000 * name, -1000 * name] * round(seconds * 4000)).tobytes()


def silence(seconds: float) -> bytes:
    return bytes(round(seconds * 8000) * 2)


@dataclass
class Desk:
    """A decoder whose work is seen and let go piece by piece; it hears the speaker's name and how long it was."""

    free: bool = True
    asked: list[tuple[str, bool]] = field(default_factory=list)
    fault: Exception | None = None
    silent: bool = False
    changed: threading.Condition = field(default_factory=threading.Condition)
    _let_go: int = 0

    def __call__(self, pcm: bytes, *, final: bool) -> Decoded:
        samples = array("h", pcm)
        name = f"{max(samples) // 1000}"
        with self.changed:
            self.asked.append((name, final))
            self.changed.notify_all()
            if not self.free:
                assert self.changed.wait_for(lambda: self._let_go > 0 or self.free, PATIENCE)
                self._let_go -= 1
        if self.fault:
            raise self.fault
        spoken = sum(1 for sample in samples if sample) / 8000
        return Decoded("" if self.silent else f"{name}说了{spoken:.1f}秒", 0.5)

    def until_asked(self, count: int) -> None:
        """Wait until the decoder has had so many pieces in its hands."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.asked) >= count, PATIENCE), self.asked

    def let_go(self) -> None:
        """Finish the piece in hand."""
        with self.changed:
            self._let_go += 1
            self.changed.notify_all()

    def stay_free(self) -> None:
        """Hold nothing back any more."""
        with self.changed:
            self.free = True
            self.changed.notify_all()


@dataclass
class Ear:
    heard: list[Heard] = field(default_factory=list)
    finished: threading.Event = field(default_factory=threading.Event)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def hears(self, heard: Heard) -> None:
        with self.changed:
            self.heard.append(heard)
            self.changed.notify_all()

    def until_heard(self, count: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.heard) >= count, PATIENCE), self.heard

    def waits(self) -> None:
        assert self.finished.wait(PATIENCE)

    @property
    def told(self) -> list[tuple[int, str, bool]]:
        return [(heard.number, heard.text, heard.final) for heard in self.heard]


class Room:
    """A recogniser with one thread."""

    def __init__(self, desk: Desk, *, threads: int = 1) -> None:
        self.desk = desk
        self.recogniser = TurnRecogniser("test", desk, detector=lambda: any, threads=threads)

    def stream(self, *, live: bool = True) -> tuple[Stream, Ear]:
        ear = Ear()
        return self.recogniser.stream(ear.hears, on_finished=ear.finished.set, live=live), ear


@pytest.fixture
def room() -> Iterator[Callable[..., Room]]:
    """Makes rooms, and closes them."""
    made: list[Room] = []

    def make(desk: Desk | None = None, *, threads: int = 1) -> Room:
        made.append(Room(desk or Desk(), threads=threads))
        return made[-1]

    yield make
    for one in made:
        one.desk.stay_free()
        one.recogniser.close()


def test_an_utterance_is_told_when_it_is_over(room: Callable[..., Room]) -> None:
    stream, ear = room().stream()

    stream.feed(silence(1.0) + voice(0.8) + silence(1.0))
    stream.finish()
    ear.waits()

    assert ear.told == [(0, "1说了0.8秒", True)]
    assert ear.heard[0].start == pytest.approx(1.0)
    assert ear.heard[0].end == pytest.approx(1.8)
    assert stream.settled == pytest.approx(2.8)


def test_who_goes_on_without_a_new_word_is_told_again(room: Callable[..., Room]) -> None:
    desk = Desk()
    stream, ear = room(desk).stream()
    stream.feed(voice(1.02))
    ear.until_heard(1)
    desk.silent = True  # the engine is not sure of what it hears now

    stream.feed(voice(1.02))
    ear.until_heard(2)

    first, second = ear.heard
    assert (second.text, second.final) == (first.text, False)
    assert second.end > first.end


def test_words_are_shown_each_second_and_the_final_text_replaces_them(room: Callable[..., Room]) -> None:
    one = room()
    stream, ear = one.stream()

    for count in (1, 2, 3):
        stream.feed(voice(1.02))
        ear.until_heard(count)
    stream.feed(silence(0.6))
    stream.finish()
    ear.waits()

    assert [final for *_, final in ear.told] == [False, False, False, True]
    assert {number for number, *_ in ear.told} == {0}
    assert one.desk.asked == [("1", False)] * 3 + [("1", True)]


def test_a_pause_is_decoded_ahead_and_the_end_needs_nothing_more(room: Callable[..., Room]) -> None:
    one = room()
    stream, ear = one.stream()

    stream.feed(voice(0.8) + silence(0.32))
    ear.until_heard(1)
    stream.feed(silence(0.4))
    ear.until_heard(2)

    assert ear.told == [(0, "1说了0.8秒", False), (0, "1说了0.8秒", True)]
    assert one.desk.asked == [("1", True)]


def test_who_goes_on_after_a_pause_is_heard_as_a_whole(room: Callable[..., Room]) -> None:
    stream, ear = room().stream()

    stream.feed(voice(0.8) + silence(0.32))
    ear.until_heard(1)
    stream.feed(voice(0.6) + silence(0.6))
    stream.finish()
    ear.waits()

    assert ear.told == [(0, "1说了0.8秒", False), (0, "1说了1.4秒", True)]


def test_an_utterance_that_ends_while_it_is_decoded_ahead_is_told_at_once(room: Callable[..., Room]) -> None:
    one = room(Desk(free=False))
    stream, ear = one.stream()
    stream.feed(voice(0.8) + silence(0.32))
    one.desk.until_asked(1)

    stream.feed(silence(0.4))
    one.desk.let_go()
    ear.until_heard(1)

    assert ear.told == [(0, "1说了0.8秒", True)]


def test_what_turns_out_to_be_no_words_is_withdrawn(room: Callable[..., Room]) -> None:
    one = room()
    stream, ear = one.stream()
    stream.feed(voice(1.02))
    ear.until_heard(1)

    one.desk.silent = True
    stream.feed(silence(0.6))
    stream.finish()
    ear.waits()

    assert [(text, final) for _, text, final in ear.told] == [("1说了1.0秒", False), ("", True)]


def test_what_was_never_shown_and_is_no_words_is_not_told(room: Callable[..., Room]) -> None:
    one = room(Desk(silent=True))
    stream, ear = one.stream()

    stream.feed(voice(0.8) + silence(0.6))
    stream.finish()
    ear.waits()

    assert ear.told == []
    assert one.desk.asked


def test_finals_come_first_oldest_first_then_partials_then_recordings(room: Callable[..., Room]) -> None:
    one = room(Desk(free=False))
    (first, _), (second, _), (third, _), (fourth, _) = one.stream(), one.stream(), one.stream(), one.stream()
    recording, _ = one.stream(live=False)
    recording.feed(voice(0.8, name=5) + silence(0.6))
    one.desk.until_asked(1)  # it is in hand

    recording.feed(voice(0.8, name=6) + silence(0.6))
    first.feed(voice(1.2, name=1))  # wants a partial
    second.feed(voice(0.8, name=2) + silence(0.32))  # has paused
    third.feed(voice(0.8, name=3) + silence(0.6))  # is over
    fourth.feed(voice(0.8, name=4) + silence(0.6))
    one.desk.stay_free()
    one.desk.until_asked(6)

    assert one.desk.asked == [("5", True), ("3", True), ("4", True), ("2", True), ("1", False), ("6", True)]


def test_when_the_engine_is_late_partials_are_left_out_and_no_final_is(room: Callable[..., Room]) -> None:
    one = room(Desk(free=False))
    (slow, _), (stream, ear) = one.stream(), one.stream()
    slow.feed(voice(0.8, name=9) + silence(0.6))
    one.desk.until_asked(1)

    for _ in range(3):
        for _ in range(4):
            stream.feed(voice(1.0))
        stream.feed(silence(0.6))
    assert stream.behind == pytest.approx(2 * 4.6 + 0.1)
    assert stream.settled == pytest.approx(0.0)
    one.desk.stay_free()
    stream.finish()
    ear.waits()

    assert ear.told == [(number, "1说了4.0秒", True) for number in range(3)]
    assert stream.behind == 0


def test_a_recording_leaves_one_of_two_threads_to_those_who_talk(room: Callable[..., Room]) -> None:
    one = room(Desk(free=False), threads=2)
    (old, _), (older, _), (live, ear) = one.stream(live=False), one.stream(live=False), one.stream()
    old.feed(voice(0.8, name=2) + silence(0.6))
    older.feed(voice(0.8, name=3) + silence(0.6))
    one.desk.until_asked(1)

    live.feed(voice(0.8) + silence(0.6))
    one.desk.until_asked(2)

    assert [name for name, _ in one.desk.asked] == ["2", "1"]
    one.desk.stay_free()
    ear.until_heard(1)


def test_an_engine_that_fails_says_so_and_is_not_asked_again(room: Callable[..., Room]) -> None:
    one = room(Desk(fault=RuntimeError("broken")))
    stream, ear = one.stream()
    stream.feed(voice(0.8) + silence(0.6))
    one.desk.until_asked(1)

    def fails() -> bool:
        try:
            stream.feed(silence(0.02))
        except UnavailableError as error:
            return "RuntimeError" in str(error) and "broken" not in str(error)
        return False

    assert any(fails() or threading.Event().wait(0.01) for _ in range(500))
    with pytest.raises(UnavailableError):
        one.stream()
    assert ear.told == []
    assert len(one.desk.asked) == 1


def test_an_abandoned_stream_is_silent_from_that_moment(room: Callable[..., Room]) -> None:
    one = room(Desk(free=False))
    stream, ear = one.stream()
    other, other_ear = one.stream()
    stream.feed(voice(0.8) + silence(0.6))
    one.desk.until_asked(1)

    stream.abandon()
    one.desk.stay_free()
    other.feed(voice(0.8, name=2) + silence(0.6))
    other.finish()
    other_ear.waits()

    assert ear.told == []
    assert not ear.finished.is_set()
    assert other_ear.told == [(0, "2说了0.8秒", True)]
