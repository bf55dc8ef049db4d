"""Whatever is heard, in whatever order, twice or not at all: nothing breaks, and every call ends."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from callcenter.domain import telephony as t
from callcenter.domain.calls import LegKind
from callcenter.domain.errors import NotFoundError, RefusedError, UnavailableError
from callcenter.domain.exchange import commands as c
from callcenter.domain.ids import CallId, LegId, TicketId
from callcenter.domain.seats import SeatState
from callcenter.domain.telephony import Ending, Place
from callcenter.domain.wishes import EndLeg, OfferSeat
from tests.support.exchange_story import BEGIN, SEATS, Story

CALLS = st.sampled_from([CallId("A"), CallId("B")])
OFFERED = LegId("offered")
"""Stands for the leg that this call was offered last."""
LEGS = st.one_of(
    st.just(OFFERED),
    st.just(OFFERED),
    st.sampled_from(["unit-1", "unit-2"]).map(LegId),
    st.sampled_from(["leg-1", "leg-2", "leg-3", "net-1", "net-2", "A", "B"]).map(LegId),
)
SEAT = st.sampled_from([*SEATS, "9999"])
TALKS = st.sampled_from(["talk-1", "talk-2"])
CODES = st.sampled_from(["*1", "*2", "*3", "*9"])
AT = st.floats(0, 300).map(lambda seconds: BEGIN + timedelta(seconds=round(seconds, 3)))
SINCE = st.integers(0, 300).map(lambda seconds: int(BEGIN.timestamp()) + seconds)
UNITS = st.sampled_from(["unit-1", "unit-2"]).map(LegId)
FOUND_LEGS = st.lists(
    st.one_of(
        st.builds(t.LegFound, leg_id=LEGS, seat=SEAT, answered=st.booleans(), talk=st.none() | TALKS),
        st.builds(
            t.LegFound,
            leg_id=UNITS,
            seat=st.none(),
            answered=st.booleans(),
            talk=st.none() | TALKS,
            kind=st.just(LegKind.UNIT),
            private=st.booleans(),
        ),
    ),
    max_size=3,
    unique_by=lambda leg: leg.leg_id,
)
FOUND = st.lists(
    st.builds(
        t.CallFound,
        call_id=CALLS,
        caller=st.none() | st.just("13800000001"),
        arrived=AT,
        answered=st.booleans(),
        since=st.none() | SINCE,
        place=st.sampled_from(Place),
        talk=st.none() | TALKS,
        legs=FOUND_LEGS.map(tuple),
        recording=st.just("a.wav"),
    ),
    max_size=2,
    unique_by=lambda call: call.call_id,
)
OF_CALL: dict[str, Any] = {"at": AT, "call_id": CALLS}
EVENTS = st.one_of(
    st.builds(t.Arrived, **OF_CALL, caller=st.none() | st.just("+8613800000001"), recording=st.just("a.wav")),
    st.builds(t.CallerUp, **OF_CALL),
    st.builds(t.VoiceBegan, **OF_CALL),
    st.builds(t.FlowAsked, **OF_CALL),
    st.builds(t.CallerWaits, **OF_CALL, since=SINCE),
    st.builds(t.CallerInFallback, **OF_CALL, since=SINCE),
    st.builds(t.LegDialled, **OF_CALL, leg_id=LEGS, seat=SEAT),
    st.builds(t.LegDialled, **OF_CALL, leg_id=LEGS, seat=st.none(), kind=st.just(LegKind.UNIT)),
    st.builds(t.LegRang, **OF_CALL, leg_id=LEGS),
    st.builds(t.LegAnswered, **OF_CALL, leg_id=LEGS),
    st.builds(t.LegEnded, **OF_CALL, leg_id=LEGS, ending=st.sampled_from(Ending), by_itself=st.booleans()),
    st.builds(t.CallerLeft, **OF_CALL, by_itself=st.booleans()),
    st.builds(t.PartyJoined, **OF_CALL, leg_id=LEGS, talk=TALKS),
    st.builds(t.PartyLeft, **OF_CALL, leg_id=LEGS, talk=TALKS),
    st.builds(t.TalkOver, **OF_CALL),
    st.builds(t.PartyHeld, **OF_CALL, leg_id=LEGS),
    st.builds(t.PartyResumed, **OF_CALL, leg_id=LEGS),
    st.builds(t.CodeDialled, at=AT, seat=SEAT, code=CODES),
    st.builds(t.PhoneSeen, at=AT, seat=SEAT, registered=st.booleans()),
    st.builds(t.LineTaken, at=AT, seat=SEAT, channel=st.just("own")),
    st.builds(t.LineFreed, at=AT, seat=SEAT, channel=st.just("own")),
    st.builds(t.LinkLost, at=AT),
    st.builds(
        t.LinkRestored,
        at=AT,
        calls=FOUND.map(tuple),
        seats_registered=st.frozensets(st.sampled_from(SEATS)),
        unread=st.booleans(),
    ),
    st.builds(t.RecordRead, at=AT, call_id=st.none() | CALLS, last_written=st.none() | AT),
)
COMMANDS = st.one_of(
    st.builds(c.SetSeatState, extension=SEAT, state=st.sampled_from(SeatState)),
    st.builds(c.HangUpCall, call_id=CALLS),
    st.builds(c.HoldCall, call_id=CALLS),
    st.builds(c.ResumeCall, call_id=CALLS),
    st.builds(
        c.CallUnit,
        call_id=CALLS,
        leg_id=st.sampled_from(["unit-1", "unit-2"]).map(LegId),
        party=st.none() | st.just("water"),
        number=st.just("02"),
        ring_seconds=st.just(30.0),
        private=st.booleans(),
    ),
    st.builds(
        c.ChangeUnit,
        call_id=CALLS,
        leg_id=st.sampled_from(["unit-1", "unit-2"]).map(LegId),
        action=st.sampled_from(c.UnitAction),
    ),
    st.builds(c.ChangeSeat, call_id=CALLS, action=st.sampled_from(c.SeatAction)),
    st.builds(c.SetSecret, call_id=CALLS, on=st.booleans()),
    st.builds(c.NoteDigits, call_id=CALLS, node=st.just("menu"), digits=st.just("1")),
    st.builds(c.NoteFlowCompleted, call_id=CALLS),
    st.builds(c.NoteTicket, call_id=CALLS, ticket_id=st.just(TicketId("ticket"))),
    st.builds(c.RaiseAlarm, name=st.just("disk"), detail=st.just("full")),
    st.builds(c.ClearAlarm, name=st.just("disk")),
)
STEPS = st.lists(st.one_of(EVENTS, EVENTS, EVENTS, COMMANDS, st.floats(0.01, 40)), max_size=50)


def beginning(call: CallId, at: Any) -> list[t.TelephonyEvent]:
    return [
        t.Arrived(at=at, call_id=call, caller="13800000001", recording="a.wav"),
        t.CallerUp(at=at, call_id=call),
        t.CallerWaits(at=at, call_id=call, since=int(BEGIN.timestamp())),
    ]


def talk(call: CallId, leg: LegId, at: Any) -> list[t.TelephonyEvent]:
    return [
        t.LegRang(at=at, call_id=call, leg_id=leg),
        t.LegAnswered(at=at, call_id=call, leg_id=leg),
        t.PartyJoined(at=at, call_id=call, leg_id=LegId(call), talk=f"of {call}"),
        t.PartyJoined(at=at, call_id=call, leg_id=leg, talk=f"of {call}"),
    ]


def by_the_net(call: CallId, leg: LegId, at: Any, seat: str) -> list[t.TelephonyEvent]:
    """Asterisk's own queue rings a seat for him, while we may do the same."""
    return [t.LegDialled(at=at, call_id=call, leg_id=leg, seat=seat), *talk(call, leg, at)]


