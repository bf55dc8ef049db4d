"""A telephone system that behaves, with a link that does not: nobody waits beside a free seat, and every call ends.

Unlike `test_any_order`, what is told here could all have happened. So it can also be asked whether the
hotline did its duty.
"""

from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from callcenter.domain import telephony as t
from callcenter.domain.calls import Outcome, Recording, RecordingState
from callcenter.domain.errors import RefusedError
from callcenter.domain.exchange import Policy
from callcenter.domain.exchange.commands import (
    HangUpCall,
    HoldCall,
    NoteRecording,
    NoteTicket,
    ResumeCall,
    SetSeatState,
)
from callcenter.domain.facts import CallFailed, CallRefused
from callcenter.domain.ids import CallId, LegId, TicketId
from callcenter.domain.seats import Phone, SeatState
from callcenter.domain.telephony import Ending, Place
from callcenter.domain.wishes import AfterTalk, EndCall, EndLeg, OfferSeat, TakeBack, Then, Wish
from tests.support.exchange_story import SEATS, Story

LONGEST_BACK_OFF = 60.0
SOON = 1.0
"""Seconds in which a telephone system does what it is asked."""
CHOICE = st.integers(0, 99)


class Day(RuleBasedStateMachine):
    """Callers and seats as they are, and the exchange that hears of them."""

    def __init__(self) -> None:
        super().__init__()
        self.story = Story(ready=SEATS, policy=Policy(hand_back_seconds=20))
        self.places: dict[CallId, Place] = {}
        self.arrived: dict[CallId, Any] = {}
        self.legs: dict[LegId, tuple[CallId, str, str]] = {}
        """Call, seat and state (dialled, rings, talks) of every seat's leg that exists."""
        self.strays: dict[str, str] = {}
        """Phones in use for no call that is known, and the channel of each."""
        self.registered = set(SEATS)
        self.requeue: set[CallId] = set()
        self.pending: list[Wish] = []
        self.linked = True
        self.twice = False
        self.fallback_until = 0.0
        self.known: set[CallId] = set()

    # What happens

    @precondition(lambda self: len(self.places) < 5)
    @rule()
    def a_citizen_calls(self) -> None:
        call = CallId(f"call-{len(self.arrived)}")
        self.places[call], self.arrived[call] = Place.FLOW, self.story.at
        self.say(t.Arrived(at=self.story.at, call_id=call, caller="13800000001", recording="x.wav"))
        self.say(t.CallerUp(at=self.story.at, call_id=call))

    @rule(which=CHOICE)
    def asks_for_a_person(self, which: int) -> None:
        if call := self.one_at(which, Place.FLOW):
            self.now_waits(call)

    @rule(which=CHOICE)
    def a_phone_rings(self, which: int) -> None:
        if leg := self.leg_that(which, "dialled"):
            call, seat, _ = self.legs[leg]
            self.legs[leg] = (call, seat, "rings")
            self.say(t.LegRang(at=self.story.at, call_id=call, leg_id=leg))

    @rule(which=CHOICE)
    def a_phone_is_answered(self, which: int) -> None:
        leg = self.leg_that(which, "rings")
        if leg is None or self.places.get(self.legs[leg][0]) not in (Place.WAITING, Place.FALLBACK):
            return
        call, seat, _ = self.legs[leg]
        self.legs[leg], self.places[call] = (call, seat, "talks"), Place.TALK
        self.requeue.discard(call)
        self.say(t.LegAnswered(at=self.story.at, call_id=call, leg_id=leg))
        for party in (LegId(call), leg):
            self.say(t.PartyJoined(at=self.story.at, call_id=call, leg_id=party, talk=f"of {call}"))

    @rule(which=CHOICE)
    def nobody_answers(self, which: int) -> None:
        if leg := self.leg_that(which, "rings"):
            self.leg_ends(leg, Ending.NO_ANSWER)

    @rule(which=CHOICE, ending=st.sampled_from([Ending.BUSY, Ending.REFUSED, Ending.FAILED]))
    def a_phone_refuses(self, which: int, ending: Ending) -> None:
        if leg := self.leg_that(which, "dialled"):
            self.leg_ends(leg, ending)

    @rule(which=CHOICE, by_itself=st.booleans())
    def a_seats_side_of_a_talk_ends(self, which: int, by_itself: bool) -> None:  # noqa: FBT001
        leg = self.leg_that(which, "talks")
        if leg is None:
            return
        call = self.legs[leg][0]
        self.leg_ends(leg, Ending.NORMAL, by_itself=by_itself)
        if call in self.requeue:
            self.now_waits(call)
        elif call in self.places:
            self.caller_leaves(call, by_itself=False)

    @rule(which=CHOICE)
    def a_caller_hangs_up(self, which: int) -> None:
        if self.places:
            self.caller_leaves(sorted(self.places)[which % len(self.places)], by_itself=True)

    @rule(seat=st.sampled_from(SEATS))
    def a_phone_comes_or_goes(self, seat: str) -> None:
        self.registered ^= {seat}
        self.say(t.PhoneSeen(at=self.story.at, seat=seat, registered=seat in self.registered))

    # What people ask

    @rule(seat=st.sampled_from(SEATS), state=st.sampled_from([SeatState.READY, SeatState.READY, SeatState.BREAK]))
    def an_operator_changes_state(self, seat: str, state: SeatState) -> None:
        self.ask(SetSeatState(extension=seat, state=state))

    @rule(which=CHOICE, kind=st.sampled_from([HoldCall, ResumeCall, HangUpCall]))
    def something_is_asked_of_a_call(self, which: int, kind: Any) -> None:
        if self.linked and (calls := sorted(self.known & set(self.places))):
            self.ask(kind(call_id=calls[which % len(calls)]))

    # What the telephone system does for us

    @precondition(lambda self: self.pending)
    @rule()
    def a_wish_is_carried_out(self) -> None:
        match self.pending.pop(0):
            case EndLeg(leg_id=leg) if leg in self.legs and self.legs[leg][2] != "talks":
                self.leg_ends(leg, Ending.CANCELLED)
            case EndCall(call_id=call) if call in self.places:
                self.caller_leaves(call, by_itself=False)
            case TakeBack(call_id=call) if self.places.get(call) is Place.FALLBACK:
                self.now_waits(call)

    # Time and absence

    @rule(seconds=st.sampled_from([0.1, 1.0, 7.0, 35.0]), twice=st.booleans())
    def time_passes(self, seconds: float, twice: bool) -> None:  # noqa: FBT001
        self.twice = twice
        if seconds >= SOON:
            while self.linked and self.pending:
                self.a_wish_is_carried_out()
        self.obey(self.story.pass_time(seconds))

    @precondition(lambda self: self.linked and not self.strays)
    @rule(dies=st.booleans())
    def the_link_breaks(self, dies: bool) -> None:  # noqa: FBT001
        self.linked = False
        self.pending.clear()
        if dies:
            self.story.starts_anew()
        else:
            self.story.hear(t.LinkLost(at=self.story.at))

    @precondition(lambda self: not self.linked)
    @rule(which=CHOICE)
    def asterisks_own_queue_takes_one(self, which: int) -> None:
        if call := self.one_at(which, Place.WAITING):
            self.places[call] = Place.FALLBACK

    @precondition(lambda self: not self.linked)
    @rule()
    def the_link_is_back(self) -> None:
        self.linked = True
        self.known |= set(self.places)
        if Place.FALLBACK in self.places.values():
            self.fallback_until = self.story.seconds + self.story.policy.hand_back_seconds
        found = tuple(self.found(call) for call in sorted(self.places))
        at, registered = self.story.at, frozenset(self.registered)
        self.obey(self.story.hear(t.LinkRestored(at=at, calls=found, seats_registered=registered)))
        for leg, (call, seat, _) in list(self.legs.items()):
            if call not in self.places:  # left over from a caller who went meanwhile
                del self.legs[leg]
                self.strays[seat] = leg
                self.say(t.LineTaken(at=at, seat=seat, channel=leg))
        self.obey(self.story.pass_time(0))

    @precondition(lambda self: self.linked and self.strays)
    @rule()
    def a_phone_is_used_no_more(self) -> None:
        seat, channel = self.strays.popitem()
        self.say(t.LineFreed(at=self.story.at, seat=seat, channel=channel))

    # What must hold

    @invariant()
    def nobody_waits_beside_a_free_seat(self) -> None:
        if not self.linked or self.story.seconds < self.fallback_until:
            return
        taken_care_of = {call for call, _, _ in self.legs.values()}
        taken_care_of |= {wish.call_id for wish in self.pending if isinstance(wish, EndCall)}
        waiting = [c for c, place in self.places.items() if place is Place.WAITING and c not in taken_care_of]
        backing_off = {
            fact.seat
            for fact in self.story.facts
            if isinstance(fact, CallRefused | CallFailed)
            and (self.story.at - fact.at).total_seconds() <= LONGEST_BACK_OFF
        }
        free = [
            seat.extension
            for seat in self.story.exchange.seats
            if seat.state is SeatState.READY
            and seat.phone is Phone.REGISTERED
            and seat.extension not in self.strays
            and seat.extension not in {s for _, s, _ in self.legs.values()}
            and seat.extension not in backing_off
        ]
        assert not (waiting and free), f"{waiting} wait beside {free}"

    @invariant()
    def what_is_shown_is_what_is(self) -> None:
        if self.linked:
            assert {call.id for call in self.story.exchange.calls} == set(self.places)
            talking = {call for call, place in self.places.items() if place is Place.TALK}
            assert {call.id for call in self.story.exchange.calls if call.state == "talking"} == talking

    def teardown(self) -> None:
        for call in sorted(self.places):
            self.caller_leaves(call, by_itself=True)
        if not self.linked:
            self.the_link_is_back()
        for leg in sorted(self.legs):
            self.leg_ends(leg, Ending.CANCELLED)
        assert list(self.story.exchange.calls) == []
        for call_id in self.known:
            ends = [fact for fact in self.story.facts if fact.call_id == call_id and fact.kind == "call.ended"]
            assert len(ends) == 1
            told = self.story.call(call_id)
            assert (told.outcome is Outcome.ANSWERED) == (told.t4 is not None)
            assert told.t0 >= self.arrived[call_id] - timedelta(milliseconds=1)
            self.story.ask(NoteRecording(call_id=call_id, recording=Recording(state=RecordingState.KEPT)))
            self.story.ask(NoteTicket(call_id=call_id, ticket_id=TicketId(call_id)))
        for _ in range(3):
            self.story.pass_time(100)  # the watchdog asks twice
        assert all(self.story.exchange.call(call_id) is None for call_id in self.known)
        assert all(seat.state in (SeatState.READY, SeatState.BREAK) for seat in self.story.exchange.seats)

    # How it is told

    def say(self, event: t.TelephonyEvent) -> None:
        if not self.linked:
            return
        if isinstance(event, t.Arrived):
            self.known.add(event.call_id)
        for _ in range(2 if self.twice else 1):
            self.obey(self.story.hear(event))

    def ask(self, command: Any) -> None:
        try:
            self.obey(self.story.ask(command))
        except RefusedError as refusal:
            self.story.check()
            self.last_refusal = str(refusal)

    def obey(self, wishes: list[Wish]) -> None:
        for wish in wishes:
            match wish:
                case OfferSeat():
                    assert wish.seat not in {seat for _, seat, _ in self.legs.values()} | set(self.strays), (
                        "a phone is rung twice"
                    )
                    assert wish.call_id not in {call for call, _, _ in self.legs.values()}, "two phones for one caller"
                    assert self.places[wish.call_id] is Place.WAITING
                    self.legs[wish.leg_id] = (wish.call_id, wish.seat, "dialled")
                case AfterTalk():
                    (self.requeue.add if wish.then is Then.REQUEUE else self.requeue.discard)(wish.call_id)
                case EndLeg() | EndCall() | TakeBack():
                    self.pending.append(wish)

    def now_waits(self, call: CallId) -> None:
        self.places[call] = Place.WAITING
        if Place.FALLBACK not in self.places.values():
            self.fallback_until = 0.0
        self.say(t.CallerWaits(at=self.story.at, call_id=call, since=int(self.arrived[call].timestamp())))

    def leg_ends(self, leg: LegId, ending: Ending, *, by_itself: bool = False) -> None:
        call, _, _ = self.legs.pop(leg)
        self.say(t.PartyLeft(at=self.story.at, call_id=call, leg_id=leg, talk=f"of {call}"))
        self.say(t.LegEnded(at=self.story.at, call_id=call, leg_id=leg, ending=ending, by_itself=by_itself))

    def caller_leaves(self, call: CallId, *, by_itself: bool) -> None:
        del self.places[call]
        self.say(t.CallerLeft(at=self.story.at, call_id=call, by_itself=by_itself))
        for leg in [leg for leg, (of, _, state) in self.legs.items() if of == call and state == "talks"]:
            self.leg_ends(leg, Ending.NORMAL)

    def found(self, call: CallId) -> t.CallFound:
        talks = self.places[call] is Place.TALK
        legs = tuple(
            t.LegFound(
                leg_id=leg, seat=seat, answered=state == "talks", talk=f"of {call}" if state == "talks" else None
            )
            for leg, (of, seat, state) in self.legs.items()
            if of == call
        )
        return t.CallFound(
            call_id=call,
            caller="13800000001",
            arrived=self.arrived[call],
            answered=True,
            since=None if self.places[call] is Place.FLOW else int(self.arrived[call].timestamp()),
            place=self.places[call],
            talk=f"of {call}" if talks else None,
            legs=legs,
            recording="x.wav",
        )

    def one_at(self, which: int, place: Place) -> CallId | None:
        there = sorted(call for call, where in self.places.items() if where is place)
        return there[which % len(there)] if there else None

    def leg_that(self, which: int, state: str) -> LegId | None:
        such = sorted(leg for leg, (_, _, now) in self.legs.items() if now == state)
        return such[which % len(such)] if such else None


TestADayAtTheSwitch = Day.TestCase
TestADayAtTheSwitch.settings = settings(max_examples=80, stateful_step_count=50, deadline=None)
