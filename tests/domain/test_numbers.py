"""Numbers, as networks write them, in the one form that is stored."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.domain.numbers import masked, normalise


@pytest.mark.parametrize(
    ("given_as", "stored"),
    [
        ("13800000001", "13800000001"),
        ("+8613800000001", "13800000001"),
        ("008613800000001", "13800000001"),
        ("013800000001", "13800000001"),
        ("+86013800000001", "13800000001"),
        ("138 0000-0001", "13800000001"),
        ("１３８００００0001", "13800000001"),
        ("＋8613800000001", "13800000001"),
        ("+862288880000", "02288880000"),
        ("02288880000", "02288880000"),
        ("0527-88880000", "052788880000"),
        ("88880000", "02288880000"),
        ("tel:+86-138-0000-0001;phone-context=+86", "13800000001"),
        ("8001", "8001"),
        ("12345", "12345"),
        ("110", "110"),
        ("+4930123456", "+4930123456"),
        ("004930123456", "+4930123456"),
    ],
)
def test_a_number_is_stored_as_it_is_dialled_inside_the_country(given_as: str, stored: str) -> None:
    assert normalise(given_as, area_code="022") == stored


@pytest.mark.parametrize(
    "given_as",
    [
        None,
        "",
        " ",
        "anonymous",
        "Anonymous",
        "unavailable",
        "+",
        "+86",
        "0",
        "00",
        "138abc",
        "1\r\n2",
        "9" * 40,
        "张三",
    ],
)
def test_what_is_no_number_is_none(given_as: str | None) -> None:
    assert normalise(given_as, area_code="022") is None


@given(st.text(max_size=24) | st.text("0123456789+- ", max_size=24) | st.from_regex(r"(\+|00|0)?(86)?0?[1-9]\d{2,11}"))
def test_normalising_twice_changes_nothing_and_gives_only_digits(raw: str) -> None:
    once = normalise(raw, area_code="022")

    assert once is None or once.removeprefix("+").isascii()
    assert once is None or once.removeprefix("+").isdigit()
    assert normalise(once, area_code="022") == once


def test_only_the_last_four_digits_are_shown() -> None:
    assert masked("13800000001") == "*******0001"
    assert masked("110") == "110"
    assert masked(None) == "anonymous"
