"""Facts: into the journal and out of it unchanged; added up they are the call."""

import dataclasses
import json
import types
import typing
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.domain.fact_data import from_data, to_data
from callcenter.domain.facts import FACT_OF_KIND, CallArrived, CallVoice, Fact
from callcenter.domain.fold import apply
from callcenter.domain.ids import CallId
from callcenter.domain.views import call_view, moment, seat_view
from tests.support.exchange_story import BEGIN, Story

MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - zone beside


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of a field's type, built from the type itself, so that a new field is tried at once."""
    if isinstance(hint, typing.NewType):
        return values(hint.__supertype__)
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        return st.one_of([st.none() if arg is type(None) else values(arg) for arg in typing.get_args(hint)])
    if typing.get_origin(hint) is tuple:
        return st.lists(values(typing.get_args(hint)[0]), max_size=3).map(tuple)
    if hint is datetime:
        return MOMENTS
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        hints = typing.get_type_hints(hint)
        return st.builds(hint, **{f.name: values(hints[f.name]) for f in dataclasses.fields(hint)})
    plain: dict[Any, st.SearchStrategy[Any]] = {
        str: st.text(max_size=8),
        bool: st.booleans(),
        int: st.integers(0, 10**9),
        float: st.floats(0, 1e6),
    }
    return plain[hint]


ANY_FACT: st.SearchStrategy[Fact] = st.one_of([values(kind) for kind in FACT_OF_KIND.values()])


@given(ANY_FACT)
def test_a_fact_comes_out_of_the_journal_as_it_went_in(fact: Fact) -> None:
    data = json.loads(json.dumps(to_data(fact)))

    assert from_data(fact.kind, data, at=fact.at, call_id=fact.call_id, recovered=fact.recovered) == fact


def test_every_kind_has_a_name_of_its_own() -> None:
    assert len(FACT_OF_KIND) == len(typing.get_args(Fact))
    assert all("." in kind for kind in FACT_OF_KIND)


def test_an_entry_that_fits_no_fact_is_an_error_and_a_field_of_a_later_version_is_not() -> None:
    with pytest.raises(ValueError, match="unknown kind"):
        from_data("call.sang", {}, at=BEGIN, call_id="A", recovered=False)
    with pytest.raises(ValueError, match="lacks a field"):
        from_data("call.queued", {}, at=BEGIN, call_id="A", recovered=False)
    later = from_data("call.queued", {"queue": "hotline", "mood": 3}, at=BEGIN, call_id="A", recovered=False)
    assert to_data(later) == {"queue": "hotline"}


def test_a_call_begins_with_its_arrival_and_arrives_once() -> None:
    arrival = CallArrived(at=BEGIN, call_id=CallId("A"), caller=None)
    call = apply(None, arrival)
    with pytest.raises(ValueError, match="once"):
        apply(call, arrival)
    with pytest.raises(ValueError, match="begins with"):
        apply(None, CallVoice(at=BEGIN, call_id=CallId("A")))


def test_what_others_see_of_a_call_and_a_seat() -> None:
    story = Story(ready=["8001"])
    story.talking("A")
    call, seat = call_view(story.call("A")), seat_view(story.seat("8001"))

    assert call["caller"] == "13800000001"
    assert call["state"] == "talking"
    assert call["seat"] == "8001"
    assert [leg["kind"] for leg in call["legs"]] == ["caller", "seat"]
    assert call["t0"] == call["t4"] == "2026-03-02T01:00:00.000Z"
    assert call["recording"] == {
        "state": "recording",
        "started": "2026-03-02T01:00:00.000Z",
        "seconds": None,
        "secrets": [],
    }
    assert "recording_path" not in call
    assert (seat["state"], seat["call_id"], seat["phone"]) == ("talking", "A", "registered")
    assert json.loads(json.dumps([call, seat])) == [call, seat]


@given(MOMENTS)
def test_a_moment_is_told_in_utc_with_milliseconds(value: datetime) -> None:
    told = moment(value)

    assert told is not None
    assert told.endswith("Z")
    assert abs(datetime.fromisoformat(told) - value).total_seconds() < 0.001


def test_a_call_found_again_while_the_journal_could_not_be_read_goes_on_as_it_began() -> None:
    call = apply(None, CallArrived(at=BEGIN, call_id=CallId("A"), caller="13800000001"))

    again = apply(call, CallArrived(at=BEGIN + timedelta(seconds=9), call_id=CallId("A"), caller=None, recovered=True))

    assert (again.t0, again.caller, again.recovered) == (BEGIN, "13800000001", True)
