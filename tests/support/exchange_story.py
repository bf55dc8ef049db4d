"""An exchange with a clock of its own, which checks after every step what must hold at every moment."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING

from callcenter.domain.calls import Call, CallState, Direction, LegKind, LegState
from callcenter.domain.exchange import Command, Decision, Exchange, Moment, Policy
from callcenter.domain.exchange.commands import SetSeatState
from callcenter.domain.exchange.state import WITHOUT_SEAT
from callcenter.domain.fact_data import from_data, to_data
from callcenter.domain.facts import CallEnded, Fact, OfCall, RecallChanged, SeatChanged
from callcenter.domain.fold import apply
from callcenter.domain.ids import CallId, LegId
from callcenter.domain.seats import Phone, Seat, SeatState
from callcenter.domain.telephony import (
    Arrived,
    CallerLeft,
    CallerUp,
    CallerWaits,
    CallFound,
    Ending,
    LegAnswered,
    LegEnded,
    LegRang,
    LinkRestored,
    PartyJoined,
    PhoneSeen,
    RecallFound,
    TelephonyEvent,
)
from callcenter.domain.wishes import OfferSeat, Wish

if TYPE_CHECKING:
    from callcenter.domain.recalls import Recall

BEGIN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
SEATS = ("8001", "8002", "8003")


def roster(extensions: Sequence[str] = SEATS) -> dict[str, Seat]:
    """The seats of the morning: nobody is signed in."""
    return {e: Seat(extension=e, operator=f"话务员{e}", since=BEGIN, idle_since=BEGIN) for e in extensions}


class Story:
    """What happens to one exchange, told step by step."""

    def __init__(
        self, *, seats: Sequence[str] = SEATS, ready: Sequence[str] = (), policy: Policy | None = None
    ) -> None:
        self.seconds = 0.0
        self.policy = policy or Policy()
        self._ids = count(1)
        self.exchange = Exchange(self.policy, roster(seats), new_id=self._new_id, now=self.now)
        self.facts: list[Fact] = []
        self.wishes: list[Wish] = []
        self.folded: dict[CallId, Call] = {}
        self.folded_seats: dict[str, Seat] = roster(seats)
        self.folded_recalls: dict[str, Recall] = {}
        self.hear(LinkRestored(at=self.at, calls=(), seats_registered=frozenset(ready)))
        self.pass_time(0)
        for extension in ready:
            self.ask(SetSeatState(extension=extension, state=SeatState.READY))

    def _new_id(self) -> str:
        return f"leg-{next(self._ids)}"

    @property
    def now(self) -> Moment:
        return Moment(wall=self.at, mono=1000.0 + self.seconds)

    @property
    def at(self) -> datetime:
        return BEGIN + timedelta(seconds=self.seconds)

    # What is fed in

    def hear(self, *events: TelephonyEvent) -> list[Wish]:
        return [wish for event in events for wish in self._take(self.exchange.handle(event, self.now))]

    def ask(self, command: Command) -> list[Wish]:
        return self._take(self.exchange.ask(command, self.now))

    def pass_time(self, seconds: float) -> list[Wish]:
        self.seconds += seconds
        return self._take(self.exchange.tick(self.now))

    def starts_anew(self) -> None:
        """The controller dies, and another one begins where the journal ends."""
        told: dict[CallId, list[Fact]] = {}
        for fact in self.facts:
            if isinstance(fact, OfCall):
                told.setdefault(fact.call_id, []).append(fact)
        unfinished = [facts for call_id, facts in told.items() if self.exchange.call(call_id) is not None]
        last_seats = list(self.exchange.seats)
        self.exchange = Exchange(self.policy, roster(list(self.folded_seats)), new_id=self._new_id, now=self.now)
        open_recalls = [recall for recall in self.folded_recalls.values() if recall.is_open]
        self.exchange.restore(unfinished, last_seats, self.now, recalls=open_recalls)
        self.check()

    # Steps that many stories share

    def arrives(self, call: str, number: str | None = "13800000001") -> None:
        self.hear(
            Arrived(at=self.at, call_id=CallId(call), caller=number, recording=f"{call}.wav"),
            CallerUp(at=self.at, call_id=CallId(call)),
        )

    def waits(self, call: str) -> None:
        self.hear(CallerWaits(at=self.at, call_id=CallId(call), since=int(self.at.timestamp())))

    def offer_of(self, call: str) -> OfferSeat:
        """The offer that this call was given last."""
        return next(w for w in reversed(self.wishes) if isinstance(w, OfferSeat) and w.call_id == call)

    def rings(self, call: str) -> OfferSeat:
        offer = self.offer_of(call)
        self.hear(LegRang(at=self.at, call_id=offer.call_id, leg_id=offer.leg_id))
        return offer

    def answers(self, call: str) -> OfferSeat:
        """The seat that rings for this call is picked up, and both are joined."""
        offer = self.offer_of(call)
        self.hear(LegAnswered(at=self.at, call_id=offer.call_id, leg_id=offer.leg_id))
        self.joined(call, offer.leg_id)
        return offer

    def joined(self, call: str, leg: str, talk: str = "talk") -> None:
        for party in (call, leg):
            self.hear(PartyJoined(at=self.at, call_id=CallId(call), leg_id=LegId(party), talk=f"{talk} of {call}"))

    def leg_ends(self, call: str, ending: Ending = Ending.NORMAL, *, by_itself: bool = False) -> list[Wish]:
        offer = self.offer_of(call)
        return self.hear(
            LegEnded(at=self.at, call_id=offer.call_id, leg_id=offer.leg_id, ending=ending, by_itself=by_itself)
        )

    def leaves(self, call: str, *, by_itself: bool = True) -> list[Wish]:
        return self.hear(CallerLeft(at=self.at, call_id=CallId(call), by_itself=by_itself))

    def phone(self, seat: str, *, registered: bool) -> list[Wish]:
        return self.hear(PhoneSeen(at=self.at, seat=seat, registered=registered))

    def talking(self, call: str = "A") -> OfferSeat:
        """Bring one call to its talk."""
        self.arrives(call)
        self.waits(call)
        self.rings(call)
        return self.answers(call)

    def link_restored(
        self, *calls: CallFound, registered: Sequence[str] = SEATS, recalls: Sequence[RecallFound] = ()
    ) -> list[Wish]:
        wishes = self.hear(
            LinkRestored(at=self.at, calls=calls, seats_registered=frozenset(registered), recalls=tuple(recalls))
        )
        return wishes + self.pass_time(0)

    # What is looked at

    def end_of(self, call: str) -> CallEnded:
        """Give the fact of this call's end."""
        return next(fact for fact in self.facts if isinstance(fact, CallEnded) and fact.call_id == call)

    def call(self, call: str) -> Call:
        """The call as its facts tell it, also when the exchange has let go of it."""
        return self.folded[CallId(call)]

    def seat(self, extension: str) -> Seat:
        return self.folded_seats[extension]

    def kinds(self, call: str) -> list[str]:
        """What the journal tells of this call, legs and recording left out."""
        besides = {"leg.changed", "recording.changed", "ticket.changed"}
        return [f.kind for f in self.facts if f.call_id == call and f.kind not in besides]

    def _take(self, decision: Decision) -> list[Wish]:
        for fact, shown in decision.facts:
            again = from_data(
                fact.kind, to_data(fact), at=fact.at, call_id=fact.call_id, recovered=fact.recovered
            )  # what is folded is what the journal will give back
            assert again == fact
            if isinstance(fact, OfCall):
                before = self.folded.get(fact.call_id)
                assert before is None or fact.at >= before.last_at, f"{fact.kind} goes back in time"
                self.folded[fact.call_id] = apply(before, fact)
                assert self.folded[fact.call_id] == shown
            elif isinstance(fact, SeatChanged):
                self.folded_seats[fact.seat.extension] = fact.seat
            elif isinstance(fact, RecallChanged):
                self.folded_recalls[fact.recall.id] = fact.recall
        self.facts += [fact for fact, _ in decision.facts]
        self.wishes += decision.wishes
        self.check()
        return list(decision.wishes)

    def check(self) -> None:
        """What must hold at every moment, whatever has been heard."""
        for call in self.exchange.calls:
            assert self.folded[call.id] == call
        assert [self.folded_seats[seat.extension] for seat in self.exchange.seats] == list(self.exchange.seats)
        self._check_recalls()
        live = {call.id for call in self.folded.values() if call.is_live}
        gone = {call.id for call in self.exchange.unaccounted}
        assert live == {call.id for call in self.exchange.calls} | gone, "live by the facts, and not known to be gone"
        for call in self.folded.values():
            check_times(call)
        self._check_talks()

    def _check_recalls(self) -> None:
        still_open = [recall for recall in self.folded_recalls.values() if recall.is_open]
        assert sorted(still_open, key=lambda recall: (recall.due, recall.id)) == list(self.exchange.recalls)
        numbers = [recall.caller for recall in still_open]
        assert len(numbers) == len(set(numbers)), "one number has two open recalls"
        for recall in self.folded_recalls.values():
            assert sum(attempt.runs for attempt in recall.attempts) <= int(recall.is_open), "an attempt too many"
            assert (recall.closed is None) == (recall.closed_by is None)
            assert recall.opened == recall.waits[0].t5, "the first end stays"

    def _check_talks(self) -> None:
        talking = [call for call in self.exchange.calls if call.state is CallState.TALKING]
        assert None not in [call.seat for call in talking]
        joined = [
            leg.party
            for call in self.exchange.calls
            for leg in call.legs
            if leg.kind is LegKind.SEAT and leg.state in (LegState.JOINED, LegState.HELD)
        ]
        assert len(joined) == len(set(joined)), "one seat joined twice"
        for call in self.exchange.calls:
            seats = [
                leg for leg in call.legs if leg.kind is LegKind.SEAT and leg.state in (LegState.JOINED, LegState.HELD)
            ]
            assert len(seats) <= 1, "two seats in one talk"
            units = [leg for leg in call.legs if leg.kind is LegKind.UNIT and leg.state is not LegState.ENDED]
            asked = self.exchange._state.tracks[call.id].asked
            assert len([unit for unit in units if unit.id not in asked]) <= 1, "two units in one call"
            if seats:
                assert call.state is CallState.TALKING, "a talk that is shown as something else"
                assert call.seat == seats[0].party, "a talk shown with another seat"
        state = self.exchange._state
        ready = {
            extension: seat
            for extension, seat in state.seats.items()
            if seat.state is SeatState.READY and seat.phone is Phone.REGISTERED
        }
        assert state.ready_seats == ready
        assert state.on_line == {call.id: call for call in state.calls.values() if call.is_on_line}
        assert state.in_line == {call.id: call for call in state.calls.values() if call.state in WITHOUT_SEAT}
        of_seats = [s.call_id for s in self.exchange.seats if s.state is SeatState.TALKING]
        assert len(of_seats) == len(set(of_seats)), "two seats say that they talk in one call"


def check_times(call: Call) -> None:
    """t0…t5 stand in the order in which they can have happened."""
    for row in ((call.t0, call.t1, call.t4, call.t5), (call.t0, call.t2, call.t3, call.t4, call.t5)):
        known = [moment for moment in row if moment is not None]
        assert known == sorted(known), f"times out of order: {row}"
    assert call.is_live == (call.t5 is None) == (call.outcome is None)
    if call.direction is Direction.OUTBOUND:
        assert call.t2 is None, "nobody asked for a person in a call of ours"
    elif call.t4 is not None:
        assert call.t1 is not None
        assert call.t2 is not None
        assert call.t3 is not None or call.recovered, "a ring that nobody saw has no time"
    for leg in call.legs:
        row = (leg.started, leg.answered, leg.joined, leg.ended)
        known = [moment for moment in row if moment is not None]
        assert known == sorted(known), f"times of a {leg.kind} leg out of order"
