"""Steps of stories about calling back: who gives up, the click, and what is heard of it."""

from callcenter.domain.exchange import Policy
from callcenter.domain.exchange.commands import CallBack, RingToCallBack, SetSeatState
from callcenter.domain.ids import CallId
from callcenter.domain.recalls import Recall, RecallRules
from callcenter.domain.seats import SeatState
from callcenter.domain.telephony import (
    CallFound,
    Ending,
    LegAnswered,
    LegEnded,
    LegFound,
    LegRang,
    Place,
    RecallDialled,
    RecallFound,
    RecallOver,
)
from callcenter.domain.wishes import DialBack
from tests.support.exchange_story import Story

NUMBER = "13800000001"
RULES = RecallRules(never=frozenset({"12345", "8001"}), refused="1390011[0-9]{4}")


def story(**rules: object) -> Story:
    return Story(ready=["8001", "8002"], policy=Policy(recalls=RecallRules(**{"never": RULES.never, **rules})))  # type: ignore[arg-type]


def gives_up(told: Story, call: str, *, number: str | None = NUMBER, after: float = 6.0) -> None:
    """He asks for a person while no seat is free, and hangs up."""
    for seat in ("8001", "8002"):
        told.ask(SetSeatState(extension=seat, state=SeatState.BREAK))
    told.arrives(call, number)
    told.waits(call)
    told.pass_time(after)
    told.leaves(call)
    for seat in ("8001", "8002"):
        told.ask(SetSeatState(extension=seat, state=SeatState.READY))


def the_open_one(told: Story) -> Recall:
    (recall,) = told.exchange.recalls
    return recall


def calls_back(told: Story, attempt: str = "out", *, seat: str = "8001", again: bool = False) -> DialBack:
    recall = the_open_one(told)
    told.ask(CallBack(recall_id=recall.id, call_id=CallId(attempt), seat=seat, again=again))
    (wish,) = told.ask(RingToCallBack(call_id=CallId(attempt)))
    assert isinstance(wish, DialBack)
    return wish


def rings_him(told: Story, wish: DialBack) -> None:
    """The seat rings and is picked up, and his phone is dialled."""
    told.hear(
        LegRang(at=told.at, call_id=wish.call_id, leg_id=wish.leg_id),
        LegAnswered(at=told.at, call_id=wish.call_id, leg_id=wish.leg_id),
        RecallDialled(at=told.at, call_id=wish.call_id, leg_id=wish.leg_id, recording="out.raw"),
    )


def is_over(told: Story, wish: DialBack, ending: Ending | None = None, *, by_itself: bool = False) -> None:
    if ending is not None:
        told.hear(RecallOver(at=told.at, call_id=wish.call_id, ending=ending))
    end = LegEnded(at=told.at, call_id=wish.call_id, leg_id=wish.leg_id, ending=Ending.NORMAL, by_itself=by_itself)
    told.hear(end)


def in_vain(told: Story, attempt: str, *, again: bool = False) -> None:
    wish = calls_back(told, attempt, again=again)
    rings_him(told, wish)
    told.pass_time(10)
    is_over(told, wish, Ending.NO_ANSWER)


def found_ringing(told: Story, wish: DialBack) -> RecallFound:
    return RecallFound(
        call_id=wish.call_id,
        recall_id=wish.recall_id,
        seat=wish.seat,
        leg_id=wish.leg_id,
        number=wish.number,
        answered=True,
        dialled=True,
        recording="out.raw",
    )


def found_talking(told: Story, wish: DialBack) -> CallFound:
    seat = LegFound(leg_id=wish.leg_id, seat=wish.seat, answered=True, talk="talk")
    return CallFound(
        call_id=wish.call_id,
        caller=wish.number,
        arrived=told.at,
        answered=True,
        since=int(told.at.timestamp()),
        place=Place.TALK,
        talk="talk",
        legs=(seat,),
        recording="out.raw",
        recall=wish.recall_id,
    )
