"""Who gave up waiting is owed a call: he is on the list until he talks with a person, or enough was tried."""

import asyncio

import pytest

from scripts.hotline_client import ProblemError
from scripts.phones.phone import Reaction, declines, is_busy
from scripts.phones.sip import user_of
from tests.support.calling_back import at_home, calls_back, calls_back_when_he_may, gives_up, last_attempt, recall_of
from tests.support.hotline import CITIZEN, Hotline


async def test_he_is_called_back_and_talks_with_the_seat(recalling: Hotline) -> None:
    citizen = await gives_up(recalling)
    recall = await recall_of(recalling, citizen.number)
    assert [wait["call_id"] for wait in recall["waits"]] == [citizen.id]
    assert recall["waits"][0]["waited"] >= 0.6
    seat, home = await recalling.seat("8001"), await at_home(recalling)

    attempt = await calls_back(recalling, recall, seat)
    operator = await seat.rings(within=5)
    assert user_of(operator.caller.uri) == citizen.number
    await seat.is_("ringing", within=3, call_id=attempt["call_id"])
    recalling.tells("the seat rings first, and shows the citizen's number")
    await operator.answer()
    called = await home.rings(within=5)
    assert (called.dialled, user_of(called.caller.uri)) == (citizen.number, recalling.home.hotline)
    recalling.tells("then the citizen's phone")
    await called.answer()
    await asyncio.gather(called.hears_tone(seat.tone, within=5), operator.hears_tone(CITIZEN, within=5))
    recalling.tells("they hear each other")

    closed = await recall_of(recalling, citizen.number, state="closed", closed_by="reached")
    made = closed["attempts"][0]
    assert (made["outcome"], made["seat"]) == ("reached", "8001")
    assert made["asked"] < made["dialled"] < made["answered"] == made["ended"]
    call = await recalling.api.get(f"calls/{attempt['call_id']}")
    assert (call["direction"], call["state"], call["caller"]) == ("outbound", "talking", citizen.number)
    assert (call["t2"], call["seat"], call["recording"]["state"]) == (None, "8001", "recording")
    await seat.is_("talking", within=3)
    await recalling.api.post(f"calls/{call['id']}/hold")
    await called.hears_sound(within=3)
    await recalling.api.post(f"calls/{call['id']}/resume")
    await asyncio.gather(called.hears_tone(seat.tone, within=5), operator.hears_tone(CITIZEN, within=5))
    recalling.tells("he was on hold, and is back")

    await operator.hang_up()
    await called.ended(within=3)
    over = (await recalling.events.until("call.ended", within=5, id=call["id"])).data
    assert (over["outcome"], over["ended_by"]) == ("answered", "hotline")
    await seat.is_("wrap_up", within=3)
    await recalling.events.until("recording.changed", within=10, call_id=call["id"], state="kept")
    assert (await recalling.api.get(f"calls/{call['id']}"))["ticket_id"] is not None


async def test_he_calls_again_and_is_answered_and_nothing_is_owed_any_more(recalling: Hotline) -> None:
    first = await gives_up(recalling)
    opened = await recall_of(recalling, first.number)
    second = await gives_up(recalling, number=first.number)

    both = await recall_of(recalling, first.number)
    assert (both["id"], both["opened"]) == (opened["id"], opened["opened"])
    assert [wait["call_id"] for wait in both["waits"]] == [first.id, second.id]

    citizen = await recalling.caller_dials(first.number)
    await citizen.until("call.queued", within=10)
    seat = await recalling.seat("8001", state="offline")
    with pytest.raises(ProblemError, match="is on the line"):
        await calls_back(recalling, both, seat)
    await seat.goes("ready")
    await (await seat.rings(within=10)).answer()
    await citizen.until("call.talking", within=3)

    closed = await recall_of(recalling, first.number, state="closed", closed_by="self_return")
    assert closed["attempts"] == []
    with pytest.raises(ProblemError, match="closed"):
        await calls_back(recalling, closed, seat)
    await citizen.hangs_up()


