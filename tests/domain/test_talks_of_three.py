"""On a line that does what the dialplan does: whoever acts, whenever, nobody is left alone, mute or in two talks."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from callcenter.domain.calls import CallState, LegKind, LegState
from callcenter.domain.exchange import Policy
from callcenter.domain.exchange import commands as c
from callcenter.domain.ids import CallId, LegId
from callcenter.domain.seats import SeatState
from callcenter.domain.telephony import Ending
from tests.support.exchange_story import SEATS, Story
from tests.support.line_model import BRIDGE, Channel, Line

Act = tuple[Any, ...]
UNIT_DEEDS = ("rings", "answers", "hangs", "lost")
SEAT_DEEDS = ("rings", "answers", "answers", "hangs", "hangs", "lost")
BEGINNINGS: tuple[Act, ...] = (("three", "A", False), ("three", "A", True), ("talk", "A"))
DEEDS: Sequence[tuple[int, Callable[[Random, str], Act]]] = (
    (12, lambda by, call: ("three", call, by.random() < 0.5)),
    (6, lambda by, call: ("calls", call, by.random() < 0.5)),
    (18, lambda by, call: ("change", call, by.choice(list(c.UnitAction)))),
    (14, lambda by, call: ("operator", call, by.choice(list(c.SeatAction)))),
    (7, lambda by, call: ("hold", call, by.random() < 0.5)),
    (3, lambda by, call: ("secret", call, by.random() < 0.5)),
    (3, lambda by, _: ("ready", by.choice(SEATS))),
    (5, lambda _, call: ("talk", call)),
    (10, lambda by, call: ("unit", call, by.choice(UNIT_DEEDS))),
    (2, lambda by, call: ("unit refuses", call, by.choice([Ending.BUSY, Ending.FAILED, Ending.NO_ANSWER]))),
    (10, lambda by, call: ("seat", call, by.choice(SEAT_DEEDS))),
    (2, lambda _, call: ("caller hangs up", call)),
    (8, lambda by, _: ("absence", by.random() < 0.5, by.randint(0, 8))),
)
"""What people do or ask, how often, and at which call."""
WITH_A_SURVEY: Sequence[tuple[int, Callable[[Random, str], Act]]] = (
    *DEEDS,
    (4, lambda _, call: ("seat", call, "hangs")),
    (3, lambda _, call: ("somebody ends it", call)),
    (3, lambda by, call: ("grades", call, by.randint(1, 5))),
)
"""The same where callers are asked for a grade after the talk."""
PASSED: Sequence[tuple[int, Callable[[Random, str], Act]]] = (
    (50, lambda *_: ("settle",)),
    (25, lambda by, _: ("deliver", by.randint(0, 4))),
    (10, lambda *_: ("bring",)),
    (15, lambda by, _: ("time", by.choice([0.05, 0.5, 2.0, 10.0]))),
)
"""How much of it is heard before the next."""


def chosen(by: Random, acts: Sequence[tuple[int, Callable[[Random, str], Act]]]) -> Act:
    [act] = by.choices([act for _, act in acts], [weight for weight, _ in acts])
    return act(by, by.choice("AAAAB"))


class Stage:
    """One line, and whoever acts on it."""

    def __init__(self, *, survey: bool) -> None:
        self.line = Line(story=Story(ready=SEATS, policy=Policy(survey=survey)))
        self.away = 0
        self.units = 0

    def legs(self, call: str, kind: str) -> list[LegId]:
        return [channel.id for channel in self.line.channels.values() if channel.call == call and channel.kind == kind]

    def unit(self, call: str) -> LegId:
        return next(reversed(self.legs(call, "unit")), LegId("none"))

    def seat(self, call: str) -> LegId:
        return next(reversed(self.legs(call, "seat")), LegId("none"))

    def act(self, step: Act) -> None:
        line = self.line
        line.log.append(str(step))
        if self.away:
            self.away -= 1
            if not self.away:
                line.link_is_back()
        match step:
            case "deliver", count:
                line.deliver(count)
            case ("settle",):
                line.settle()
            case "time", seconds:
                line.pass_time(seconds)
            case ("bring",):
                line.bring_units()
            case "calls", call, private:
                self.calls_unit(call, private=private)
            case "talk", call:
                self.talk(call)
            case "three", call, private:
                self.talk(call)
                self.calls_unit(call, private=private)
                line.settle()
                line.answers(self.unit(call))
                line.settle()
            case "unit", call, deed:
                self.do(self.unit(call), deed)
            case "unit refuses", call, ending:
                line.refuses(self.unit(call), ending)
            case "seat", call, deed:
                self.do(self.seat(call), deed)
            case "caller hangs up", call:
                line.hangs_up(LegId(call))
            case "somebody ends it", call:
                line.ask(c.HangUpCall(call_id=CallId(call)))
            case "grades", call, grade:
                line.grades(CallId(call), grade)
            case "change", call, action:
                line.ask(c.ChangeUnit(call_id=CallId(call), leg_id=self.unit(call), action=action))
            case "operator", call, action:
                line.ask(c.ChangeSeat(call_id=CallId(call), action=action))
            case "hold", call, on:
                line.ask(c.HoldCall(call_id=CallId(call)) if on else c.ResumeCall(call_id=CallId(call)))
            case "secret", call, on:
                line.ask(c.SetSecret(call_id=CallId(call), on=on))
            case "ready", seat:
                line.ask(c.SetSeatState(extension=seat, state=SeatState.READY))
            case "absence", dies, steps:
                line.dies() if dies else line.link_breaks()
                self.away = self.away or steps + 1

    def talk(self, call: str) -> None:
        """Bring a call to its talk, if it is not in one."""
        self.line.arrives(call)
        for _ in range(3):
            self.line.settle()
            if (shown := self.line.story.exchange.call(call)) is not None and shown.state is CallState.TALKING:
                return
            for leg in self.legs(call, "seat"):
                self.line.rings(leg)
                self.line.answers(leg)

    def calls_unit(self, call: str, *, private: bool) -> None:
        self.units += 1
        self.line.ask(
            c.CallUnit(
                call_id=CallId(call),
                leg_id=LegId(f"unit-{self.units}"),
                party="water",
                number="02",
                ring_seconds=30.0,
                private=private,
            )
        )

    def do(self, leg: LegId, deed: str) -> None:
        match deed:
            case "rings":
                self.line.rings(leg)
            case "answers":
                self.line.answers(leg)
            case "hangs":
                self.line.hangs_up(leg)
            case "lost":
                self.line.hangs_up(leg, lost=True)

    def rests(self) -> None:
        """Let everything that goes on come to its end."""
        self.line.log.append("rests")
        self.line.link_is_back()
        for seconds in (*[0.5] * 60, 10.0, *[0.5] * 10):
            self.line.settle()
            self.line.pass_time(seconds)
        self.line.settle()

    def check(self) -> None:
        line = self.line
        for channel in line.channels.values():
            others = [other for other in line.members(channel.bridge) if other is not channel]
            people = [other for other in others if other.kind != "music"]
            match channel.kind:
                case "caller":
                    self.check_caller(channel, people)
                case "seat":
                    assert line.caller(channel.call), "a seat without its caller"
                    assert channel.place in (BRIDGE, "seat-out", "ringing"), channel
                case "unit":
                    assert line.caller(channel.call), "a unit without its caller"
                    assert channel.place == "ringing" or people, "a unit alone"
        self.check_picture()

    def check_caller(self, channel: Channel, people: list[Channel]) -> None:
        line = self.line
        call = line.story.exchange.call(channel.call)
        assert call is not None, "a caller of whom nobody knows"
        assert channel.place in ("waiting", "park", BRIDGE), f"a caller in {channel.place}"
        assert not channel.muted, "a caller who is mute"
        if channel.place == BRIDGE:
            assert people, "a caller alone in a talk"
            mute = [other for other in people if other.muted]
            assert call.held or not mute, "a mute operator"
        if channel.place == "park":
            consult = [other for other in line.channels.values() if other.call == call.id and other.bridge]
            assert {other.kind for other in consult} == {"seat", "unit"}, "a caller whom nobody fetches from the music"
            assert len({other.bridge for other in consult}) == 1
        if channel.place == "waiting":
            assert call.state in (CallState.QUEUED, CallState.RINGING), "a caller in the line who is shown in a talk"

    def check_picture(self) -> None:
        line = self.line
        for call in line.story.exchange.calls:
            caller = line.caller(call.id)
            assert caller is not None, "a call without an end"
            assert (call.state is CallState.TALKING) == (caller.place in (BRIDGE, "park"))
            shown = {leg.id: leg.state for leg in call.legs if leg.state is not LegState.ENDED}
            for leg in call.legs:
                if leg.kind is LegKind.CALLER or leg.state is LegState.ENDED:
                    continue
                channel = line.channels.get(leg.id)
                assert channel is not None, f"a {leg.kind} leg without its end"
                match leg.state:
                    case LegState.JOINED:
                        assert channel.bridge == caller.bridge is not None
                    case LegState.PRIVATE:
                        assert caller.place == "park"
                    case LegState.HELD:
                        together = channel.bridge is not None and channel.bridge == caller.bridge
                        assert together == call.held
            assert set(shown) == {channel.id for channel in line.channels.values() if is_of(channel, call.id)}
        for seat in line.story.exchange.seats:
            busy = [channel for channel in line.channels.values() if channel.seat == seat.extension]
            assert len(busy) <= 1, "a seat in two calls"
            talks = bool(busy) and busy[0].place != "ringing"
            assert (seat.state is SeatState.TALKING) == talks, (seat, busy)


def is_of(channel: Channel, call: CallId) -> bool:
    return channel.call == call and channel.kind != "music"


def happens(seed: int, deeds: Sequence[tuple[int, Callable[[Random, str], Act]]], *, survey: bool = False) -> None:
    """Let people do what this seed says, and look what has become of everybody."""
    by, stage = Random(seed), Stage(survey=survey)
    try:
        stage.act(by.choice(BEGINNINGS))
        for _ in range(by.randint(2, 30)):
            stage.act(chosen(by, deeds))
            stage.act(chosen(by, PASSED))
        stage.rests()
        stage.check()
    except AssertionError:
        print("\n".join(stage.line.log))
        raise


@settings(max_examples=250, deadline=None)
@given(st.integers(0, 2**32 - 1))
@example(105623)  # a hold with a unit, a new controller, and the unit gone meanwhile: the operator stayed mute
@example(4155935)  # given back too late, told later still: the seat's leg was shown in a talk beside a caller who waits
@example(2831311687)  # a consult that ended in an absence, and the operator with it: caller and unit were shown apart
def test_whatever_people_do_nobody_is_left_alone_or_mute_and_the_picture_is_what_is(seed: int) -> None:
    happens(seed, DEEDS)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_nor_where_callers_are_asked_for_a_grade_after_the_talk(seed: int) -> None:
    happens(seed, WITH_A_SURVEY, survey=True)


def test_a_caller_who_was_sent_to_the_music_unheard_while_his_seat_was_lost_is_fetched_from_there() -> None:
    stage = Stage(survey=False)
    for act in (
        *(("three", "A", False), ("settle",)),
        *(("seat", "A", "lost"), ("change", "A", c.UnitAction.CONSULT)),
        *(("time", 10.0), ("settle",)),  # nothing is heard for so long that the consult is given up
    ):
        stage.act(act)
    stage.rests()
    stage.check()
