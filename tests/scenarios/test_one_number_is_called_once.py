"""Whoever clicks on “call back”, as often and as much at once as he may, and whoever dies: one number rings once."""

import asyncio
import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from scripts.hotline_client import Json, ProblemError
from scripts.phones.phone import Phone
from scripts.phones.waiting import eventually
from tests.support.calling_back import at_home, calls_back, gives_up, recall_of
from tests.support.hotline import CITIZEN, OTHER_OPERATOR, Citizen, Hotline, Seat, Unit
from tests.support.mortality import controller_back, controller_dead, controller_killed


async def owed_and_seats(hotline: Hotline) -> tuple[Json, Seat, Seat, Unit]:
    """Somebody is owed a call, two seats are ready, and his phone is on."""
    citizen = await gives_up(hotline)
    recall = await recall_of(hotline, citizen.number)
    one, other = await hotline.seat("8001"), await hotline.seat("8002", tone=OTHER_OPERATOR)
    return recall, one, other, await at_home(hotline)


def times_called(phone: Phone) -> int:
    """How many calls have come to this phone, each told by its first line."""
    return sum(line.startswith("< INVITE") for line in phone.seen)


async def all_click(hotline: Hotline, recall: Json, *seats: Seat) -> tuple[list[Json], list[str]]:
    """Let these seats click at one moment; gives the attempts that began, and why the others did not."""
    done = await asyncio.gather(
        *(calls_back(hotline, recall, seat, again=True) for seat in seats), return_exceptions=True
    )
    refusals = [str(each) for each in done if isinstance(each, ProblemError)]
    begun = [each for each in done if isinstance(each, dict)]
    assert len(refusals) + len(begun) == len(done), done
    return begun, refusals


async def he_is_reached(hotline: Hotline, recall: Json, seat: Seat, home: Unit) -> Json:
    """The seat picks up, he answers, they hear each other and part; gives the recall."""
    operator = await seat.rings(within=5)
    await operator.answer()
    called = await home.rings(within=5)
    await called.answer()
    await asyncio.gather(called.hears_tone(seat.tone, within=5), operator.hears_tone(CITIZEN, within=5))
    closed = await recall_of(hotline, recall["caller"], state="closed", closed_by="reached")
    await called.hang_up()
    await operator.ended(within=3)
    return closed


@pytest.mark.parametrize("clicks", [(0, 1), (0, 0), (0, 1, 0, 1, 1, 0, 0, 1)], ids=["two seats", "twice", "eight"])
async def test_clicks_at_one_moment_are_one_call(recalling: Hotline, clicks: tuple[int, ...]) -> None:
    recall, *seats, home = await owed_and_seats(recalling)
    assert isinstance(home, Unit)

    begun, refusals = await all_click(recalling, recall, *(seats[which] for which in clicks))

    [attempt] = begun
    assert all("calling this number back already" in refusal for refusal in refusals)
    by_seat = {seat.extension: seat for seat in seats if isinstance(seat, Seat)}
    closed = await he_is_reached(recalling, recall, by_seat.pop(attempt["seat"]), home)
    assert [made["call_id"] for made in closed["attempts"]] == [attempt["call_id"]]
    assert times_called(home.phone) == 1
    assert [times_called(seat.phone) for seat in by_seat.values()] == [0]


async def test_one_seat_is_not_rung_for_two_numbers(recalling: Hotline) -> None:
    recall, seat, _, home = await owed_and_seats(recalling)
    other = await recall_of(recalling, (await gives_up_beside(recalling)).number)

    done = await asyncio.gather(
        calls_back(recalling, recall, seat), calls_back(recalling, other, seat), return_exceptions=True
    )

    [refused] = [each for each in done if isinstance(each, ProblemError)]
    assert "its phone is in use" in str(refused)
    wanted = recall if done.index(refused) == 1 else other
    await he_is_reached(recalling, wanted, seat, home)
    assert times_called(seat.phone) == 1