def ending(call: CallId, leg: LegId, at: Any, by_itself: bool) -> list[t.TelephonyEvent]:  # noqa: FBT001
    return [t.LegEnded(at=at, call_id=call, leg_id=leg, ending=Ending.NORMAL, by_itself=by_itself)]


def three(call: CallId, unit: LegId, at: Any, private: bool) -> list[Any]:  # noqa: FBT001
    """A unit is brought in and answers."""
    return [
        c.CallUnit(call_id=call, leg_id=unit, party="water", number="02", ring_seconds=30.0, private=private),
        t.LegDialled(at=at, call_id=call, leg_id=unit, seat=None, kind=LegKind.UNIT),
        t.LegRang(at=at, call_id=call, leg_id=unit),
        t.LegAnswered(at=at, call_id=call, leg_id=unit),
        t.PartyJoined(at=at, call_id=call, leg_id=unit, talk=f"of {call}"),
        *([t.PartyLeft(at=at, call_id=call, leg_id=LegId(call), talk=f"of {call}")] if private else []),
    ]


BLOCKS = st.one_of(
    st.builds(three, CALLS, UNITS, AT, st.booleans()),
    st.builds(three, CALLS, UNITS, AT, st.booleans()),
    st.builds(beginning, CALLS, AT),
    st.builds(talk, CALLS, LEGS, AT),
    st.builds(by_the_net, CALLS, LEGS, AT, SEAT),
    st.builds(ending, CALLS, LEGS, AT, st.booleans()),
    st.one_of(EVENTS, COMMANDS, st.floats(0.01, 40), st.just("restart")).map(lambda step: [step]),
)


