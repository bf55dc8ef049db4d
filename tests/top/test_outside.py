"""What /health says of those outside: what is so now, and what went wrong earlier."""

from types import SimpleNamespace

import pytest

from callcenter.domain.earlier import Earlier
from callcenter.outside import Outside

WELL = ("ok", "9 events told")
LOST = ("degraded", Earlier("9 events told, 1 dead"))
FAILS = ("degraded", "tried again, as it answers 500")


def outside(*webhooks: tuple[str, str], fault: str | None = None, unfit: int = 0) -> Outside:
    senders = [
        (SimpleNamespace(webhook=SimpleNamespace(id=f"w{number}"), health=lambda said=said: said), None)
        for number, said in enumerate(webhooks)
    ]
    outbox = SimpleNamespace(fault=lambda: fault, unfit=unfit)
    return Outside(outbox, publisher=None, senders=senders)  # type: ignore[arg-type]  # only what health looks at


@pytest.mark.parametrize(
    ("house", "status", "is_over"),
    [
        (outside(), "off", False),
        (outside(WELL), "ok", False),
        (outside(WELL, LOST), "degraded", True),
        (outside(WELL, unfit=2), "degraded", True),
        (outside(LOST, FAILS), "degraded", False),
        (outside(LOST, fault="its database is away"), "degraded", False),
    ],
    ids=["nobody", "well", "a dead letter", "unfit", "one of two fails", "the outbox"],
)
def test_what_was_lost_is_said_as_of_earlier_unless_somebody_is_not_told_now(
    house: Outside, status: str, *, is_over: bool
) -> None:
    found, detail = house.health()

    assert (found, isinstance(detail, Earlier)) == (status, is_over)


def test_each_is_named_with_what_is_said_of_it() -> None:
    assert outside(WELL, LOST, fault="away", unfit=2).health()[1] == (
        "webhook w0: 9 events told; webhook w1: 9 events told, 1 dead; the outbox: away; 2 events could not be kept"
    )
