"""The operator hangs up, and the caller is asked how satisfied he is: real keys, real words, and figure 14."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from scripts.hotline_client import Json, ProblemError
from tests.support.hotline import Citizen, Hotline, visit
from tests.support.hotlines import running
from tests.support.mortality import controller_dead
from tests.support.running_hotline import RunningHotline

pytestmark = pytest.mark.timeout(120)

ASKED = 3.0
TWICE = 40.0  # two questions of nine seconds, five seconds behind each, and the last words


@pytest.fixture(scope="module")
def grading_hotline() -> Iterator[RunningHotline]:
    """Asks for a grade."""
    yield from running(4, survey="true")


@pytest.fixture
async def grading(grading_hotline: RunningHotline) -> AsyncIterator[Hotline]:
    async with visit(grading_hotline) as hotline:
        yield hotline


async def talk_is_over(hotline: Hotline) -> Citizen:
    """Caller and operator have talked, and the operator hangs up."""
    seat = await hotline.seat("8001")
    citizen = await hotline.caller_dials()
    talk = await seat.rings(within=10)
    await talk.answer()
    await citizen.until("call.talking", within=3)
    await talk.hang_up()
    return citizen


def _has_ended(call: Json) -> bool:
    return bool(call["state"] == "ended")


async def satisfaction(hotline: Hotline) -> dict[str, Json]:
    figures = (await hotline.api.get("figures"))["items"]
    return {figure["name"]: figure for figure in figures if figure["definition"].startswith("kpis.md 14")}


async def test_he_presses_a_grade_and_it_is_counted(grading: Hotline) -> None:
    before = await satisfaction(grading)
    citizen = await talk_is_over(grading)
    asked = await citizen.until("call.grade_asked", within=ASKED)
    assert asked.data["state"] == "talking"
    await citizen.call.hears_sound(within=3)
    grading.tells("the operator hung up, and the caller hears the question")
    await grading.seats["8001"].is_("ready", within=5)

    citizen.call.presses("4")
    graded = await citizen.until("call.graded", within=3)
    await citizen.call.hears_sound(within=3)
    over = await citizen.is_over(within=10)

    grading.tells(f"he pressed 4 and heard the last words: {over['outcome']}, ended by {over['ended_by']}")
    assert graded.data["grade"] == over["grade"] == 4
    assert (over["outcome"], over["ended_by"]) == ("answered", "hotline")
    after = await satisfaction(grading)
    assert after["survey_response"]["numerator"] == (before["survey_response"]["numerator"] or 0) + 1
    assert after["grade_mean"]["numerator"] == (before["grade_mean"]["numerator"] or 0) + 4
    kinds = [entry["kind"] for entry in await citizen.journal()]
    assert kinds.count("call.graded") == 1


async def test_a_wrong_key_is_no_grade_he_is_asked_again_and_the_operator_can_end_neither(grading: Hotline) -> None:
    citizen = await talk_is_over(grading)
    await citizen.until("call.grade_asked", within=ASKED)
    citizen.call.presses("9")

    with pytest.raises(ProblemError, match="asked for a grade") as refused:
        await grading.api.post(f"calls/{citizen.id}/hangup")
    assert refused.value.status == 409

    await asyncio.sleep(1)  # Asterisk puts the question once more from its beginning
    await citizen.call.hears_sound(within=3)
    citizen.call.presses("1")
    over = await citizen.is_over(within=10)
    grading.tells(f"9 was no grade, asked again he pressed {over['grade']}")
    assert over["grade"] == 1


async def test_who_presses_nothing_is_asked_twice_and_has_given_none(grading: Hotline) -> None:
    before = await satisfaction(grading)
    citizen = await talk_is_over(grading)
    asked = await citizen.until("call.grade_asked", within=ASKED)
    over = await citizen.is_over(within=TWICE)

    assert over["grade"] is None
    assert over["grade_asked"] == asked.data["grade_asked"]
    after = (await satisfaction(grading))["survey_response"]
    assert after["denominator"] == (before["survey_response"]["denominator"] or 0) + 1
    assert after["numerator"] == (before["survey_response"]["numerator"] or 0), "silence is no grade"


async def test_ending_the_call_on_the_screen_begins_the_question(grading: Hotline) -> None:
    seat = await grading.seat("8001")
    citizen = await grading.caller_dials()
    talk = await seat.rings(within=10)
    await talk.answer()
    await citizen.until("call.talking", within=3)

    await grading.api.post(f"calls/{citizen.id}/hangup")
    await talk.ended(within=3)
    await citizen.until("call.grade_asked", within=ASKED)
    citizen.call.presses("5")
    assert (await citizen.is_over(within=10))["grade"] == 5


async def test_the_controller_dies_and_the_grade_is_not_lost(grading: Hotline) -> None:
    citizen = await talk_is_over(grading)
    await citizen.until("call.grade_asked", within=ASKED)

    async with controller_dead(grading):
        await asyncio.sleep(0.5)  # he thinks
        citizen.call.presses("2")
        await citizen.call.ended(within=10)

    over = await grading.until_true(citizen.record, _has_ended, within=10, what="ended")
    entries = await citizen.journal()
    [graded] = [entry for entry in entries if entry["kind"] == "call.graded"]
    grading.tells(f"graded while nobody heard it: {over['grade']}, recovered: {graded['recovered']}")
    assert (over["grade"], over["outcome"], graded["recovered"]) == (2, "answered", True)
    assert [entry["kind"] for entry in entries].count("call.ended") == 1


async def test_a_new_controller_leaves_him_to_answer_and_hears_it(grading: Hotline) -> None:
    citizen = await talk_is_over(grading)
    await citizen.until("call.grade_asked", within=ASKED)

    async with controller_dead(grading):
        pass
    await grading.listens_again()
    found = await citizen.record()
    assert (found["state"], found["grade"]) == ("talking", None)
    assert found["grade_asked"] is not None

    citizen.call.presses("3")
    await citizen.call.ended(within=10)
    over = await grading.until_true(citizen.record, _has_ended, within=10, what="ended")
    grading.tells(f"a new controller found him at the question: {over['grade']}")
    assert (over["grade"], over["outcome"]) == (3, "answered")
