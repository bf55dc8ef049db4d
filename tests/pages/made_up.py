"""A busy minute of a made-up hotline, for a desk without one: seats, callers, a talk with a unit, words, tickets."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from callcenter.domain.alarms import Alarm
from callcenter.domain.calls import Call, CallState, Leg, LegKind, LegOutcome, LegState, Recording, RecordingState
from callcenter.domain.ids import CallId, LegId, TicketId
from callcenter.domain.notes import Notes, NotesState, Side, Utterance, UtteranceId
from callcenter.domain.seats import Phone, SeatState
from callcenter.domain.tickets import Heard, Ticket, TicketKind, TicketState
from callcenter.domain.units import DutyHours, Unit
from callcenter.domain.views import QueueView, call_view, leg_view, queue_view, seat_view, ticket_view, utterance_view
from callcenter.office.ports import ComponentHealth
from tests.support.fake_desk import FakeDesk, call_id

CITIZEN = "13800138000"
UNITS = {
    "water": ("临江市水务局", "02"),
    "housing": ("临江市住房和城乡建设局", "03"),
    "city_management": ("临江市城市管理局", "04"),
    "human_resources": ("临江市人力资源和社会保障局", "05"),
    "transport": ("临江市交通运输局", "07"),
}
SAID = (
    (Side.SEAT, 1.2, "您好，这里是政务服务便民热线，请问有什么可以帮您？"),
    (Side.CALLER, 5.0, "你好，我们幸福里小区从昨天下午开始就停水了，到现在还没有来。"),
    (Side.SEAT, 11.8, "请问您是哪个街道、几号楼？"),
    (Side.CALLER, 14.6, "滨河街道，幸福里12号楼，整栋楼都没有水。"),
    (Side.SEAT, 19.9, "好的，我帮您接通水务局，请不要挂机。"),
    (Side.UNIT, 41.3, "水务局，幸福里那边是主管道抢修，预计今天18:00恢复供水。"),
)


def now() -> datetime:
    return datetime.now(UTC)


def ago(seconds: float) -> datetime:
    return now() - timedelta(seconds=seconds)


class PageDesk(FakeDesk):
    """A desk whose queues are told, also in the snapshot."""

    def snapshot(self) -> dict[str, Any]:
        return {**super().snapshot(), "queues": [queue_view(queue) for queue in self.queues()]}

    def queues(self) -> Sequence[QueueView]:
        calls = [call for call in self.live_calls() if call.state in (CallState.QUEUED, CallState.RINGING)]
        since = sorted(((call.id, call.t2 or call.t0) for call in calls), key=lambda waiting: waiting[1])
        states = [seat.state for seat in self.seats()]
        return [
            QueueView(
                name="main",
                waiting=tuple(since),
                ready=states.count(SeatState.READY),
                talking=states.count(SeatState.TALKING),
                longest_wait=(now() - since[0][1]).total_seconds() if since else 0.0,
            )
        ]


class MadeUp:
    """What a test puts on the desk, and lets happen there; every change is told as the real hotline tells it."""

    def __init__(self, desk: FakeDesk) -> None:
        self.desk = desk
        never = DutyHours(days=frozenset(), begins=ago(0).time(), ends=ago(0).time())
        desk.known_units = {
            unit: Unit(id=unit, name=name, number=number, duty=(never,) if unit == "human_resources" else ())
            for unit, (name, number) in UNITS.items()
        }
        names = ("王敏", "李海燕", "赵立新", "陈晓")
        for (extension, seat), name in zip(list(desk.known_seats.items()), names, strict=True):
            desk.known_seats[extension] = replace(seat, operator=name, since=ago(30))

    def tell(self, kind: str, data: dict[str, Any]) -> None:
        """Publish one event."""
        self.desk.stream.publish(kind, now(), data)

    def seat_is(self, extension: str, state: SeatState, *, seconds: float = 0.0, **values: Any) -> None:
        """Change a seat."""
        seat = replace(self.desk.known_seats[extension], state=state, since=ago(seconds), **values)
        self.desk.known_seats[extension] = seat
        self.tell("seat.changed", seat_view(seat))

    def call_is(self, call: Call, kind: str = "call.talking") -> Call:
        """Change a call."""
        self.desk.known_calls[call.id] = call
        self.tell(kind, call_view(call))
        for queue in self.desk.queues():
            self.tell("queue.changed", queue_view(queue))
        return call

    def leg_is(self, call_id: CallId, leg: Leg) -> None:
        """Change a leg of a call."""
        self.desk.known_calls[call_id] = self.desk.known_calls[call_id].with_leg(leg)
        self.tell("leg.changed", {**leg_view(leg), "call_id": call_id})

    def hears(self, call_id: CallId, utterance: Utterance) -> None:
        """Note words, which a partial's are not yet."""
        if utterance.final:
            self.desk.known_calls[call_id] = self.desk.known_calls[call_id].with_utterance(utterance)
        kind = "utterance.final" if utterance.final else "utterance.partial"
        self.tell(kind, {**utterance_view(utterance), "call_id": call_id})

    def ticket_is(self, ticket: Ticket) -> Ticket:
        """Change a ticket."""
        self.desk.known_tickets[ticket.id] = ticket
        self.tell("ticket.changed", ticket_view(ticket))
        return ticket

    def rings(self, number: int = 1, *, caller: str | None = CITIZEN, seat: str = "8001", waited: float = 6.0) -> Call:
        """Let a citizen's call ring at a seat."""
        call = self.desk.has_call(number, CallState.RINGING, caller=caller, seat=seat, queue="main")
        at = ago(waited)
        call = replace(call, t0=at, t1=at, t2=at, t3=ago(waited / 2), last_at=at, legs=(_caller(call.id, at),))
        self.seat_is(seat, SeatState.RINGING, call_id=call.id)
        return self.call_is(call, "call.ringing")

    def talks(self, call: Call, *, seconds: float = 0.0, ticket: TicketId | None = None) -> Call:
        """Let the seat answer."""
        at = ago(seconds)
        assert call.seat is not None
        own = Leg(
            id=LegId(f"{call.id}-seat"),
            kind=LegKind.SEAT,
            party=call.seat,
            number=call.seat,
            state=LegState.JOINED,
            outcome=LegOutcome.ANSWERED,
            started=at,
            answered=at,
            joined=at,
        )
        seat = call.seat
        call = replace(
            call.with_leg(own),
            state=CallState.TALKING,
            t4=at,
            ticket_id=ticket,
            notes=Notes(state=NotesState.LIVE),
            recording=Recording(state=RecordingState.RECORDING, started=at),
        )
        self.seat_is(seat, SeatState.TALKING, seconds=seconds, call_id=call.id)
        return self.call_is(call)

    def ends(self, call: Call, *, kept: bool = True) -> Call:
        """Let a call come to its end."""
        call = self.desk.known_calls[call.id]
        legs = tuple(
            replace(leg, state=LegState.ENDED, ended=now()) if leg.state is not LegState.ENDED else leg
            for leg in call.legs
        )
        assert call.recording is not None
        recording = replace(call.recording, state=RecordingState.KEPT, seconds=60.0) if kept else call.recording
        ended = replace(self.desk.has_call(9, CallState.ENDED), id=call.id)
        del self.desk.known_calls[call_id(9)]
        call = replace(call, state=CallState.ENDED, outcome=ended.outcome, t5=now(), legs=legs, recording=recording)
        assert call.seat is not None
        self.seat_is(call.seat, SeatState.WRAP_UP, call_id=None)
        return self.call_is(call, "call.ended")


