"""Hundreds gave up and all are due at once: the list is in order, each deadline is told once, a tick stays cheap."""

import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from types import FrameType
from uuid import UUID

import pytest

from callcenter.domain.errors import InvalidInputError
from callcenter.domain.exchange import Moment
from callcenter.domain.exchange.outbound import LATE_AT_ONCE
from callcenter.domain.ids import CallId, RecallId
from callcenter.domain.recalls import Recall, Wait, came_through
from callcenter.domain.records import Page
from callcenter.office.recalls import RecallOffice
from callcenter.office.switchboard import TICK_SECONDS
from tests.support.office_fakes import NOON, Office, an_office

DUE = timedelta(minutes=30)


def owed(number: int, *, ago: timedelta) -> Recall:
    """Nobody has called him yet; his waiting ended so long ago."""
    opened = NOON - ago
    return Recall(
        id=RecallId(str(UUID(int=number))),
        caller=f"138{number:08}",
        queue="hotline",
        opened=opened,
        due=opened + DUE,
        waits=(Wait(call_id=CallId(f"call-{number}"), t5=opened, waited_ms=9000),),
    )


def with_open(*recalls: Recall) -> Office:
    """A controller that has begun with these."""
    office = an_office()
    office.switchboard.exchange.restore([], [], Moment(wall=NOON, mono=office.clock.mono), recalls=recalls)
    return office


def night(count: int) -> list[Recall]:
    """They gave up one after the other, some in the same second, the last one an hour ago."""
    return [owed(number, ago=timedelta(hours=1, seconds=number // 3)) for number in range(count)]


class NoStore:
    """What is open is known without asking a database."""

    async def get(self, recall_id: str) -> Recall | None:
        raise NotImplementedError

    async def still_open(self) -> list[Recall]:
        raise NotImplementedError

    async def find(
        self,
        *,
        is_open: bool | None,
        caller: str | None,
        newest: Mapping[RecallId, Recall],
        limit: int,
        cursor: str | None,
    ) -> Page[Recall]:
        raise NotImplementedError


def recall_office(office: Office) -> RecallOffice:
    async def lasting(within: float) -> bool:
        del within
        return True

    return RecallOffice(office.switchboard, NoStore(), lasting=lasting, clock=office.clock, new_id=lambda: "id")


def ticks(office: Office, seconds: float) -> None:
    for _ in range(round(seconds / TICK_SECONDS)):
        office.clock.advance(TICK_SECONDS)
        office.switchboard._tick()


def told_late(office: Office) -> list[str]:
    """The recalls of which was told that they are overdue, in the order of telling."""
    events = office.stream.since(0)
    assert events is not None
    return [event.data["id"] for event in events if event.type == "recall.changed" and event.data["overdue"]]


def test_the_list_of_two_hundred_overdue_is_in_order_page_after_page() -> None:
    recalls = night(200)
    office = recall_office(with_open(*recalls))
    wanted = [recall.id for recall in sorted(recalls, key=lambda recall: (recall.due, recall.id))]

    shown, cursor = list[str](), None
    while True:
        page = office.by_due(caller=None, limit=30, cursor=cursor)
        shown += [recall.id for recall in page.items]
        cursor = page.next
        if cursor is None:
            break

    assert shown == wanted
    assert all(office.view(recall)["overdue"] for recall in recalls)
    [his] = office.by_due(caller="13800000007", limit=30, cursor=None).items
    assert his.id == recalls[7].id
    with pytest.raises(InvalidInputError):
        office.by_due(caller=None, limit=30, cursor="none of ours")


def test_who_comes_back_between_two_pages_moves_nobody_to_another_page() -> None:
    recalls = night(90)
    hotline = with_open(*recalls)
    office = recall_office(hotline)
    first = office.by_due(caller=None, limit=30, cursor=None)
    for recall in (first.items[-1], first.items[3]):
        hotline.switchboard.exchange._state.note_recall(came_through(recall, NOON), at=NOON)

    rest = office.by_due(caller=None, limit=60, cursor=first.next)

    assert len({recall.id for recall in [*first.items, *rest.items]}) == 90
    assert rest.next is None


def test_each_deadline_is_told_once_and_not_all_in_one_moment() -> None:
    recalls = night(200)
    office = with_open(*recalls)

    ticks(office, TICK_SECONDS)
    assert len(told_late(office)) == LATE_AT_ONCE
    ticks(office, 60)

    assert told_late(office) == [recall.id for recall in sorted(recalls, key=lambda recall: (recall.due, recall.id))]
    kinds = Counter(event.type for event in office.stream.since(0) or ())
    assert kinds["recall.changed"] == 200


def test_a_deadline_is_told_when_it_comes_and_of_nobody_who_was_called_or_came_before() -> None:
    late, came_back = (owed(number, ago=DUE - timedelta(seconds=30)) for number in (1, 2))
    office = with_open(late, came_back)
    ticks(office, 20)
    office.switchboard.exchange._state.note_recall(came_through(came_back, office.clock.now()), at=office.clock.now())
    ticks(office, 9.8)
    assert told_late(office) == []
    ticks(office, 0.4)
    assert told_late(office) == [late.id]


def test_a_controller_that_begins_anew_does_not_tell_it_again() -> None:
    before = with_open(*night(200))
    ticks(before, 5)

    after = with_open(*before.switchboard.exchange.recalls)
    ticks(after, 5)

    assert told_late(before) != []
    assert sorted([*told_late(before), *told_late(after)]) == sorted(recall.id for recall in night(200))


async def test_a_watcher_can_follow_two_thousand_deadlines() -> None:
    office = with_open(*night(2000))
    seen = 0
    with office.stream.watch() as watcher:
        for _ in range(2000 // LATE_AT_ONCE):
            ticks(office, TICK_SECONDS)
            seen += len(await watcher.some(most=32))  # as much as goes out in one piece
    assert seen == 2000


def calls_made(of: Callable[[], object]) -> int:
    """Count the functions of ours that this work comes to."""
    count = 0

    def note(frame: FrameType, event: str, _: object) -> None:
        nonlocal count
        count += event == "call" and "callcenter" in frame.f_code.co_filename

    sys.setprofile(note)
    try:
        of()
    finally:
        sys.setprofile(None)
    return count


def test_a_tick_does_with_two_thousand_open_recalls_what_it_does_with_none() -> None:
    none, many = with_open(), with_open(*night(2000))
    for office in (none, many):
        ticks(office, 15)  # all deadlines are told

    assert calls_made(lambda: ticks(many, 1)) == calls_made(lambda: ticks(none, 1))


def test_a_tick_with_two_thousand_open_recalls_takes_less_than_a_millisecond() -> None:
    office = with_open(*(owed(number, ago=timedelta(seconds=number / 100)) for number in range(2000)))
    ticks(office, 1)

    began = time.process_time()
    ticks(office, 50)
    each = (time.process_time() - began) / (50 / TICK_SECONDS)

    print(f"a tick takes {each * 1e6:.0f} µs")
    assert each < 0.001
