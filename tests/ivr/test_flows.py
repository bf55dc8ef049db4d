"""Reloading flows while calls run."""

import asyncio
from collections.abc import Set as AbstractSet
from datetime import date
from pathlib import Path

import pytest

from callcenter.domain.prompts import Prompt, ticket_number_said
from callcenter.ivr.check import check_flows
from callcenter.ivr.flow import HoursNode, QueueNode, SayNode
from callcenter.ivr.flows import FlowShelf, plain_flow, prompts_of
from callcenter.ivr.opening import Weekday
from callcenter.ivr.patience import speech_seconds
from callcenter.ivr.words import tells_recording
from tests.support.flow_files import WHOLE

SHIPPED = Path(__file__).parents[2] / "ivr_flows"


class Voice:
    """Remembers what it was asked to prepare; cannot speak what is in `unspeakable`."""

    def __init__(self, *, unspeakable: str | None = None) -> None:
        self.prepared: set[Prompt] = set()
        self.unspeakable = unspeakable

    async def __call__(self, prompts: AbstractSet[Prompt]) -> None:
        await asyncio.sleep(0)
        if any(prompt.text == self.unspeakable for prompt in prompts):
            raise RuntimeError("the voice is away")
        self.prepared |= prompts


def write(folder: Path, text: str) -> None:
    (folder / "flow.yaml").write_text(text, encoding="utf-8")


async def test_the_shipped_flows_are_taken_and_all_they_say_is_prepared() -> None:
    voice = Voice()
    shelf = FlowShelf(SHIPPED, prepare=voice, queues={"hotline"})

    reloaded = await shelf.reload()

    assert reloaded.taken == ("direct", "menu", "night")
    assert (reloaded.mistakes, reloaded.unprepared, reloaded.kept) == ((), (), ())
    assert shelf.names == ("direct", "menu", "night")
    for name in shelf.names:
        flow = shelf.flow(name)
        assert flow is not None
        assert voice.prepared >= prompts_of(flow)


async def test_a_broken_file_is_not_taken_and_the_flow_in_force_stays(tmp_path: Path) -> None:
    write(tmp_path, WHOLE)
    shelf = FlowShelf(tmp_path, prepare=Voice())
    await shelf.reload()
    before = shelf.flow("flow")
    write(tmp_path, WHOLE.replace("next: choose", "next: chose"))

    reloaded = await shelf.reload()

    assert shelf.flow("flow") is before
    assert reloaded.kept == ("flow",)
    assert [str(mistake) for mistake in reloaded.mistakes] == [
        f"{tmp_path}/flow.yaml:6: node 'welcome': there is no node 'chose'; write 'choose'"
    ]


async def test_a_mended_file_is_taken_and_a_call_in_progress_keeps_what_it_began_with(tmp_path: Path) -> None:
    write(tmp_path, WHOLE)
    shelf = FlowShelf(tmp_path, prepare=Voice())
    await shelf.reload()
    in_progress = shelf.flow("flow")
    assert in_progress is not None
    write(tmp_path, WHOLE.replace("再见", "感谢来电"))

    await shelf.reload()

    now = shelf.flow("flow")
    assert now is not None
    assert now is not in_progress
    assert Prompt(name=None, text="感谢来电") in prompts_of(now)
    assert Prompt(name=None, text="再见") in prompts_of(in_progress)


async def test_a_flow_that_cannot_be_spoken_is_not_taken(tmp_path: Path) -> None:
    write(tmp_path, WHOLE)
    voice = Voice()
    shelf = FlowShelf(tmp_path, prepare=voice)
    await shelf.reload()
    before = shelf.flow("flow")
    voice.unspeakable = "感谢来电"
    write(tmp_path, WHOLE.replace("再见", "感谢来电"))

    reloaded = await shelf.reload()

    assert reloaded.unprepared == ("flow",)
    assert shelf.flow("flow") is before


async def test_a_flow_whose_file_is_gone_stays_in_force(tmp_path: Path) -> None:
    write(tmp_path, WHOLE)
    shelf = FlowShelf(tmp_path, prepare=Voice())
    await shelf.reload()
    (tmp_path / "flow.yaml").unlink()

    reloaded = await shelf.reload()

    assert reloaded.kept == ("flow",)
    assert shelf.flow("flow") is not None