def _caller(of: CallId, at: datetime) -> Leg:
    return Leg(
        id=LegId(of), kind=LegKind.CALLER, party=None, number=CITIZEN, state=LegState.JOINED, started=at, answered=at,
        joined=at,
    )  # fmt: skip


def unit_leg(of: CallId, state: LegState = LegState.DIALING, *, seconds: float = 0.0, **values: Any) -> Leg:
    """Give a leg of the water board."""
    return Leg(
        **{
            "id": LegId(f"{of}-unit"),
            "kind": LegKind.UNIT,
            "party": "water",
            "number": "02",
            "state": state,
            "started": ago(seconds),
            **values,
        }
    )


def said(number: int, side: Side, start: float, text: str, **values: Any) -> Utterance:
    """Give words of a call."""
    return Utterance(
        **{
            "id": UtteranceId(f"utterance-{number}"),
            "side": side,
            "leg_id": LegId(f"{side}-leg"),
            "start": start,
            "end": start + 0.18 * len(text),
            "text": text,
            "confidence": 0.9,
            **values,
        }
    )


def heard_in(call: Call, utterances: tuple[Utterance, ...]) -> tuple[Heard, ...]:
    """Give words as they stand in a ticket."""
    return tuple(Heard(call_id=call.id, utterance=utterance) for utterance in utterances)


