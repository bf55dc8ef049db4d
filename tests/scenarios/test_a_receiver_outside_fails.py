"""Programs outside are told by webhook: signed, in order, again until they take it; after a day it is a dead letter.

Four receivers of one hotline: one takes all that everybody may read, one is also told who calls, one fails now and
then, one takes nothing at last. The machine's clock, which the hotline reads through libfaketime, is set a day ahead
to see what becomes of an event that was never taken.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from scripts.hotline_client import Json
from scripts.phones.waiting import eventually
from tests.support.asyncapi import check
from tests.support.hotline import Hotline, visit
from tests.support.hotlines import running_as
from tests.support.receiver import CUT, Receiver, Told, write_webhooks
from tests.support.stepped_hotline import LIBRARY, SteppedHotline

pytestmark = pytest.mark.timeout(120)

NUMBER = "13812349876"
DAY = timedelta(hours=24)
HEAR = 10.0
AGAIN = 30.0  # seconds for some attempts more, each later than the last
OF_A_CALL = ("call.", "ticket.")


@dataclass(slots=True)
class Receivers:
    """Who is told, each with what it is called in the hotline's list."""

    city: Receiver = field(default_factory=Receiver)
    police: Receiver = field(default_factory=Receiver)
    shaky: Receiver = field(default_factory=Receiver)
    deaf: Receiver = field(default_factory=Receiver)

    @property
    def entries(self) -> list[str]:
        return [
            self.city.entry("city", *OF_A_CALL),
            self.police.entry("police", *OF_A_CALL, private=True),
            self.shaky.entry("shaky", "call.arrived", "call.ended"),
            self.deaf.entry("deaf", "call.ended"),
        ]


@pytest.fixture(scope="module")
def receivers() -> Receivers:
    return Receivers()


@pytest.fixture(scope="module")
def telling_hotline(receivers: Receivers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SteppedHotline]:
    """Tells four receivers; its clock can be set."""
    if LIBRARY is None:
        pytest.skip("libfaketime is not installed: no clock to set")
    webhooks = write_webhooks(tmp_path_factory.mktemp("webhooks"), *receivers.entries)
    yield from running_as(SteppedHotline, 4, webhooks_file=webhooks)


@pytest.fixture
async def hotline(telling_hotline: SteppedHotline, receivers: Receivers) -> AsyncIterator[Hotline]:
    async with AsyncExitStack() as stack:
        visiting = await stack.enter_async_context(visit(telling_hotline))
        for receiver in (receivers.city, receivers.police, receivers.shaky, receivers.deaf):
            receiver.told.clear()
            await stack.enter_async_context(receiver.listening())  # its connection is no leftover of the scenario
        yield visiting


async def webhook(hotline: Hotline, webhook_id: str) -> Json:
    """Give how a receiver fares when nothing waits for it any more."""

    async def now() -> Json:
        return next(each for each in await hotline.api.all_of("webhooks") if each["id"] == webhook_id)

    return await hotline.until_true(now, lambda found: found["waiting"] == 0, within=HEAR, what="told")


async def a_whole_call(hotline: Hotline) -> str:
    """Let a citizen be answered and hang up; gives the id of his call."""
    seat = await hotline.seat("8001")
    citizen = await hotline.caller_dials(NUMBER)
    await (await seat.rings(within=HEAR)).answer()
    await citizen.until("call.talking", within=3)
    await citizen.hangs_up()
    await hotline.events.until("ticket.changed", within=HEAR, where=lambda ticket: citizen.id in ticket["call_ids"])
    await seat.is_("ready", within=5)
    return citizen.id


def inside(hotline: Hotline, *beginnings: str) -> dict[str, tuple[str, Json]]:
    """Give what was told inside, by the id that it has outside."""
    return {
        f"{hotline.events.stream}:{event.seq}": (event.type, event.data)
        for event in hotline.events.all
        if event.type.startswith(beginnings)
    }


