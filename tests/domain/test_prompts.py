"""Numbers and places as they are said, and every word of the shipped flows in the catalogue."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.domain.prompts import (
    CATALOGUE,
    GREETING,
    LARGEST_NUMBER,
    LONGEST_WAIT_MINUTES,
    MOST_WITH_WAIT,
    PIECES,
    SURVEY_ASK,
    SURVEY_END,
    Prompt,
    digits_said,
    number_said,
    position_said,
    shipped,
    ticket_number_said,
)
from callcenter.ivr.check import check_folder
from callcenter.ivr.flow import CollectNode
from callcenter.ivr.flows import prompts_of

FLOWS = Path(__file__).resolve().parents[2] / "ivr_flows"
ONES = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {"两": 2}
UNITS = {"十": 10, "百": 100, "千": 1000}


def heard(prompts: list[Prompt]) -> str:
    return "".join(prompt.text for prompt in prompts)


def read(said: str) -> int:
    """Read a Chinese number as a listener does: each unit counts what stands before it."""
    total, one = 0, None
    for sign in said:
        if sign in UNITS:
            total += (1 if one is None else one) * UNITS[sign]
            one = None
        else:
            one = ONES[sign]
    return total + (one or 0)


@given(st.integers(0, LARGEST_NUMBER))
def test_every_number_is_heard_as_itself(number: int) -> None:
    assert read(heard(number_said(number))) == number


def test_no_two_numbers_sound_alike() -> None:
    assert len({heard(number_said(number)) for number in range(LARGEST_NUMBER + 1)}) == LARGEST_NUMBER + 1


@given(st.integers(0, LARGEST_NUMBER))
def test_a_number_has_one_zero_for_a_gap_and_none_at_its_end(number: int) -> None:
    said = heard(number_said(number))
    assert "零零" not in said
    assert number == 0 or not said.startswith("零")
    assert number == 0 or not said.endswith("零")


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "零"),
        (1, "一"),
        (2, "两"),
        (10, "十"),
        (12, "十二"),
        (20, "二十"),
        (22, "二十二"),
        (100, "一百"),
        (102, "一百零二"),
        (110, "一百一十"),
        (112, "一百一十二"),
        (202, "两百零二"),
        (1002, "一千零二"),
        (1010, "一千零一十"),
        (2200, "两千两百"),
        (9999, "九千九百九十九"),
    ],
)
def test_a_number_is_said_as_a_person_says_it(number: int, said: str) -> None:
    assert heard(number_said(number)) == said


@pytest.mark.parametrize("number", [-1, LARGEST_NUMBER + 1])
def test_a_number_that_has_no_pieces_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="0 to 9999"):
        number_said(number)


@pytest.mark.parametrize(
    ("ahead", "minutes", "said"),
    [
        (0, None, "您是下一位，请稍候。"),
        (0, 4, "您是下一位，请稍候。"),
        (2, None, "您前面有两位，请稍候。"),
        (12, 3, "您前面有十二位，约需等待三分钟。"),
        (1, 2, "您前面有一位，约需等待两分钟。"),
        (1, 0, "您前面有一位，约需等待一分钟。"),
        (5, 10, "您前面有五位，约需等待十分钟。"),
        (5, 11, "您前面有五位，约需等待二十分钟。"),
        (99, 56, "您前面有九十九位，约需等待六十分钟。"),
        (100, 56, "您前面有一百位，请稍候。"),
        (20000, None, "您前面有九千九百九十九位，请稍候。"),
        (30, 60, "您前面有三十位，约需等待六十分钟。"),
        (30, 61, "您前面有三十位，约需等待一小时以上。"),
    ],
)
def test_a_waiting_caller_hears_his_place(ahead: int, minutes: int | None, said: str) -> None:
    assert heard(position_said(ahead, minutes)) == said


@given(st.integers(0, 10**6), st.none() | st.integers(0, 10**6))
def test_an_announcement_is_whole_and_made_of_shipped_pieces(ahead: int, minutes: int | None) -> None:
    said = position_said(ahead, minutes)

    assert set(said) <= PIECES
    assert heard(said).endswith("。")
    assert ("小时" in heard(said)) == (
        0 < ahead <= MOST_WITH_WAIT and minutes is not None and minutes > LONGEST_WAIT_MINUTES
    )


@given(st.text())
def test_digits_are_said_one_by_one_and_other_signs_left_out(number: str) -> None:
    digits = [sign for sign in number if sign in "0123456789"]
    assert [prompt.name for prompt in digits_said(number)] == [f"digit_{digit}" for digit in digits]


def test_a_telephone_says_yao_for_one() -> None:
    assert heard(digits_said("110")) == "幺幺零"
    assert heard(ticket_number_said("20261122000017")) == "二零二六幺幺二二零零零零幺七"


def test_the_catalogue_holds_the_words_of_every_shipped_flow() -> None:
    flows = [one.flow for one in check_folder(FLOWS) if one.flow is not None]
    assert {flow.name for flow in flows} >= {"direct", "menu", "night"}
    assert any(isinstance(node, CollectNode) for flow in flows for node in flow.nodes.values())

    spoken = set().union(*(prompts_of(flow) for flow in flows))

    assert spoken <= {shipped(name) for name in CATALOGUE}
    assert spoken | PIECES | {GREETING, SURVEY_ASK, SURVEY_END} == {shipped(name) for name in CATALOGUE}, (
        "a shipped prompt that nobody says"
    )