@contextmanager
def journal_locked(hotline: Hotline) -> Iterator[None]:
    """Let nothing be written for as long as the block runs, so that the click waits for the journal."""
    file = hotline.running.database_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(file, timeout=10, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


async def test_the_controller_dies_between_the_click_and_the_ringing(recalling: Hotline) -> None:
    recall, seat, other, home = await owed_and_seats(recalling)
    before = recalling.running.pid("controller")
    with journal_locked(recalling):
        click = asyncio.create_task(calls_back(recalling, recall, seat))
        await recalling.until_true(
            lambda: recalling.api.get(f"recalls/{recall['id']}"),
            lambda found: found["attempts"],
            within=2,
            what="asked",
        )
        async with controller_killed(recalling):
            await asyncio.gather(click, return_exceptions=True)
            assert times_called(seat.phone) == 0, "it was killed before any phone rang"
    await controller_back(recalling, before)
    await recalling.listens_again()

    [made] = (await recalling.api.get(f"recalls/{recall['id']}"))["attempts"]
    assert (made["outcome"], made["dialled"]) == ("failed", None), "the attempt is known, and that he was never dialled"
    await seat.is_("ready", within=5)
    begun, _ = await all_click(recalling, recall, seat, other)
    reached_by = seat if begun[0]["seat"] == seat.extension else other
    closed = await he_is_reached(recalling, recall, reached_by, home)
    assert [attempt["outcome"] for attempt in closed["attempts"]] == ["failed", "reached"]
    assert times_called(home.phone) == 1


async def test_the_controller_dies_before_asterisk_has_taken_up_what_it_asked(recalling: Hotline) -> None:
    """Asterisk stands still while the click is sent to it: it takes it up when the next controller is there already."""
    recall, seat, other, home = await owed_and_seats(recalling)
    asterisk = recalling.running.pid("asterisk")
    before = recalling.running.pid("controller")
    os.kill(asterisk, signal.SIGSTOP)
    try:
        await calls_back(recalling, recall, seat)
        async with controller_killed(recalling):
            pass
        await recalling.until_true(
            lambda: controller_of(recalling), lambda found: found["pid"] not in (0, before), within=10, what="a new one"
        )
        assert times_called(seat.phone) == 0
    finally:
        os.kill(asterisk, signal.SIGCONT)
    await controller_back(recalling, before)
    await recalling.listens_again()

    _, refusals = await all_click(recalling, recall, other, seat)
    assert all("calling this number back already" in refusal for refusal in refusals)
    assert len(refusals) == 2, "the new controller knows of the attempt"
    closed = await he_is_reached(recalling, recall, seat, home)
    assert [made["outcome"] for made in closed["attempts"]] == ["reached"]
    assert (times_called(seat.phone), times_called(other.phone), times_called(home.phone)) == (1, 0, 1)


async def controller_of(hotline: Hotline) -> Json:
    """Its process id; 0 where none has written one."""
    try:
        return {"pid": hotline.running.pid("controller")}
    except (FileNotFoundError, ValueError):
        return {"pid": 0}


async def test_the_answer_to_the_click_is_lost_and_the_seat_clicks_again(recalling: Hotline) -> None:
    recall, seat, _, home = await owed_and_seats(recalling)
    attempt = await calls_back(recalling, recall, seat)
    await eventually(lambda: times_called(seat.phone) == 1, within=5, what="the seat's phone was not called")
    async with controller_dead(recalling):
        pass
    await recalling.listens_again()

    with pytest.raises(ProblemError, match="calling this number back already"):
        await calls_back(recalling, recall, seat, again=True)
    closed = await he_is_reached(recalling, recall, seat, home)
    assert [made["call_id"] for made in closed["attempts"]] == [attempt["call_id"]]
    assert times_called(home.phone) == 1


async def gives_up_beside(hotline: Hotline) -> Citizen:
    """One more citizen gives up while no seat is free."""
    for seat in hotline.seats.values():
        await seat.goes("break")
    citizen = await gives_up(hotline)
    for seat in hotline.seats.values():
        await seat.goes("ready")
    return citizen