async def test_each_is_told_what_it_may_read_signed_and_in_order_whatever_the_others_do(
    hotline: Hotline, receivers: Receivers
) -> None:
    receivers.shaky.answers = [503, CUT, 500, 204, 503]
    call_id = await a_whole_call(hotline)
    expected = inside(hotline, *OF_A_CALL)
    await eventually(lambda: set(receivers.city.ids) >= set(expected), within=HEAR, what="the city was not told all")
    await eventually(
        lambda: set(receivers.police.ids) >= set(expected), within=HEAR, what="the police was not told all"
    )
    hotline.tells(f"{len(expected)} events of the call were told")

    assert receivers.city.ids == receivers.police.ids == list(expected), "each once, in order"
    for told in [*receivers.city.told, *receivers.police.told]:
        assert told.is_signed
        assert not told.redelivered
        check(told.json, f"webhook.{told.json['type']}")
    assert {told.id: (told.json["type"], told.json["data"]) for told in receivers.police.told} == expected
    assert not [told for told in receivers.city.told if NUMBER.encode() in told.body]

    def of_the_call() -> list[Told] | None:
        taken = [told for told in receivers.shaky.told if told.json["data"]["id"] == call_id]
        return taken if len(taken) >= 6 else None

    attempts = await eventually(of_the_call, within=AGAIN, what="the shaky one was not told again")
    arrived, ended = attempts[:4], attempts[4:]
    hotline.tells("the one that fails now and then has all of it, at the fourth and the second attempt")
    for of_one, kind in ((arrived, "call.arrived"), (ended, "call.ended")):
        [event_id] = {told.id for told in of_one}
        assert expected[event_id][0] == kind
        assert len({told.body for told in of_one}) == 1, "the very same words each time"
        assert [told.redelivered for told in of_one] == [False, *[True] * (len(of_one) - 1)]
        assert all(told.is_signed for told in of_one)
    assert (await webhook(hotline, "shaky"))["dead"] == 0


async def test_what_was_never_taken_is_a_dead_letter_after_a_day_and_can_be_sent_once_more(
    hotline: Hotline, telling_hotline: SteppedHotline, receivers: Receivers
) -> None:
    receivers.deaf.always = 500
    call_id = await a_whole_call(hotline)
    ended = next(event for event in hotline.events.of("call.ended", id=call_id))
    event_id = f"{hotline.events.stream}:{ended.seq}"
    await eventually(lambda: receivers.deaf.ids == [event_id] * 3, within=AGAIN, what="it was not tried again")

    telling_hotline.steps(round(DAY.total_seconds()) + 60)
    hotline.tells("it is the day after")

    async def dead() -> Json:
        return {"letters": await hotline.api.all_of("webhooks/deaf/dead-letters")}

    found = await hotline.until_true(dead, lambda dead: bool(dead["letters"]), within=AGAIN, what="dead")
    [letter] = found["letters"]
    attempts = [told for told in receivers.deaf.told if told.id == event_id]
    hotline.tells(f"dead after {letter['attempts']} attempts: {letter['reason']}")
    assert (letter["id"], letter["type"], letter["reason"]) == (event_id, "call.ended", "it answers 500")
    assert letter["attempts"] == len(attempts) >= 4
    assert datetime.fromisoformat(letter["died"]) - datetime.fromisoformat(letter["time"]) > DAY
    state = await webhook(hotline, "deaf")
    assert (state["status"], state["dead"]) == ("degraded", 1)
    events = (await hotline.api.health())["components"]["events"]
    assert events["status"] == "degraded"
    assert "webhook deaf" in events["detail"]
    assert (await webhook(hotline, "city"))["dead"] == 0, "who takes what he is told has no dead letters"

    receivers.deaf.always = 204
    answer = await hotline.api.post("webhooks/deaf/dead-letters/retry")
    assert answer == {"retried": 1}
    await hotline.until_true(dead, lambda dead: not dead["letters"], within=HEAR, what="taken")
    last = receivers.deaf.told[-1]
    assert last.id == event_id
    assert (last.redelivered, last.is_signed, last.body) == (True, True, attempts[0].body)
    hotline.tells("the receiver is well again and has it, with its first id")
    assert (await webhook(hotline, "deaf"))["status"] == "ok"