@pytest.mark.parametrize(("reaction", "outcome"), [(declines, "refused"), (is_busy, "busy")])
async def test_enough_attempts_in_vain_and_it_is_given_up(recalling: Hotline, reaction: Reaction, outcome: str) -> None:
    citizen = await gives_up(recalling)
    recall = await recall_of(recalling, citizen.number)
    seat = await recalling.seat("8001")
    await at_home(recalling, reaction=reaction)

    for number in range(1, 3):
        await calls_back_when_he_may(recalling, recall, seat)
        await (await seat.rings(within=5)).answer()
        after = await last_attempt(recalling, citizen.number, outcome, within=10)
        assert (len(after["attempts"]), after["attempts"][-1]["answered"]) == (number, None)
        await seat.is_("ready", within=5)

    closed = await recall_of(recalling, citizen.number, state="closed")
    assert closed["closed_by"] == "given_up"
    calls = (await recalling.api.get(f"calls?caller={citizen.number}"))["items"]
    assert [call["id"] for call in calls] == [citizen.id], "attempts in vain are no calls"


async def test_a_seat_that_does_not_pick_up_and_a_citizen_who_does_not(recalling: Hotline) -> None:
    citizen = await gives_up(recalling)
    recall = await recall_of(recalling, citizen.number)
    seat, home = await recalling.seat("8001"), await at_home(recalling)

    await calls_back(recalling, recall, seat)
    ringing = await seat.rings(within=5)
    with pytest.raises(ProblemError, match="calling this number back already"):
        await calls_back(recalling, recall, seat)
    ringing.refuse()
    after = await last_attempt(recalling, citizen.number, "seat_no_answer", within=5)
    assert (after["attempts"][-1]["dialled"], home.phone.seen) == (None, [])
    await seat.is_("ready", within=3, missed=0)

    await calls_back(recalling, recall, seat)
    operator = await seat.rings(within=5)
    await operator.answer()
    called = await home.rings(within=5)
    await operator.hang_up()
    assert (await called.ended(within=3)).how == "CANCEL"
    after = await last_attempt(recalling, citizen.number, "cancelled", within=5)
    assert after["state"] == "open"
    recalling.tells("the operator put down; his phone stopped at once")

    await calls_back_when_he_may(recalling, recall, seat)
    await (await seat.rings(within=5)).answer()
    (await home.rings(within=5)).refuse(480)
    after = await last_attempt(recalling, citizen.number, "no_answer", within=10)
    assert (after["state"], after["attempts"][-1]["answered"]) == ("open", None)


async def test_waiting_callers_come_first_and_a_seat_must_be_ready(recalling: Hotline) -> None:
    owed = await gives_up(recalling)
    recall = await recall_of(recalling, owed.number)
    seat = await recalling.seat("8001", state="break")

    with pytest.raises(ProblemError, match="the seat is break"):
        await calls_back(recalling, recall, seat)
    with pytest.raises(ProblemError, match="seat"):
        await recalling.api.post(f"recalls/{recall['id']}/dial", {"seat": "9999"})
    other = await recalling.caller_dials()
    await other.until("call.queued", within=10)
    with pytest.raises(ProblemError, match="callers wait"):
        await calls_back(recalling, recall, seat)
    await other.hangs_up()

    listed = [each["id"] for each in (await recalling.api.get("recalls?state=open&sort=due"))["items"]]
    assert recall["id"] in listed
    dues = [each["due"] for each in (await recalling.api.get("recalls?state=open&sort=due"))["items"]]
    assert dues == sorted(dues)


async def test_whom_nothing_can_be_owed(recalling: Hotline) -> None:
    refused = await gives_up(recalling, number="13900112222")
    await gives_up(recalling, number="+442079460000")

    assert (await recall_of(recalling, refused.number, state="closed"))["closed_by"] == "refused"
    assert (await recall_of(recalling, "%2B442079460000", state="closed"))["closed_by"] == "undiallable"
    hidden = await gives_up(recalling, from_="<sip:anonymous@anonymous.invalid>")
    newest = (await recalling.api.get("recalls?limit=1"))["items"][0]
    assert (newest["caller"], newest["closed_by"], newest["waits"][0]["call_id"]) == (None, "undiallable", hidden.id)
