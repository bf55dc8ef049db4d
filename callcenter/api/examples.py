"""One call and what belongs to it, as the API document shows it; made by the same views as every answer."""

from dataclasses import replace
from datetime import UTC, datetime, time

from callcenter.domain.alarms import DISK_LOW, Alarm
from callcenter.domain.calls import (
    Call,
    CallState,
    Digits,
    Leg,
    LegKind,
    LegOutcome,
    LegState,
    Recording,
    RecordingState,
)
from callcenter.domain.ids import CallId, LegId, TicketId
from callcenter.domain.notes import Notes, NotesState, Side, Utterance, UtteranceId
from callcenter.domain.seats import Phone, Seat, SeatState
from callcenter.domain.ticket_notes import composed_notes, with_words
from callcenter.domain.tickets import Ticket, TicketKind, TicketState, file, traced
from callcenter.domain.trunk import trunk_of
from callcenter.domain.units import DutyHours, Unit
from callcenter.domain.views import (
    Json,
    QueueView,
    alarm_view,
    call_view,
    leg_view,
    moment,
    queue_view,
    seat_view,
    ticket_view,
    trunk_view,
    unit_view,
)

_CALL = CallId("0193a5b0-7c1e-4d6a-9f5b-2a8c4e1d7f30")
_TICKET = TicketId("0193a5b0-9d42-7b11-8c3e-5f6a7b8c9d0e")
CURSOR = "MjAyNi0xMS0yNFQwMTozMDowMFo"


_SEAT_LEG = LegId("0193a5b0-8a10-7000-8000-000000000001")


def _at(minute: int, second: int) -> datetime:
    return datetime(2026, 11, 24, 1, minute, second, tzinfo=UTC)


_TALKING = Call(
    id=_CALL,
    caller="13800000000",
    state=CallState.TALKING,
    queue="main",
    seat="8001",
    legs=(
        Leg(
            id=LegId(_CALL),
            kind=LegKind.CALLER,
            party=None,
            number="13800000000",
            state=LegState.JOINED,
            outcome=LegOutcome.ANSWERED,
            started=_at(30, 0),
            answered=_at(30, 0),
            joined=_at(30, 9),
        ),
        Leg(
            id=_SEAT_LEG,
            kind=LegKind.SEAT,
            party="8001",
            number="8001",
            state=LegState.JOINED,
            outcome=LegOutcome.ANSWERED,
            started=_at(30, 5),
            answered=_at(30, 9),
            joined=_at(30, 9),
        ),
    ),
    t0=_at(30, 0),
    t1=_at(30, 0),
    t2=_at(30, 5),
    t3=_at(30, 5),
    t4=_at(30, 9),
    ticket_id=_TICKET,
    recording=Recording(state=RecordingState.RECORDING, started=_at(30, 0)),
    digits=(Digits(node="menu", digits="0"),),
    utterances=(
        Utterance(
            id=UtteranceId("0193a5b0-a100-7000-8000-000000000001"),
            side=Side.SEAT,
            leg_id=_SEAT_LEG,
            start=9.4,
            end=11.9,
            text="您好，12345 热线，请问有什么可以帮您？",
            heard="您好幺二三四五热线请问有什么可以帮您",
            confidence=0.94,
        ),
        Utterance(
            id=UtteranceId("0193a5b0-a100-7000-8000-000000000002"),
            side=Side.CALLER,
            leg_id=LegId(_CALL),
            start=12.6,
            end=15.8,
            text="我们小区北边的工地半夜还在施工。",
            confidence=0.88,
        ),
    ),
    notes=Notes(state=NotesState.LIVE),
    last_at=_at(30, 9),
)
_UNIT_LEG = Leg(
    id=LegId("0193a5b0-b200-4000-8000-000000000001"),
    kind=LegKind.UNIT,
    party="housing",
    number="02001",
    state=LegState.DIALING,
    started=_at(31, 20),
)
_WAITING = Call(
    id=CallId("0193a5b1-0b2c-4f8d-8e7a-1c2d3e4f5a6b"),
    caller="01066668888",
    state=CallState.QUEUED,
    queue="main",
    t0=_at(31, 0),
    t1=_at(31, 0),
    t2=_at(31, 6),
    last_at=_at(31, 6),
)
_SEAT = Seat(
    extension="8001",
    operator="王丽",
    state=SeatState.TALKING,
    since=_at(30, 9),
    call_id=_CALL,
    phone=Phone.REGISTERED,
    idle_since=_at(30, 9),
)
_DRAFT = traced(
    Ticket(
        id=_TICKET,
        number="20261124000017",
        version=1,
        state=TicketState.DRAFTED,
        kind=TicketKind.COMPLAINT,
        category="噪声扰民",
        caller_name="张先生",
        caller_phone="13800000000",
        address="东城区安定门外大街 1 号",
        matter="小区北侧工地夜间十一点后仍在施工。",
        wanted="请有关部门到现场查看，制止夜间施工。",
        call_ids=(_CALL,),
        unit="housing",
        created=_at(30, 9),
    ),
    at=_at(30, 9),
    actor="hotline",
    action="drafted",
    note=None,
)