def busy(desk: FakeDesk) -> Call:
    """Put a whole busy minute on the desk; gives the talk of seat 8001."""
    made = MadeUp(desk)
    words = tuple(
        said(number, side, start, text, heard="十八点" if side is Side.UNIT else None)
        for number, (side, start, text) in enumerate(SAID)
    )
    notes = "\n".join(f"{ {Side.CALLER: '市民', Side.SEAT: '话务员', Side.UNIT: '承办单位'}[side]}：{text}" for side, _, text in SAID)  # fmt: skip  # noqa: E501
    earlier = desk.has_ticket(
        1,
        state=TicketState.FILED,
        created=ago(86400 * 12),
        filed=ago(86400 * 12),
        kind=TicketKind.COMPLAINT,
        category="噪声扰民",
        caller_phone=CITIZEN,
        matter="幸福里小区门口夜间施工噪声大，影响休息。",
    )
    desk.known_tickets[earlier.id] = replace(earlier, number="20261112000031")
    call = made.rings(waited=64)
    ticket = desk.has_ticket(
        2,
        created=ago(52),
        kind=TicketKind.HELP,
        category="供水",
        caller_name="刘先生",
        caller_phone=CITIZEN,
        address="滨河街道幸福里12号楼",
        matter="小区自昨日下午起停水，整栋楼无水。",
        wanted="尽快恢复供水",
        unit="water",
        notes=notes,
        call_ids=(call.id,),
        heard=heard_in(call, words),
    )
    call = made.talks(call, seconds=58, ticket=ticket.id)
    call = replace(call, utterances=words, t3=ago(61))
    busy_once = unit_leg(call.id, LegState.ENDED, seconds=35, ended=ago(32), outcome=LegOutcome.BUSY)
    joined = unit_leg(call.id, LegState.JOINED, seconds=27, answered=ago(19), joined=ago(18), outcome=LegOutcome.ANSWERED)  # fmt: skip  # noqa: E501
    for leg in (replace(busy_once, id=LegId("first")), joined):
        call = call.with_leg(leg)
    made.call_is(call)
    other = made.talks(made.rings(2, caller="13900139002", seat="8002", waited=250), seconds=236)
    made.call_is(replace(other, held=True), "call.held")
    for number, waited in ((3, 22.0), (4, 9.0)):
        waiting = desk.has_call(number, CallState.QUEUED, caller=None if number == 4 else "13700137003", queue="main")
        made.call_is(replace(waiting, t0=ago(waited + 6), t2=ago(waited)), "call.queued")
    made.seat_is("8003", SeatState.BREAK, seconds=312, reason="午餐")
    made.seat_is("8004", SeatState.WRAP_UP, seconds=12, phone=Phone.MISSING)
    desk.standing = [
        Alarm(name="disk_low", detail="1800 MB are left for recordings, which is below 2000 MB", since=ago(900))
    ]
    desk.parts["recordings"] = ComponentHealth(status="degraded", detail="1800 MB are left for recordings")
    desk.parts["events"] = ComponentHealth(status="off", detail="no broker is set")
    return call
