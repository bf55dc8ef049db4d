"""The controller is killed while it calls a citizen back: Asterisk goes on by itself, and nobody is rung twice."""

import asyncio
from datetime import UTC, datetime

import pytest

from scripts.hotline_client import Json, ProblemError
from tests.support.calling_back import at_home, calls_back, gives_up, last_attempt, recall_of
from tests.support.hotline import CITIZEN, Hotline
from tests.support.mortality import controller_dead, line_empty


async def test_while_the_seat_rings_and_they_talk_before_it_is_back(recalling: Hotline) -> None:
    citizen = await gives_up(recalling)
    recall = await recall_of(recalling, citizen.number)
    seat, home = await recalling.seat("8001"), await at_home(recalling)
    attempt = await calls_back(recalling, recall, seat)
    operator = await seat.rings(within=5)

    async with controller_dead(recalling):
        await operator.answer()
        called = await home.rings(within=5)
        await called.answer()
        await asyncio.gather(called.hears_tone(seat.tone, within=5), operator.hears_tone(CITIZEN, within=5))
        recalling.tells("without a controller the seat was picked up, the citizen was dialled, and they talk")

    closed = await recall_of(recalling, citizen.number, state="closed", closed_by="reached", within=10)
    assert [made["outcome"] for made in closed["attempts"]] == ["reached"]
    call = await recalling.api.get(f"calls/{attempt['call_id']}")
    assert (call["direction"], call["state"], call["recovered"]) == ("outbound", "talking", True)
    await seat.is_("talking", within=3, call_id=call["id"])
    await asyncio.gather(called.hears_tone(seat.tone, within=5), operator.hears_tone(CITIZEN, within=5))
    await recalling.listens_again()
    await called.hang_up()
    await operator.ended(within=3)
    await recalling.events.until("call.ended", within=5, id=call["id"])
    await seat.is_("wrap_up", within=3)


async def test_while_the_citizens_phone_rings_and_he_answers_afterwards(recalling: Hotline) -> None:
    citizen = await gives_up(recalling)
    recall = await recall_of(recalling, citizen.number)
    seat, home = await recalling.seat("8001"), await at_home(recalling)
    await calls_back(recalling, recall, seat)
    operator = await seat.rings(within=5)
    await operator.answer()
    called = await home.rings(within=5)

    async with controller_dead(recalling):
        recalling.tells("the controller died while the citizen's phone rings")

    running = (await recalling.api.get(f"recalls/{recall['id']}"))["attempts"]
    assert [(made["outcome"], made["dialled"] is not None) for made in running] == [(None, True)]
    with pytest.raises(ProblemError, match="calling this number back already"):
        await calls_back(recalling, recall, seat)
    await called.answer()
    await asyncio.gather(called.hears_tone(seat.tone, within=5), operator.hears_tone(CITIZEN, within=5))
    closed = await recall_of(recalling, citizen.number, state="closed", closed_by="reached")
    assert [made["outcome"] for made in closed["attempts"]] == ["reached"]
    await operator.hang_up()
    await called.ended(within=3)


async def test_while_the_seat_rings_and_it_comes_to_nothing(recalling: Hotline) -> None:
    citizen = await gives_up(recalling)
    recall = await recall_of(recalling, citizen.number)
    seat, home = await recalling.seat("8001"), await at_home(recalling)
    await calls_back(recalling, recall, seat)
    ringing = await seat.rings(within=5)

    async with controller_dead(recalling):
        ringing.refuse()
        await ringing.ended(within=3)

    after = await last_attempt(recalling, citizen.number, "failed", within=5)
    assert (after["state"], len(after["attempts"]), home.phone.seen) == ("open", 1, [])
    await seat.is_("ready", within=5)
    await calls_back(recalling, recall, seat)
    await (await seat.rings(within=5)).answer()
    await (await home.rings(within=5)).answer()
    await recall_of(recalling, citizen.number, state="closed", closed_by="reached")


def now() -> datetime:
    """Give the time as Asterisk tells it: in whole milliseconds, the last that has begun."""
    at = datetime.now(UTC)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def moments(of: Json, *names: str) -> list[datetime]:
    """Read these times of it, all of which must be known."""
    return [datetime.fromisoformat(of[name]) for name in names]


