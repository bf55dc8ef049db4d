"""What goes where, and that nothing personal ever goes where everybody reads."""

import dataclasses
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from callcenter.domain.alarms import Alarm
from callcenter.domain.calls import Call, Leg
from callcenter.domain.facts import FACT_OF_KIND, CallArrived, Fact, OfCall
from callcenter.domain.fold import apply
from callcenter.domain.letters import Letter
from callcenter.domain.notes import Utterance
from callcenter.domain.seats import Seat
from callcenter.domain.tickets import Ticket
from callcenter.domain.trunk import Trunk
from callcenter.domain.views import (
    Json,
    QueueView,
    alarm_view,
    call_view,
    leg_view,
    queue_view,
    seat_view,
    ticket_view,
    trunk_view,
    utterance_view,
)
from callcenter.events.topics import (
    ALARM,
    AT_LEAST_ONCE,
    AT_MOST_ONCE,
    CALL,
    LEG,
    PLACES,
    QUEUE,
    RECORDING,
    SEAT,
    TICKET,
    TRUNK,
    UTTERANCE,
    Message,
    Shape,
    State,
    Topics,
)
from callcenter.office.switchboard import UNTOLD, event_data
from tests.domain.test_facts import ANY_FACT, values

AT = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
TOPICS = Topics("node1", "s1")
OF_FIGURES = ("figures.changed", "queue_figures.changed", "seat_figures.changed")
MARK = "☎"  # stands in every personal value of these tests, and nowhere else
PERSONAL: dict[str, frozenset[str]] = {
    "CallArrived": frozenset({"caller"}),
    "CallDigits": frozenset({"digits"}),
    "Call": frozenset({"caller"}),
    "Digits": frozenset({"digits"}),
    "Leg": frozenset({"number"}),
    "Recall": frozenset({"caller"}),
    "Utterance": frozenset({"text", "heard"}),
    "Ticket": frozenset({"caller_name", "caller_phone", "address", "matter", "wanted", "notes"}),
    "TraceEntry": frozenset({"note", "hash"}),
}
"""Fields that tell who calls, what he pressed and what was said."""


def marked(value: Any) -> Any:
    """The same value, with MARK in every personal text."""
    if isinstance(value, tuple):
        return tuple(marked(item) for item in value)
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return value
    personal = PERSONAL.get(type(value).__name__, frozenset())
    changed = {}
    for field in dataclasses.fields(value):
        old = getattr(value, field.name)
        changed[field.name] = f"{MARK}{old or ''}{MARK}" if field.name in personal else marked(old)
    return replace(value, **changed)


def told(kind: str, data: Json, **how: bool) -> list[Message]:
    letter = Letter(position=1, stream="s1", seq=1, time=AT, type=kind, data=data)
    return list(TOPICS.messages(letter, **how))


def public(messages: list[Message]) -> list[Message]:
    return [message for message in messages if not message.topic.startswith("callcenter/node1/private/")]


ANY_CALL = values(Call)


@given(ANY_FACT, ANY_CALL)
@settings(max_examples=150, deadline=None)
def test_no_personal_value_of_any_fact_reaches_a_public_topic(fact: Fact, call: Call) -> None:
    fact, call = marked(fact), marked(call)
    after = apply(None if isinstance(fact, CallArrived) else call, fact) if isinstance(fact, OfCall) else None
    if isinstance(fact, UNTOLD):
        return  # a ticket is told by whoever drafts it
    data = event_data(fact, after)

    messages = told(fact.kind, data)

    assert public(messages)
    assert all(MARK not in message.payload.decode() for message in public(messages))
    for message in messages:
        if message.topic.startswith("callcenter/node1/private/"):
            assert json.loads(message.payload)["data"] == json.loads(json.dumps(data))


@given(values(Ticket))
@settings(max_examples=50, deadline=None)
def test_no_personal_value_of_any_ticket_reaches_a_public_topic(ticket: Ticket) -> None:
    data = ticket_view(marked(ticket))

    messages = told("ticket.changed", data)

    assert MARK in json.dumps(data, ensure_ascii=False)
    assert [MARK in message.payload.decode() for message in messages] == [False, True]
    assert [message.topic.count("/private/") for message in messages] == [0, 1]


@given(st.dictionaries(st.text(max_size=8), st.just(MARK) | st.lists(st.just(MARK), max_size=2), max_size=5))
def test_a_kind_or_field_that_is_not_known_yet_stays_inside(more: dict[str, Any]) -> None:
    unknown = {name: value for name, value in more.items() if name not in CALL}

    for message in public(told("call.whistled", unknown | {"id": "c1", "weather": MARK})):
        assert json.loads(message.payload)["data"] == {"id": "c1"}


QUEUES = st.just(QueueView(name="hotline", waiting=(("c1", AT),), ready=1, talking=2, longest_wait=3.5))


@pytest.mark.parametrize(
    ("things", "view", "shape", "inside"),
    [
        (values(Call), call_view, CALL, {"caller", "digits", "grade"}),
        (values(Leg), leg_view, LEG, {"number"}),
        (values(Utterance), utterance_view, UTTERANCE, {"text", "heard"}),
        (values(Seat), seat_view, SEAT, set()),
        (QUEUES, queue_view, QUEUE, set()),
        (values(Ticket), ticket_view, TICKET, {*PERSONAL["Ticket"], "heard", "trace"}),
    ],
    ids=["call", "leg", "utterance", "seat", "queue", "ticket"],
)
def test_of_every_field_it_is_decided_whether_everybody_may_read_it(
    things: st.SearchStrategy[Any], view: Callable[[Any], Json], shape: Shape, inside: set[str]
) -> None:
    @given(things)
    @settings(max_examples=1, phases=[Phase.generate])
    def look(thing: Any) -> None:
        found = set(view(thing))
        assert found - set(shape) == inside, "name each new field in callcenter/events/topics.py, or here as private"
        assert not set(shape) & inside

    look()