@st.composite
def mangled_stories(draw: st.DrawFn) -> list[Any]:
    """Two calls that go their way, with steps lost, told twice, and exchanged with their neighbours."""
    steps = [step for block in draw(st.lists(BLOCKS, min_size=3, max_size=14)) for step in block]
    for call in ("B", "A"):
        steps[:0] = beginning(CallId(call), BEGIN)
    for act, where in draw(st.lists(st.tuples(st.sampled_from(["lose", "twice", "swap"]), st.integers(0, 60)))):
        place = where % (len(steps) - 1)
        if act == "lose" and len(steps) > 2:
            del steps[place]
        elif act == "twice":
            steps.insert(place, steps[place])
        else:
            steps[place], steps[place + 1] = steps[place + 1], steps[place]
    return steps


@settings(max_examples=250, deadline=None)
@given(STEPS | mangled_stories())
def test_any_order_of_anything_breaks_nothing_and_leaves_no_call_without_an_end(steps: list[Any]) -> None:
    story = Story(ready=SEATS)
    for step in steps:
        follow(story, step)

    story.hear(t.LinkLost(at=story.at))
    story.link_restored()  # nothing is there any more

    assert list(story.exchange.calls) == []
    assert all(call.outcome is not None and call.t5 is not None for call in story.folded.values())
    assert all(seat.state not in (SeatState.RINGING, SeatState.TALKING) for seat in story.exchange.seats)
    assert all(seat.call_id is None for seat in story.exchange.seats)


def meant(story: Story, event: Any) -> t.TelephonyEvent:
    """Put the id of the offered leg in its place."""
    if isinstance(event, t.LinkRestored):
        calls = (
            replace(
                call, legs=tuple(replace(leg, leg_id=offered(story, call.call_id, leg.leg_id)) for leg in call.legs)
            )
            for call in event.calls
        )
        return replace(event, calls=tuple(calls))
    if getattr(event, "leg_id", None) == OFFERED:
        event = replace(event, leg_id=offered(story, event.call_id, OFFERED))
    assert isinstance(event, t.TelephonyEvent)
    return event


def offered(story: Story, call: CallId, leg: LegId) -> LegId:
    if leg != OFFERED:
        return leg
    given_last = (w.leg_id for w in reversed(story.wishes) if isinstance(w, OfferSeat) and w.call_id == call)
    return next(given_last, LegId("never"))


def follow(story: Story, step: Any) -> None:
    """One step; a refusal says why and changes nothing."""
    if step == "restart":
        story.starts_anew()
    elif isinstance(step, float):
        story.pass_time(step)
    elif isinstance(step, t.TelephonyEvent):
        story.hear(meant(story, step))
    else:
        before = len(story.facts)
        refused = None
        try:
            story.ask(step)
        except (RefusedError, NotFoundError, UnavailableError) as refusal:
            refused = str(refusal)
        assert refused != ""
        assert refused is None or len(story.facts) == before
        story.check()


def test_of_two_units_in_the_journal_one_stays_and_the_end_of_the_other_is_asked_for_anew() -> None:
    story, of_a = Story(ready=SEATS), CallId("A")
    follow(story, t.Arrived(at=BEGIN, call_id=of_a, caller=None, recording=None))
    for unit in ("unit-1", "unit-2"):
        leg = LegId(unit)
        follow(story, t.LegDialled(at=BEGIN, call_id=of_a, leg_id=leg, seat=None, kind=LegKind.UNIT))
        follow(story, t.LegAnswered(at=BEGIN, call_id=of_a, leg_id=leg))
        follow(story, t.PartyJoined(at=BEGIN, call_id=of_a, leg_id=leg, talk="of A"))

    follow(story, "restart")
    there = tuple(
        t.LegFound(leg_id=LegId(unit), seat=None, answered=True, talk="of A", kind=LegKind.UNIT)
        for unit in ("unit-1", "unit-2")
    )
    called = t.CallFound(
        call_id=of_a,
        caller=None,
        arrived=BEGIN,
        answered=True,
        since=None,
        place=Place.TALK,
        talk="of A",
        legs=there,
        recording=None,
    )
    story.wishes.clear()
    follow(story, t.LinkRestored(at=BEGIN, calls=(called,), seats_registered=frozenset()))

    assert [wish.leg_id for wish in story.wishes if isinstance(wish, EndLeg)] == ["unit-2"]