async def test_while_the_seat_rings_and_their_talk_is_over_before_it_is_back(recalling: Hotline) -> None:
    citizen = await gives_up(recalling)
    recall = await recall_of(recalling, citizen.number)
    seat, home = await recalling.seat("8001"), await at_home(recalling)
    attempt = await calls_back(recalling, recall, seat)
    operator = await seat.rings(within=5)

    async with controller_dead(recalling):
        picks_up = now()
        await operator.answer()
        called = await home.rings(within=5)
        answers = now()
        await called.answer()
        await asyncio.gather(called.hears_tone(seat.tone, within=5), operator.hears_tone(CITIZEN, within=5))
        hangs_up = now()
        await called.hang_up()
        await operator.ended(within=3)
        await line_empty(recalling)
        over = now()
        recalling.tells("they talked and hung up, and no controller was there")

    closed = await recall_of(recalling, citizen.number, state="closed", closed_by="reached", within=10)
    [made] = closed["attempts"]
    dialled, joined, ended = moments(made, "dialled", "answered", "ended")
    assert (made["outcome"], made["call_id"]) == ("reached", attempt["call_id"])
    assert picks_up <= dialled <= answers <= joined == ended <= hangs_up, "each time is that at which it was"
    call = await recalling.api.get(f"calls/{attempt['call_id']}")
    assert (call["direction"], call["outcome"], call["seat"]) == ("outbound", "answered", "8001")
    assert (call["recovered"], call["t2"], moments(call, "t0", "t4")) == (True, None, [dialled, joined])
    assert hangs_up <= moments(call, "t5")[0] <= over
    entries = await recalling.api.all_of(f"calls/{call['id']}/journal")
    assert [entry["data"]["ended_by"] for entry in entries if entry["kind"] == "call.ended"] == ["caller"]
    # recording and ticket are seen to by the new controller itself, now
    witnessed = {entry["kind"] for entry in entries if not entry["recovered"]}
    assert witnessed <= {"recording.changed", "ticket.changed", "ticket.stands"}, (
        "what nobody here heard is marked as found out"
    )

    async def kept() -> Json:
        found: Json = await recalling.api.get(f"calls/{call['id']}")
        return found

    await recalling.until_true(
        kept,
        lambda found: found["recording"]["state"] == "kept" and found["ticket_id"] is not None,
        within=10,
        what="recorded and noted as any other talk",
    )
    await seat.is_("ready", within=5)


async def test_while_they_talk_and_they_hang_up_before_it_is_back(recalling: Hotline) -> None:
    citizen = await gives_up(recalling)
    recall = await recall_of(recalling, citizen.number)
    seat, home = await recalling.seat("8001"), await at_home(recalling)
    attempt = await calls_back(recalling, recall, seat)
    operator = await seat.rings(within=5)
    await operator.answer()
    called = await home.rings(within=5)
    await called.answer()
    await recall_of(recalling, citizen.number, state="closed", closed_by="reached")
    await asyncio.gather(called.hears_tone(seat.tone, within=5), operator.hears_tone(CITIZEN, within=5))

    async with controller_dead(recalling):
        hangs_up = now()
        await operator.hang_up()
        await called.ended(within=3)
        await line_empty(recalling)
        over = now()

    async def read() -> Json:
        found: Json = await recalling.api.get(f"calls/{attempt['call_id']}")
        return found

    call = await recalling.until_true(read, lambda found: found["state"] == "ended", within=5, what="over")
    assert (call["outcome"], call["recovered"]) == ("answered", True)
    assert hangs_up <= moments(call, "t5")[0] <= over
    entries = await recalling.api.all_of(f"calls/{call['id']}/journal")
    assert [entry["data"]["ended_by"] for entry in entries if entry["kind"] == "call.ended"] == ["hotline"]


async def test_while_the_seat_rings_and_the_citizen_is_on_another_call(recalling: Hotline) -> None:
    citizen = await gives_up(recalling)
    recall = await recall_of(recalling, citizen.number)
    seat, home = await recalling.seat("8001"), await at_home(recalling)
    await calls_back(recalling, recall, seat)
    operator = await seat.rings(within=5)

    async with controller_dead(recalling):
        picks_up = now()
        await operator.answer()
        (await home.rings(within=5)).refuse(486)
        await operator.ended(within=5)
        await line_empty(recalling)
        over = now()

    after = await last_attempt(recalling, citizen.number, "busy", within=5)
    [made] = after["attempts"]
    dialled, ended = moments(made, "dialled", "ended")
    assert picks_up <= dialled <= ended <= over
    assert (after["state"], made["answered"]) == ("open", None)
    await seat.is_("ready", within=5)