def test_what_single_events_add_is_public_but_for_the_keys_that_were_pressed() -> None:
    special = {
        field.name
        for kind, fact in FACT_OF_KIND.items()
        if kind.startswith("call.")
        for field in dataclasses.fields(fact)
    }

    assert special - {"at", "call_id", "recovered", "recording_path"} - set(CALL) == {"caller", "digits", "grade"}


def test_every_kind_has_its_topic() -> None:
    of_call = {"id": "c1", "call_id": "c1", "extension": "8001", "name": "n", "queue": "hotline", "seat": "8001"}
    places = {
        kind: public(told(kind, of_call))[0].topic.removeprefix("callcenter/node1/")
        for kind in (*FACT_OF_KIND, "queue.changed", "trunk.changed", *OF_FIGURES, "utterance.partial")
    }

    for kind, topic in sorted(places.items()):
        print(f"{kind:20}{topic}")
    assert set(PLACES) <= set(places)
    assert {topic.partition("/")[0] for topic in places.values()} == {
        "calls",
        "seats",
        "queues",
        "alarms",
        "tickets",
        "trunks",
        "figures",
        "recalls",
    }
    assert all(
        topic == "calls/c1" for kind, topic in places.items() if kind.startswith(("call.", "leg.", "utt", "recording."))
    )


def test_figures_of_queues_and_seats_are_beside_those_of_the_hotline() -> None:
    queue, seat = {"name": "today", "queue": "市民热线/夜"}, {"name": "today", "seat": "8001"}
    (of_hotline,) = told("figures.changed", {"name": "today"})
    (of_queue,) = told("queue_figures.changed", queue)
    (of_seat,) = told("seat_figures.changed", seat)

    assert of_hotline.topic == "callcenter/node1/figures/today"
    assert of_queue.topic == "callcenter/node1/figures/queues/市民热线_夜"
    assert of_seat.topic == "callcenter/node1/figures/seats/8001"
    assert (of_queue.retain, of_seat.retain) == (True, True)
    assert [json.loads(message.payload)["data"] for message in (of_queue, of_seat)] == [queue, seat]


def test_how_things_are_is_retained_and_what_happens_is_not() -> None:
    seat = told("seat.changed", {"extension": "8001"})
    call = told("call.queued", {"id": "c1"})
    words = told("utterance.partial", {"id": "u1", "call_id": "c1"})

    assert [(message.retain, message.qos) for message in seat] == [(True, AT_LEAST_ONCE)]
    assert [(message.retain, message.qos) for message in call] == [(False, AT_LEAST_ONCE)] * 2
    assert [(message.retain, message.qos) for message in words] == [(False, AT_MOST_ONCE)] * 2


def test_an_alarm_that_is_over_is_told_and_then_forgotten() -> None:
    cleared, forgotten = told("alarm.cleared", {"name": "disk_low"})

    assert json.loads(cleared.payload)["type"] == "alarm.cleared"
    assert (cleared.retain, forgotten.retain, forgotten.payload) == (False, True, b"")
    assert cleared.topic == forgotten.topic == "callcenter/node1/alarms/disk_low"


def test_the_state_of_everything_says_as_of_which_event_it_is() -> None:
    queue = QueueView(name="市民热线", waiting=(("c1", AT),), ready=1, talking=2, longest_wait=3.5)
    alarm = alarm_view(Alarm(name="disk_low", detail="full", since=AT))
    trunk = trunk_view(Trunk(name="trunk", lines=()))
    state = State(
        seq=41,
        time=AT,
        seats=[{"extension": "8001"}],
        queues=[queue_view(queue)],
        trunks=[trunk],
        alarms=[alarm],
        figures=[{"name": "today", "seq": 40, "figures": []}],
        queue_figures=[{"name": "today", "queue": "市民热线", "seq": 40, "figures": []}],
        seat_figures=[{"name": "today", "seat": "8001", "seq": 39, "figures": []}],
        figures_follow=True,
    )

    messages = list(TOPICS.state(state))

    assert [message.topic.removeprefix("callcenter/node1/") for message in messages] == [
        "seats/8001",
        "queues/市民热线",
        "trunks/trunk",
        "alarms/disk_low",
        "figures/today",
        "figures/queues/市民热线",
        "figures/seats/8001",
    ]
    assert {f"{message.topic.rpartition('/')[0]}/+" for message in messages} == set(TOPICS.retained)
    assert list(TOPICS.told_later(state)) == [message.topic for message in messages[4:]]
    assert not list(TOPICS.told_later(replace(state, figures_follow=False)))
    assert all(message.retain for message in messages)
    assert json.loads(messages[3].payload) == {
        "type": "snapshot",
        "stream": "s1",
        "seq": 41,
        "time": "2026-11-24T04:00:00.000Z",
        "data": alarm,
    }
    assert json.loads(messages[1].payload)["data"] == queue_view(queue)
    assert set(alarm) == set(ALARM)
    assert set(trunk) == set(TRUNK)
    assert {"state", "started", "seconds", "secrets"} <= set(RECORDING)


def test_no_name_can_leave_its_level_or_become_a_wildcard() -> None:
    for name in ("a/b", "+", "#", "\x00", ""):
        (topic,) = {message.topic for message in told("queue.changed", {"name": name})}
        assert topic.count("/") == 3
        assert not set("+#\x00") & set(topic)