async def test_until_a_reload_is_done_the_old_flows_are_in_force(tmp_path: Path) -> None:
    speaking, go_on = asyncio.Event(), asyncio.Event()

    async def slow_voice(prompts: AbstractSet[Prompt]) -> None:
        assert prompts
        speaking.set()
        await go_on.wait()

    write(tmp_path, WHOLE)
    shelf = FlowShelf(tmp_path, prepare=slow_voice)
    reloading = asyncio.create_task(shelf.reload())
    await speaking.wait()

    assert shelf.flow("flow") is None

    go_on.set()
    await reloading
    assert shelf.flow("flow") is not None


async def test_two_reloads_at_once_do_not_mix(tmp_path: Path) -> None:
    write(tmp_path, WHOLE)
    shelf = FlowShelf(tmp_path, prepare=Voice())

    first, second = await asyncio.gather(shelf.reload(), shelf.reload())

    assert first == second


async def test_a_slow_reload_does_not_bring_back_what_a_later_one_replaced(tmp_path: Path) -> None:
    first_speaks, go_on = asyncio.Event(), asyncio.Event()

    async def slow_for_the_old_words(prompts: AbstractSet[Prompt]) -> None:
        if Prompt(name=None, text="再见") in prompts:
            first_speaks.set()
            await go_on.wait()

    write(tmp_path, WHOLE)
    shelf = FlowShelf(tmp_path, prepare=slow_for_the_old_words)
    first = asyncio.create_task(shelf.reload())
    await first_speaks.wait()
    write(tmp_path, WHOLE.replace("再见", "感谢来电"))
    second = asyncio.create_task(shelf.reload())
    await asyncio.to_thread(check_flows, tmp_path)  # as long as the second needs to read, had it not to wait
    go_on.set()
    await asyncio.gather(first, second)

    flow = shelf.flow("flow")
    assert flow is not None
    assert Prompt(name=None, text="感谢来电") in prompts_of(flow)


async def test_what_a_node_says_of_a_day_wins_over_its_calendar(tmp_path: Path) -> None:
    (tmp_path / "calendars").mkdir()
    (tmp_path / "calendars" / "china.yaml").write_text(
        "description: 放假安排\nholidays: [2026-10-01, 2026-10-02]\n"
        "make_up_workdays: {2026-10-10: friday, 2026-10-11: friday}\n",
        encoding="utf-8",
    )
    write(
        tmp_path,
        WHOLE.replace("next: choose", "next: hours") + "  hours:\n    kind: hours\n    calendar: china\n"
        "    weekly: {friday: ['09:00-17:00']}\n    holidays: [2026-10-10]\n"
        "    make_up_workdays: {2026-10-01: monday}\n    open: choose\n    closed: bye\n",
    )
    shelf = FlowShelf(tmp_path, prepare=Voice())

    await shelf.reload()

    flow = shelf.flow("flow")
    assert flow is not None
    hours = flow.nodes["hours"]
    assert isinstance(hours, HoursNode)
    assert hours.holidays == (date(2026, 10, 2), date(2026, 10, 10))
    assert hours.make_up_workdays == {date(2026, 10, 11): Weekday.FRIDAY, date(2026, 10, 1): Weekday.MONDAY}


async def test_no_folder_gives_no_flow_and_no_error(tmp_path: Path) -> None:
    reloaded = await FlowShelf(tmp_path / "none", prepare=Voice()).reload()

    assert reloaded.taken == ()


def test_the_flow_without_a_file_greets_tells_of_the_recording_and_leads_to_a_person() -> None:
    flow = plain_flow("hotline")

    start, operator = flow.nodes[flow.start], flow.nodes[flow.operator]

    assert isinstance(start, SayNode)
    assert tells_recording(start)
    assert start.next == flow.operator
    assert isinstance(operator, QueueNode)
    assert operator.queue == "hotline"


@pytest.mark.parametrize("number", ["20261122000017", "99999999999999", "12345678901234"])
async def test_every_piece_of_a_spoken_ticket_number_is_prepared(number: str) -> None:
    shelf = FlowShelf(SHIPPED, prepare=Voice())
    await shelf.reload()
    menu = shelf.flow("menu")
    assert menu is not None

    assert set(ticket_number_said(number)) <= prompts_of(menu)


@pytest.mark.parametrize("name", ["direct", "menu", "night"])
async def test_the_first_words_of_each_shipped_flow_take_less_than_five_seconds(name: str) -> None:
    shelf = FlowShelf(SHIPPED, prepare=Voice())
    await shelf.reload()
    flow = shelf.flow(name)
    assert flow is not None
    start = flow.nodes[flow.start]

    assert isinstance(start, SayNode)
    assert sum(speech_seconds(spoken.text) for spoken in start.prompts) < 5
