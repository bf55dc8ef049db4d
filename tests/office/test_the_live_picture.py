"""The live picture: what one knows who saw the beginning and every event is what a newcomer is shown."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, given, settings

from callcenter.domain import telephony as t
from callcenter.domain.errors import NotFoundError, RefusedError, UnavailableError
from callcenter.domain.exchange.commands import NoteTicket
from callcenter.domain.ids import LegId
from callcenter.domain.seats import SeatState
from callcenter.domain.telephony import LineFreed, LineTaken
from callcenter.domain.views import alarm_view, call_view, queue_view, seat_view, trunk_view
from callcenter.domain.wishes import OfferSeat
from tests.domain.test_any_order import OFFERED, STEPS, mangled_stories
from tests.support.office_fakes import CALL, Office, an_office
from tests.support.picture import Picture


class Watched:
    """An office, and one who has watched it since its beginning."""

    def __init__(self, *ready: str) -> None:
        self.office: Office = an_office(ready=ready)
        self.picture = Picture(self.snapshot())
        self._seen = self.office.stream.seq

    def snapshot(self) -> dict[str, Any]:
        exchange = self.office.switchboard.exchange
        return {
            "calls": [call_view(call) for call in exchange.without_end],
            "seats": [seat_view(seat) for seat in exchange.seats],
            "queues": [queue_view(queue) for queue in exchange.queues()],
            "trunks": [trunk_view(exchange.trunk())],
            "alarms": [alarm_view(alarm) for alarm in exchange.alarms],
        }

    def differences(self) -> list[str]:
        """What is wrong in the eyes of one who has read everything up to now."""
        self.office.switchboard.settle()
        self.office.switchboard.publish_changes()
        missed = self.office.stream.since(self._seen)
        assert missed is not None
        for event in missed:
            self.picture.fold(event.type, event.data)
        self._seen = self.office.stream.seq
        return self.picture.differences(self.snapshot())

    def meant(self, event: Any) -> t.TelephonyEvent:
        """Put the leg that was offered last in the place of OFFERED."""
        if isinstance(event, t.LinkRestored):
            calls = [
                replace(call, legs=tuple(replace(leg, leg_id=self.leg(call.call_id, leg.leg_id)) for leg in call.legs))
                for call in event.calls
            ]
            return replace(event, calls=tuple(calls))
        if getattr(event, "leg_id", None) == OFFERED:
            event = replace(event, leg_id=self.leg(event.call_id, OFFERED))
        assert isinstance(event, t.TelephonyEvent)
        return event

    def leg(self, call_id: str, leg_id: LegId) -> LegId:
        wishes = self.office.telephone.wishes
        offered = (w.leg_id for w in reversed(wishes) if isinstance(w, OfferSeat) and w.call_id == call_id)
        return next(offered, LegId("never")) if leg_id == OFFERED else leg_id

    def follow(self, step: Any) -> None:
        switchboard = self.office.switchboard
        if step == "restart":
            return  # a new controller begins a new stream
        if isinstance(step, float):
            self.office.clock.advance(step)
            switchboard._tick()
        elif isinstance(step, t.TelephonyEvent):
            self.office.tell(self.meant(step))
        else:
            with suppress(RefusedError, NotFoundError, UnavailableError):
                switchboard.ask(step)
            if isinstance(step, NoteTicket):  # the ticket office tells of the ticket itself, in the same breath
                ticket = {"id": step.ticket_id, "call_ids": [step.call_id]}
                self.office.stream.publish("ticket.changed", self.office.clock.now(), ticket)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with structlog.testing.capture_logs():
        yield


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS | mangled_stories())
def test_the_old_snapshot_and_every_event_are_the_new_snapshot(steps: list[Any]) -> None:
    watched = Watched("8001", "8002", "8003")
    for step in steps:
        watched.follow(step)
        assert watched.differences() == [], step
    assert watched.office.switchboard.failures == 0


def test_a_call_that_is_gone_stands_until_its_end_is_told() -> None:
    watched = Watched("8001")
    watched.office.a_caller_waits()
    watched.office.tell(t.LinkLost(at=watched.office.clock.now()))
    unread = t.LinkRestored(at=watched.office.clock.now(), calls=(), seats_registered=frozenset(), unread=True)

    watched.office.tell(unread)

    assert [call["id"] for call in watched.snapshot()["calls"]] == [CALL]
    assert watched.differences() == []


def test_a_missed_offer_leaves_the_call_without_a_seat() -> None:
    watched = Watched("8001")
    watched.office.a_caller_waits()
    offer = next(wish for wish in watched.office.telephone.wishes if isinstance(wish, OfferSeat))
    at = watched.office.clock.now()
    watched.office.tell(
        t.LegDialled(at=at, call_id=CALL, leg_id=offer.leg_id, seat="8001"),
        t.LegRang(at=at, call_id=CALL, leg_id=offer.leg_id),
    )
    watched.office.clock.advance(60)
    watched.office.switchboard._tick()
    watched.office.tell(
        t.LegEnded(at=at, call_id=CALL, leg_id=offer.leg_id, ending=t.Ending.CANCELLED, by_itself=False)
    )
    assert watched.differences() == []


def test_a_phone_that_is_used_for_something_else_is_told_although_it_is_no_fact() -> None:
    watched = Watched("8001")
    assert watched.picture.queues["hotline"]["ready"] == 1
    watched.office.tell(LineTaken(at=watched.office.clock.now(), seat="8001", channel="own"))
    assert watched.differences() == []
    assert watched.picture.queues["hotline"]["ready"] == 0
    watched.office.tell(LineFreed(at=watched.office.clock.now(), seat="8001", channel="own"))
    assert watched.differences() == []
    assert watched.office.switchboard.exchange.seats[0].state is SeatState.READY