CALL: Json = call_view(_TALKING)
WAITING_CALL: Json = call_view(_WAITING)
HELD_CALL: Json = {**CALL, "held": True}
UNIT_LEG: Json = leg_view(_UNIT_LEG)
JOINED_LEG: Json = leg_view(
    replace(_UNIT_LEG, state=LegState.JOINED, outcome=LegOutcome.ANSWERED, answered=_at(31, 26), joined=_at(31, 40))
)
CALLS: Json = {"items": [WAITING_CALL, CALL], "next": CURSOR}
JOURNAL: Json = {
    "items": [
        {
            "seq": 101,
            "time": moment(_at(30, 0)),
            "kind": "call.arrived",
            "data": {"caller": "13800000000"},
            "recovered": False,
        },
        {"seq": 102, "time": moment(_at(30, 0)), "kind": "call.voice", "data": {}, "recovered": False},
        {"seq": 103, "time": moment(_at(30, 5)), "kind": "call.queued", "data": {"queue": "main"}, "recovered": False},
    ],
    "next": None,
}
SEAT: Json = seat_view(_SEAT)
SEATS: Json = {"items": [SEAT], "next": None}
QUEUE: Json = queue_view(
    QueueView(name="main", waiting=((_WAITING.id, _at(31, 6)),), ready=0, talking=1, longest_wait=12.5)
)
QUEUES: Json = {"items": [QUEUE], "next": None}
_OFFICE_HOURS = DutyHours(days=frozenset(range(5)), begins=time(9), ends=time(17, 30))
UNIT: Json = unit_view(
    Unit(id="housing", name="市住房和城乡建设委员会", number="02001", duty=(_OFFICE_HOURS,)),
    local=_at(31, 0),
)
UNITS: Json = {"items": [UNIT], "next": None}
TICKET: Json = ticket_view(with_words(_DRAFT, [_TALKING]))
FILED_TICKET: Json = ticket_view(
    with_words(file(_DRAFT, at=_at(36, 0), actor="api", heard=composed_notes([_TALKING])), [_TALKING])
)
TICKETS: Json = {"items": [TICKET], "next": CURSOR}
TRUNK: Json = trunk_view(trunk_of([_TALKING, _WAITING]))
TRUNKS: Json = {"items": [TRUNK], "next": None}
ALARM: Json = alarm_view(
    Alarm(name=DISK_LOW, detail="900 MB are free for recordings, less than 1024 MB", since=_at(20, 0))
)
ALARMS: Json = {"items": [ALARM], "next": None}
HEALTH: Json = {
    "status": "ok",
    "components": {
        "asterisk": {"status": "ok", "detail": "logged in, Asterisk 22.10.1"},
        "database": {"status": "ok", "detail": "written a moment ago"},
        "speech": {"status": "off", "detail": "no engine is configured"},
        "recordings": {"status": "ok", "detail": "120 GB free"},
        "events": {"status": "off", "detail": "no broker is configured"},
    },
    "alarms": ["disk_low"],
}
HEALTH_DOWN: Json = {
    "status": "down",
    "components": {**HEALTH["components"], "asterisk": {"status": "down", "detail": "not reached for 12 s"}},
    "alarms": ["asterisk"],
}
RELOADED: Json = {
    "taken": False,
    "mistakes": ["ivr_flows/menu.yaml:14: no node is named queu; did you mean queue?"],
}
EVENT_TOKEN: Json = {"token": "nFq0m3mYbq8Jm2r0w5pQ6o1y7c9v4x3z2k8h5g1t0sE", "expires": moment(_at(32, 0))}
_LIVE: Json = {
    "calls": [CALL, WAITING_CALL],
    "seats": [SEAT],
    "queues": [QUEUE],
    "trunks": [TRUNK],
    "alarms": [ALARM],
}
LIVE: Json = {"stream": "0193a5af-0000-7000-8000-000000000000", "seq": 41, **_LIVE}
SNAPSHOT: Json = {
    "type": "snapshot",
    "stream": "0193a5af-0000-7000-8000-000000000000",
    "seq": 41,
    "data": _LIVE,
}
EVENT: Json = {"type": "call.queued", "seq": 42, "time": moment(_at(31, 6)), "data": WAITING_CALL}
