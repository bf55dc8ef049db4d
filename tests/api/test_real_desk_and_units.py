"""Units at the real desk: whom of them may be called, and when, and a talk of three from its first call to its end."""

import pytest

from callcenter.domain.calls import LegKind
from callcenter.domain.ids import LegId
from callcenter.domain.telephony import LegAnswered, LegDialled, LegRang, PartyJoined
from tests.support.office_fakes import CALL
from tests.support.real_desk import Hotline


@pytest.mark.parametrize(
    ("unit", "wrong"),
    [
        ("nobody", "neither the id of a unit nor a telephone number"),
        ("+14155550100", "may not be dialled"),
        ("0014155550100", "may not be dialled"),
        ("8001", "may not be dialled"),
        ("12345", "hotline's own number"),
        ("13800000000@elsewhere", "neither the id of a unit nor a telephone number"),
    ],
)
async def test_only_units_and_numbers_that_may_be_dialled_are_called(hotline: Hotline, unit: str, wrong: str) -> None:
    hotline.office.a_caller_waits()
    hotline.office.the_seat_answers()
    before = len(hotline.office.telephone.wishes)

    answer = await hotline.api.ask("POST", f"/calls/{CALL}/three-way", {"unit": unit})

    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, "/unit")
    assert wrong in answer.json["errors"][0]["detail"]
    assert len(hotline.office.telephone.wishes) == before


@pytest.mark.parametrize("unit", ["water", "02002", "０２００２", " 0200-2 "])
async def test_a_unit_off_duty_is_not_called_and_it_is_said_until_when(hotline: Hotline, unit: str) -> None:
    hotline.office.a_caller_waits()
    hotline.office.the_seat_answers()

    answer = await hotline.api.ask("POST", f"/calls/{CALL}/three-way", {"unit": unit})

    assert answer.status == 409
    assert "off duty until 2026-11-25 09:00" in answer.json["detail"]


async def test_a_unit_is_brought_in_and_the_operator_leaves_and_returns(hotline: Hotline) -> None:
    api, office = hotline.api, hotline.office
    at = office.clock.now()
    early = await api.ask("POST", f"/calls/{CALL}/three-way", {"unit": "housing"})
    office.a_caller_waits()
    waiting = await api.ask("POST", f"/calls/{CALL}/three-way", {"unit": "housing"})
    seat_leg = office.the_seat_answers()

    called = await api.ask("POST", f"/calls/{CALL}/three-way", {"unit": "02001"})
    again = await api.ask("POST", f"/calls/{CALL}/three-way", {"unit": "10086"})
    leg_id, leg = LegId(called.json["id"]), f"/calls/{CALL}/three-way/{called.json['id']}"
    too_early = await api.ask("PUT", leg, {"action": "join"})
    alone = await api.ask("PUT", f"/calls/{CALL}/seat", {"action": "leave"})
    not_a_unit = await api.ask("PUT", f"/calls/{CALL}/three-way/{seat_leg}", {"action": "drop"})
    office.tell(
        LegDialled(at=at, call_id=CALL, leg_id=leg_id, seat=None, kind=LegKind.UNIT),
        LegRang(at=at, call_id=CALL, leg_id=leg_id),
        LegAnswered(at=at, call_id=CALL, leg_id=leg_id),
        PartyJoined(at=at, call_id=CALL, leg_id=leg_id, talk="t"),
    )
    left = await api.ask("PUT", f"/calls/{CALL}/seat", {"action": "leave"})
    back = await api.ask("PUT", f"/calls/{CALL}/seat", {"action": "return"})
    dropped = await api.ask("PUT", leg, {"action": "drop"})
    kinds = [entry["kind"] for entry in (await api.get(f"/calls/{CALL}/journal")).json["items"]]

    assert (early.status, waiting.status) == (404, 409)
    assert (called.status, called.json["state"], called.json["party"]) == (202, "dialing", "housing")
    for refused, possible in ((again, "drop"), (too_early, "drop"), (alone, "hold")):
        assert (refused.status, possible in refused.json["detail"]) == (409, True)
    assert not_a_unit.status == 404
    assert (left.status, back.status, dropped.status) == (200, 200, 200)
    assert [one["state"] for one in left.json["legs"] if one["kind"] == "seat"] == ["held"]
    assert "call.seat_left" in kinds
    steps = [event.data for event in office.stream.since(0) or () if event.type == "leg.changed"]
    assert list(dict.fromkeys(step["state"] for step in steps if step["id"] == leg_id)) == [
        "dialing",
        "ringing",
        "joined",
    ]
    assert "DialUnit" in hotline.wished()


async def test_units_say_when_they_answer_and_whether_they_do_now(hotline: Hotline) -> None:
    noon = (await hotline.api.get("/units")).json["items"]
    hotline.office.clock.advance(-3600)
    morning = (await hotline.api.get("/units/water")).json

    assert [(unit["id"], unit["on_duty"], unit["ring_seconds"]) for unit in noon] == [
        ("housing", True, 30.0),
        ("water", False, 12.0),
    ]
    assert morning["on_duty"]
    assert morning["duty"] == [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "11:30"}]
