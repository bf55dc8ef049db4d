"""Who is listened to as a call goes on, and how the notes of it stand; the world around is fake."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from callcenter.domain.calls import Call, RecordingState
from callcenter.domain.errors import UnavailableError
from callcenter.domain.exchange.commands import NoteRecording, SetSecret
from callcenter.domain.ids import CallId, LegId
from callcenter.domain.notes import NotesState, TapId, Words
from callcenter.office import late_notes, notes
from callcenter.office.late_notes import LateNotes
from callcenter.office.notes import NoteTaker
from tests.support.office_fakes import CALL, FakeCalls, FakeRecordings, Office, an_office, eventually, running

OTHER = CallId("7c1b0d64-0000-4000-8000-000000000002")


class FakeTaps:
    """Keeps what was begun and ended."""

    on_ended: Callable[[TapId], None]

    def __init__(self) -> None:
        self.begun: dict[TapId, LegId] = {}
        self.ended: list[TapId] = []
        self.away = False

    def begin(self, tap_id: TapId, leg_id: LegId, port: int) -> None:
        assert port == 4000
        if self.away:
            raise UnavailableError("no link")
        self.begun[tap_id] = leg_id

    def end(self, tap_id: TapId) -> None:
        self.ended.append(tap_id)


@dataclass
class FakeHearing:
    """Speech workers with so much room; what they are to hear is kept."""

    room: int = 10
    placed: list[TapId] = field(default_factory=list)
    forgotten: list[TapId] = field(default_factory=list)
    recordings: list[tuple[int, float, float]] = field(default_factory=list)
    words: Sequence[Words] = ()
    breaks: bool = False

    def place(self, tap_id: TapId, call_id: CallId) -> bool:  # noqa: ARG002
        if self.room <= 0:
            return False
        self.room -= 1
        self.placed.append(tap_id)
        return True

    def forget(self, tap_id: TapId) -> None:
        self.forgotten.append(tap_id)

    async def transcribe(self, recording: Path, *, channel: int, begins: float, ends: float) -> Sequence[Words]:
        assert recording.suffix == ".wav"
        if self.breaks:
            raise UnavailableError("the speech worker ended")
        self.recordings.append((channel, begins, ends))
        return self.words


@dataclass
class Desk:
    """A note taker in an office, and what it does."""

    office: Office
    taker: NoteTaker
    taps: FakeTaps
    hearing: FakeHearing
    calls: FakeCalls

    def talk(self, call_id: CallId = CALL) -> dict[LegId, TapId]:
        """Let caller and seat talk, with their taps begun; gives the tap of each leg."""
        self.office.a_caller_waits(call_id)
        self.office.clock.advance(5)
        self.office.the_seat_answers()
        return self.connect()

    def connect(self) -> dict[LegId, TapId]:
        """Let every tap that is expected begin."""
        for tap_id in self.hearing.placed:
            if tap_id not in self.taps.begun and tap_id not in self.hearing.forgotten:
                self.taker.tap_ready(tap_id, 4000)
                self.taker.tap_begun(tap_id, self.now())
        return {leg_id: tap_id for tap_id, leg_id in self.taps.begun.items()}

    def now(self, less: float = 0.0) -> datetime:
        return self.office.clock.now() - timedelta(seconds=less)

    def hears(self, tap_id: TapId, text: str, number: int = 0, *, final: bool = True, seconds: float = 1.0) -> None:
        """Let a tap hear what was said in the last seconds."""
        words = Words(number=number, begins=self.now(seconds), ends=self.now(), text=text, confidence=0.8, final=final)
        self.taker.tap_heard(tap_id, words)

    def ends(self, call_id: CallId = CALL) -> None:
        """Let the caller hang up, and every tap of his tell its last."""
        taps = [tap_id for tap_id, leg in self.taps.begun.items() if tap_id in self.taker._tap]
        self.office.the_caller_hangs_up(call_id)
        for tap_id in taps:
            self.taker.tap_over(tap_id, self.now())

    def noted(self, call_id: CallId = CALL) -> list[tuple[str, str]]:
        call = self.office.switchboard.exchange.call(call_id)
        assert call is not None
        return [(each.side.value, each.text) for each in call.utterances]

    def state(self, call_id: CallId = CALL) -> NotesState | None:
        call = self.office.switchboard.exchange.call(call_id)
        return None if call is None or call.notes is None else call.notes.state

    def shown(self) -> list[tuple[str, str]]:
        return [
            (event.data["id"], event.data["text"])
            for event in self.office.stream.since(0) or ()
            if event.type == "utterance.partial"
        ]


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(notes, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(late_notes, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(late_notes, "BUSY_SECONDS", 0.01)
    office, taps, hearing, calls = an_office(ready=("8001", "8002")), FakeTaps(), FakeHearing(), FakeCalls()
    taker = NoteTaker(
        office.switchboard,
        calls,  # type: ignore[arg-type]  # only what notes need
        taps=taps,
        hearing=hearing,
        stream=office.stream,
        clock=office.clock,
        write=lambda text: text.replace("一二三", "123"),
    )
    return Desk(office, taker, taps, hearing, calls)


async def test_both_are_listened_to_and_their_words_are_noted_on_the_recordings_clock(desk: Desk) -> None:
    async with running(desk.taker.run):
        legs = desk.talk()
        await eventually(lambda: desk.state() is NotesState.LIVE)
        seat = next(leg for leg in legs if leg != LegId(CALL))
        desk.office.clock.advance(4)
        desk.hears(legs[LegId(CALL)], "电话一二三")
        desk.hears(legs[seat], "您好")

        call = desk.office.switchboard.exchange.call(CALL)
        assert call is not None
        first = call.utterances[0]
        assert (first.text, first.heard, first.start, first.end) == ("电话123", "电话一二三", 8.0, 9.0)
        assert desk.noted() == [("caller", "电话123"), ("seat", "您好")]

        desk.ends()
        await eventually(lambda: desk.state() is NotesState.COMPLETE)
    assert desk.taker.stray == 0


async def test_partials_are_shown_and_not_journalled_and_an_empty_final_takes_them_back(desk: Desk) -> None:
    legs = desk.talk()
    desk.office.clock.advance(2)
    tap_id = legs[LegId(CALL)]

    desk.hears(tap_id, "物业", final=False)
    desk.hears(tap_id, "物业公司", final=False)
    desk.hears(tap_id, "")
    desk.hears(tap_id, "", number=1)

    ids = {utterance_id for utterance_id, _ in desk.shown()}
    assert [text for _, text in desk.shown()] == ["物业", "物业公司", ""]
    assert len(ids) == 1
    assert "utterance.final" not in desk.office.journal.kinds()


async def test_the_final_has_the_id_of_its_partials(desk: Desk) -> None:
    legs = desk.talk()
    desk.office.clock.advance(2)
    desk.hears(legs[LegId(CALL)], "物业", number=3, final=False)
    desk.hears(legs[LegId(CALL)], "物业公司", number=3)

    call = desk.office.switchboard.exchange.call(CALL)
    assert call is not None
    assert [call.utterances[0].id] == [utterance_id for utterance_id, _ in desk.shown()]


async def test_words_of_a_tap_that_nobody_knows_are_thrown_away(desk: Desk) -> None:
    desk.talk()
    desk.hears(TapId("11111111-1111-4111-8111-111111111111"), "别人的话")

    assert desk.taker.stray == 1
    assert desk.noted() == []


async def test_two_calls_keep_their_words_apart(desk: Desk) -> None:
    one = desk.talk()[LegId(CALL)]
    other = desk.talk(OTHER)[LegId(OTHER)]
    desk.office.clock.advance(2)

    desk.hears(other, "另一个")
    desk.hears(one, "这一个")

    assert desk.noted() == [("caller", "这一个")]
    assert desk.noted(OTHER) == [("caller", "另一个")]


async def test_a_secret_ends_the_taps_of_its_call_at_once_and_of_no_other(desk: Desk) -> None:
    one = set(desk.talk().values())
    other = set(desk.talk(OTHER).values()) - one
    desk.office.clock.advance(2)

    desk.office.switchboard.ask(SetSecret(call_id=CALL, on=True))

    assert set(desk.taps.ended) == set(desk.hearing.forgotten) == one
    assert not other & set(desk.taps.ended)
    desk.hears(next(iter(one)), "之后说的", seconds=0.0)
    assert desk.noted() == [], "what was said from then on is dropped, though it may still be heard"
    desk.office.switchboard.ask(SetSecret(call_id=CALL, on=False))
    assert len(desk.hearing.placed) == 6, "both are listened to again, by new taps"


async def test_a_tap_that_dies_is_begun_again_and_what_was_missed_is_a_gap(desk: Desk) -> None:
    async with running(desk.taker.run):
        legs = desk.talk()
        tap_id = legs[LegId(CALL)]
        desk.office.clock.advance(10)
        desk.taker.tap_settled(tap_id, desk.now())
        desk.office.clock.advance(3)
        desk.taker.tap_lost(tap_id)
        desk.office.clock.advance(1)
        await eventually(lambda: len(desk.hearing.placed) == 3)
        desk.connect()
        desk.office.clock.advance(5)

        desk.ends()
        await eventually(lambda: desk.state() is NotesState.LATER)

    call = desk.office.switchboard.exchange.call(CALL)
    assert call is not None
    assert call.notes is not None
    assert [(gap.side, gap.start, gap.end) for gap in call.notes.gaps] == [("caller", 15.0, 19.0)]


async def test_a_tap_that_dies_again_and_again_is_given_up(desk: Desk) -> None:
    async with running(desk.taker.run):
        desk.talk()
        for times in range(1, notes.MOST_ATTEMPTS + 1):
            caller = next(tap for tap in reversed(desk.hearing.placed) if desk.taps.begun.get(tap) == LegId(CALL))
            desk.taker.tap_lost(caller)
            desk.office.clock.advance(6)
            if times < notes.MOST_ATTEMPTS:
                await eventually(lambda times=times: len(desk.hearing.placed) == 2 + times)  # type: ignore[misc]
                desk.connect()

        await eventually(lambda: not desk.taker._stirred.is_set())
        assert len(desk.hearing.placed) == 1 + notes.MOST_ATTEMPTS
        assert desk.taker.not_live == 1


async def test_without_room_nobody_is_heard_and_everything_is_made_later(desk: Desk) -> None:
    desk.hearing.room = 0
    async with running(desk.taker.run):
        desk.talk()
        assert desk.taker.not_live == 2
        desk.office.clock.advance(8)
        desk.office.the_caller_hangs_up()
        await eventually(lambda: desk.state() is NotesState.LATER)

    call = desk.office.switchboard.exchange.call(CALL)
    assert call is not None
    assert call.notes is not None
    assert sorted((gap.side.value, gap.start, gap.end) for gap in call.notes.gaps) == [
        ("caller", 5.0, 13.0),
        ("seat", 5.0, 13.0),
    ]


async def test_as_soon_as_there_is_room_they_are_heard(desk: Desk) -> None:
    desk.hearing.room = 0
    async with running(desk.taker.run):
        desk.talk()
        desk.hearing.room = 2
        desk.office.clock.advance(notes.ROOM_SECONDS)
        await eventually(lambda: len(desk.hearing.placed) == 2)
        desk.connect()
        assert desk.taker.not_live == 0


async def test_a_leg_that_cannot_be_tapped_costs_nothing_but_its_words(desk: Desk) -> None:
    desk.taps.away = True
    legs = desk.talk()

    assert legs == {}
    assert sorted(desk.hearing.forgotten) == sorted(desk.hearing.placed)


def late(desk: Desk, recordings: FakeRecordings) -> LateNotes:
    return LateNotes(
        desk.calls,  # type: ignore[arg-type]
        recordings,  # type: ignore[arg-type]
        desk.hearing,
        desk.office.switchboard,
        unfinished=desk.taker.unfinished,
        stream=desk.office.stream,
        clock=desk.office.clock,
    )


class StoredCalls(FakeCalls):
    """Calls that wait for their words: those of the exchange."""

    office: Office

    async def notes_wanted(self) -> Sequence[Call]:
        calls = [self.office.switchboard.exchange.call(CALL)]
        return [call for call in calls if call and call.notes and call.notes.state is NotesState.LATER]

    async def get(self, call_id: str) -> Call | None:
        return self.office.switchboard.exchange.call(call_id)


class KeptRecordings(FakeRecordings):
    """Every recording is kept."""

    async def path(self, call_id: CallId) -> Path | None:
        return Path(f"/recordings/{call_id}.wav")


@pytest.mark.parametrize(
    ("state", "breaks", "expected"),
    [
        (RecordingState.KEPT, False, NotesState.COMPLETE),
        (RecordingState.KEPT, True, NotesState.FAILED),
        (RecordingState.MISSING, False, NotesState.FAILED),
    ],
    ids=["kept", "worker breaks off", "no recording"],
)
async def test_what_was_not_heard_is_made_from_the_recording_or_an_alarm_is_raised(
    desk: Desk, state: RecordingState, expected: NotesState, *, breaks: bool
) -> None:
    desk.calls = StoredCalls()
    desk.calls.office = desk.office
    desk.hearing.room, desk.hearing.breaks = 0, breaks
    zero = datetime.fromtimestamp(0, desk.office.clock.now().tzinfo)
    begins, ends = zero + timedelta(seconds=6), zero + timedelta(seconds=7)
    desk.hearing.words = [Words(number=0, begins=begins, ends=ends, text="补上", confidence=0.9, final=True)]
    later = late(desk, KeptRecordings())
    async with running(desk.taker.run, later.run):
        desk.talk()
        desk.office.clock.advance(8)
        desk.office.the_caller_hangs_up()
        await eventually(lambda: desk.state() is NotesState.LATER)
        call = desk.office.switchboard.exchange.call(CALL)
        assert call is not None
        assert call.recording is not None
        kept = replace(call.recording, state=state, seconds=13.0)
        desk.office.switchboard.ask(NoteRecording(call_id=CALL, recording=kept))
        if state is RecordingState.KEPT:
            assert desk.hearing.recordings == [], "live calls have all the room"
        desk.hearing.room = 4
        await eventually(lambda: desk.state() is expected)

    if expected is NotesState.COMPLETE:
        assert sorted(desk.hearing.recordings) == [(0, 5.0, 13.2), (1, 5.0, 13.2)]
        assert sorted(desk.noted()) == [("caller", "补上"), ("seat", "补上")]
        assert desk.office.alarms() == []
    else:
        assert desk.noted() == []
        assert desk.office.alarms() == ["notes_failed"]
