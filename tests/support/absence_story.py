"""Steps of stories about an absence: where a call was before, how we went away, and what is found afterwards."""

import pytest

from callcenter.domain.exchange.commands import HoldCall
from callcenter.domain.ids import CallId
from callcenter.domain.telephony import CallFound, LegFound, LinkLost, Place
from tests.support.exchange_story import SEATS, Story

A = CallId("A")


def found(story: Story, place: Place, *legs: LegFound, talk: str | None = None) -> CallFound:
    return CallFound(
        call_id=A,
        caller="13800000001",
        arrived=story.at,
        answered=True,
        since=int(story.at.timestamp()),
        place=place,
        talk=talk,
        legs=legs,
        recording="A.wav",
    )


def link_breaks(story: Story) -> None:
    story.hear(LinkLost(at=story.at))


def controller_dies(story: Story) -> None:
    story.starts_anew()


absence = pytest.mark.parametrize("away", [link_breaks, controller_dies])


def in_ivr(story: Story) -> None:
    story.arrives("A")


def in_queue(story: Story) -> None:
    for seat in SEATS:
        story.phone(seat, registered=False)
    story.arrives("A")
    story.waits("A")


def ringing(story: Story) -> None:
    story.arrives("A")
    story.waits("A")
    story.rings("A")


def talking(story: Story) -> None:
    story.talking("A")


def on_hold(story: Story) -> None:
    story.talking("A")
    story.ask(HoldCall(call_id=A))
