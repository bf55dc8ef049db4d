"""The real desk behind the API: the exchange decides, the store is SQLite; only telephone and disk are made up."""

import asyncio
import base64
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Mapping
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
import pytest

from callcenter.domain.calls import LegKind
from callcenter.domain.exchange.commands import NoteUtterance
from callcenter.domain.ids import LegId
from callcenter.domain.notes import Side, Utterance, UtteranceId
from callcenter.domain.telephony import LegAnswered, LegDialled, LegRang, PartyJoined
from callcenter.domain.units import DutyHours, Unit
from callcenter.domain.views import Json
from callcenter.events.webhooks import Webhooks
from callcenter.office.desk import Desk
from callcenter.office.figures import FigureOffice
from callcenter.office.ports import ComponentHealth
from callcenter.office.recalls import RecallOffice
from callcenter.office.tickets import TicketOffice
from callcenter.setting_fields import DIAL_OUT
from callcenter.storage.calls import Calls
from callcenter.storage.journal import Journal
from callcenter.storage.recalls import Recalls
from callcenter.storage.store import Store
from callcenter.storage.tickets import Tickets
from callcenter.storage.told import Told
from tests.api.conftest import TOKEN, served
from tests.support.api_client import ApiClient, check
from tests.support.fake_desk import PARTS
from tests.support.office_fakes import CALL, FakeRecordings, Office, an_office, eventually
from tests.support.stores import database, made, writing
from tests.support.stores import eventually as in_the_journal

OFFICE_HOURS = DutyHours(days=frozenset(range(5)), begins=time(9), ends=time(11, 30))


@dataclass
class Hotline:
    """A hotline without Asterisk, and one who asks."""

    api: ApiClient
    office: Office

    def wished(self) -> list[str]:
        return [type(wish).__name__ for wish in self.office.telephone.wishes]


class NoFlows:
    async def run(self, *_: Any) -> Any:
        raise AssertionError

    async def reload(self) -> list[str]:
        return []


class Disk(FakeRecordings):
    async def path(self, _call_id: str) -> Path | None:
        return None


async def well() -> Mapping[str, ComponentHealth]:
    return {name: ComponentHealth(status="ok", detail="well") for name in PARTS}


@pytest.fixture
async def hotline(tmp_path: Path) -> AsyncIterator[Hotline]:
    db = await made(database("sqlite", tmp_path))
    store = Store(db.url)
    async with writing(Journal(db.url, db.folder)) as journal:
        office = an_office()
        office.switchboard._journal = journal
        calls = Calls(store, journal)
        tickets = TicketOffice(
            Tickets(store, zone=ZoneInfo("Asia/Shanghai"), new_id=lambda: str(uuid.uuid4())),
            calls,
            office.switchboard,
            stream=office.stream,
            clock=office.clock,
        )
        desk = Desk(
            office.switchboard,
            stream=office.stream,
            calls=calls,
            recordings=Disk(),
            tickets=tickets,
            flows=NoFlows(),
            webhooks=Webhooks(),
            figures=FigureOffice(Told(store), clock=office.clock, zone=ZoneInfo("Asia/Shanghai")),
            recalls=RecallOffice(
                office.switchboard,
                Recalls(store),
                lasting=journal.flush,
                clock=office.clock,
                new_id=lambda: str(uuid.uuid4()),
            ),
            units=[
                Unit(id="housing", name="市住建委", number="02001"),
                Unit(id="water", name="水务局", number="02002", duty=(OFFICE_HOURS,), ring_seconds=12.0),
            ],
            dial_out=DIAL_OUT,
            hotline="12345",
            zone=ZoneInfo("Asia/Shanghai"),
            clock=office.clock,
            new_id=lambda: str(uuid.uuid4()),
            health=well,
        )
        async with (
            served(desk, office.clock) as server,
            aiohttp.ClientSession() as session,
            asyncio.TaskGroup() as tasks,
        ):
            drafting = tasks.create_task(tickets.run())
            yield Hotline(ApiClient(session, server.url, TOKEN), office)
            drafting.cancel()
    await store.close()


async def test_a_call_is_followed_from_the_first_ring_to_the_filed_ticket(hotline: Hotline) -> None:
    api, office = hotline.api, hotline.office

    async with api.session.ws_connect(f"{api.url}/api/v1/events", headers={"Authorization": f"Bearer {TOKEN}"}) as seen:
        snapshot = await seen.receive_json(timeout=5)
        office.a_caller_waits()
        queues = await api.get("/queues")
        office.the_seat_answers()
        talking = await api.get(f"/calls/{CALL}")
        listed = await api.get("/calls?live=true&caller=%2B8613800000000&seat=8001")
        held = await api.ask("POST", f"/calls/{CALL}/hold")
        again = await api.ask("POST", f"/calls/{CALL}/hold")
        resumed = await api.ask("POST", f"/calls/{CALL}/resume")
        hung_up = await api.ask("POST", f"/calls/{CALL}/hangup")
        office.clock.advance(20)
        office.the_caller_hangs_up()
        ended = await api.get(f"/calls/{CALL}")
        after_the_end = [await api.ask("POST", f"/calls/{CALL}/{act}") for act in ("hold", "resume", "hangup")]
        journal = await api.get(f"/calls/{CALL}/journal")
        events = [await seen.receive_json(timeout=5)]
        while "ticket.changed" not in (event["type"] for event in events):
            events.append(await seen.receive_json(timeout=5))

    assert queues.json["items"][0]["name"]
    assert (talking.json["state"], talking.json["seat"]) == ("talking", "8001")
    assert [call["id"] for call in listed.json["items"]] == [CALL]
    assert (held.status, held.json["held"], resumed.json["held"]) == (200, True, False)
    assert again.status == 409
    assert hung_up.status == 202
    assert "EndCall" in hotline.wished()
    assert (ended.json["state"], ended.json["outcome"]) == ("ended", "answered")
    assert [answer.status for answer in after_the_end] == [409, 409, 409]
    kinds = [entry["kind"] for entry in journal.json["items"]]
    assert (kinds[0], kinds.count("call.talking"), kinds.count("call.ended")) == ("call.arrived", 1, 1)
    assert "recording_path" not in json.dumps(journal.json) + json.dumps(events)
    assert [event["seq"] for event in events] == list(range(snapshot["seq"] + 1, snapshot["seq"] + 1 + len(events)))
    for event in events:
        check(event, {"$ref": "#/components/schemas/EventMessage"})


async def test_a_ticket_is_drafted_completed_and_filed_in_the_store(hotline: Hotline) -> None:
    api, office = hotline.api, hotline.office
    office.a_caller_waits()
    office.the_seat_answers()
    await eventually(lambda: office.switchboard.exchange.calls[0].ticket_id is not None)

    (drafted,) = (await api.get("/tickets?caller=13800000000&state=drafted")).json["items"]
    address = f"/tickets/{drafted['id']}"
    early = await api.ask("POST", f"{address}/file")
    fields = {"kind": "complaint", "category": "噪声扰民", "matter": "夜间施工。\n一直到凌晨", "unit": "housing"}
    edited = await api.ask("PATCH", address, fields, headers={"If-Match": '"1"'})
    stale = await api.ask("PATCH", address, {"notes": "x"}, headers={"If-Match": '"1"'})
    filed = await api.ask("POST", f"{address}/file")
    late = await api.ask("PATCH", address, {"notes": "x"}, headers={"If-Match": filed.headers["ETag"]})
    found = await api.get("/tickets?q=%E6%96%BD%E5%B7%A5&kind=complaint&unit=housing&state=filed")

    assert drafted["call_ids"] == [CALL]
    assert [fault["pointer"] for fault in early.json["errors"]] == ["/kind", "/category", "/matter"]
    assert (edited.status, stale.status, filed.status, late.status) == (200, 412, 200, 409)
    assert [ticket["number"] for ticket in found.json["items"]] == [drafted["number"]]
    assert filed.json["number"] == drafted["number"]


async def test_the_figures_of_a_day_come_from_the_journal(hotline: Hotline) -> None:
    api, office = hotline.api, hotline.office
    office.a_caller_waits()
    office.clock.advance(4)
    office.the_seat_answers()
    office.clock.advance(60)
    office.the_caller_hangs_up()
    office.clock.advance(10)

    async def has_all() -> bool:
        return len((await api.get(f"/calls/{CALL}/journal")).json["items"]) > 0 and (await figures())["offered"] == 1

    async def figures(query: str = "") -> dict[str, float | None]:
        answer = await api.get(f"/figures{query}")
        check(answer.json, {"$ref": "#/components/schemas/FigureList"})
        return {figure["name"]: figure["value"] for figure in answer.json["items"]}

    await in_the_journal(has_all)
    found = await figures()
    assert (found["offered"], found["asked_for_person"], found["answered"]) == (1, 1, 1)
    assert (found["connect_rate"], found["lost_rate"], found["service_level_15"]) == (1, 0, 1)
    assert found["speed_of_answer"] == pytest.approx(4, abs=0.01)
    assert found["talk_time"] == pytest.approx(60, abs=0.01)
    assert found["abandon_rate_ivr"] == 0
    assert (await figures("?queue=another"))["connect_rate"] is None
    assert (await figures("?seat=8001"))["answered"] == 1
    assert (await figures("?to=2020-01-02T00:00:00Z&from=2020-01-01T00:00:00Z"))["offered"] == 0
    backwards = await api.get("/figures?from=2020-01-02T00:00:00Z&to=2020-01-01T00:00:00Z")
    too_long = await api.get("/figures?from=2020-01-01T00:00:00Z&to=2021-01-01T00:00:00Z")
    assert (backwards.status, too_long.status) == (422, 422)


async def test_a_day_is_cut_into_half_hours_that_add_up_to_it(hotline: Hotline) -> None:
    api, office = hotline.api, hotline.office
    office.a_caller_waits()
    office.the_seat_answers()
    office.clock.advance(60)
    office.the_caller_hangs_up()
    office.clock.advance(10)

    async def is_counted() -> bool:
        items = (await api.get("/figures")).json["items"]
        return any(figure["name"] == "wrap_up_time" and figure["denominator"] for figure in items)

    await in_the_journal(is_counted)
    day = await api.get("/figures?window=24h&interval=half_hour&queue=hotline")
    check(day.json, {"$ref": "#/components/schemas/FigureList"})
    whole = {figure["name"]: figure for figure in day.json["items"]}
    halves = [{figure["name"]: figure for figure in half["figures"]} for half in day.json["intervals"]]

    assert len(halves) == 49  # the clock stands at 04:01:10: two shorter ones at the edges
    assert [half["from"][11:19] for half in day.json["intervals"]][:2] == ["04:01:10", "04:30:00"]
    for name in ("asked_for_person", "answered", "connect_rate", "talk_time"):
        assert sum(half[name]["numerator"] for half in halves) == whole[name]["numerator"] > 0
    assert "intervals" not in (await api.get("/figures?window=24h")).json
    for wrong in ("window=24", "window=2h&from=2026-11-24T00:00:00Z", "interval=hour", "window=72h&interval=half_hour"):
        assert (await api.get(f"/figures?{wrong}")).status == 422, wrong


async def test_how_a_ticket_was_settled_is_a_figure_of_its_call(hotline: Hotline) -> None:
    api, office = hotline.api, hotline.office
    office.a_caller_waits()
    office.the_seat_answers()

    async def drafted() -> list[Json]:
        return list((await api.get("/tickets")).json["items"])

    async def kinds() -> list[str]:
        return [entry["kind"] for entry in (await api.get(f"/calls/{CALL}/journal")).json["items"]]

    async def figure(name: str) -> Json:
        items = (await api.get("/figures")).json["items"]
        return dict(next(each for each in items if each["name"] == name))

    await in_the_journal(lambda: _some(drafted()))
    (ticket,) = await drafted()
    office.the_caller_hangs_up()
    office.clock.advance(5)
    await in_the_journal(lambda: _holds(kinds(), "ticket.stands", 1))
    assert (await figure("direct_answer_rate"))["value"] is None  # nobody has filed anything: no 0 %

    path = f"/tickets/{ticket['id']}"
    fields = {"kind": "consultation", "category": "社保", "matter": "问社保卡怎么补办"}
    await api.ask("PATCH", path, fields, headers={"If-Match": f'"{ticket["version"]}"'})
    assert (await api.ask("POST", f"{path}/file")).status == 200
    await in_the_journal(lambda: _holds(kinds(), "ticket.stands", 3))

    told = [e for e in (await api.get(f"/calls/{CALL}/journal")).json["items"] if e["kind"] == "ticket.stands"]
    assert [each["data"]["standing"]["state"] for each in told] == ["drafted", "drafted", "filed"]
    assert "问社保卡怎么补办" not in str(told)
    await in_the_journal(lambda: _is_told(figure("direct_answer_rate")))  # the database is some milliseconds behind
    direct, resolved = await figure("direct_answer_rate"), await figure("first_call_resolution")
    assert (direct["numerator"], direct["denominator"], direct["recovered"]) == (1, 1, 0)
    assert resolved["value"] == 1
    assert (await figure("survey_response"))["value"] is None
    assert (await figure("signed_in_time"))["denominator"] == 0


async def _is_told(figure: Awaitable[Json]) -> bool:
    return (await figure)["value"] is not None


async def _some(found: Awaitable[list[Json]]) -> bool:
    return bool(await found)


async def _holds(kinds: Awaitable[list[str]], kind: str, times: int) -> bool:
    return (await kinds).count(kind) >= times


async def test_seats_are_set_and_say_why_they_cannot_be(hotline: Hotline) -> None:
    pause = await hotline.api.ask("PUT", "/seats/8001/state", {"state": "break", "reason": "午休"})
    ready = await hotline.api.ask("PUT", "/seats/8001/state", {"state": "ready"})
    hotline.office.a_caller_waits()
    hotline.office.the_seat_answers()
    talking = await hotline.api.ask("PUT", "/seats/8001/state", {"state": "offline"})

    assert (pause.json["state"], pause.json["reason"]) == ("break", "午休")
    assert (ready.json["state"], ready.json["reason"]) == ("ready", None)
    assert talking.status == 409
    assert "talking" in talking.json["detail"]


async def test_pages_of_tickets_follow_each_other(hotline: Hotline) -> None:
    made = [(await hotline.api.ask("POST", "/tickets", {"notes": str(number)})).json["id"] for number in range(5)]

    found: list[str] = []
    cursor = ""
    while True:
        page = (await hotline.api.get(f"/tickets?limit=2&cursor={cursor}")).json
        found += [ticket["id"] for ticket in page["items"]]
        if (cursor := page["next"]) is None:
            break

    assert sorted(found) == sorted(made)


# Whoever holds the token may still write cursors of his own.


def forged(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        forged([1, 2, 3]),
        forged({"a": 1}),
        forged([10**40, "x"]),
        forged(["x", "y"]),
        forged([0, "\ud800"]),
        forged([0, "\x00"]),
        forged([None, None]),
    ],
)
async def test_a_forged_cursor_is_refused_by_name(hotline: Hotline, cursor: str) -> None:
    for path in ("/calls", "/tickets"):
        answer = await hotline.api.get(f"{path}?cursor={cursor}")
        assert answer.status in (200, 422)
        if answer.status == 422:
            assert answer.json["errors"][0]["parameter"] == "cursor"


# Three-way: whom, and when


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


async def test_a_secret_stays_out_of_recording_and_notes_until_it_is_said_to_be_over(hotline: Hotline) -> None:
    api, office = hotline.api, hotline.office
    office.a_caller_waits()
    early = await api.ask("PUT", f"/calls/{CALL}/secret", {"on": True})
    office.the_seat_answers()

    on = await api.ask("PUT", f"/calls/{CALL}/secret", {"on": True})
    again = await api.ask("PUT", f"/calls/{CALL}/secret", {"on": True})
    off = await api.ask("PUT", f"/calls/{CALL}/secret", {"on": False})
    journal = await api.get(f"/calls/{CALL}/journal")

    assert early.status == 409
    assert [(answer.status, answer.json["secret"]) for answer in (on, again, off)] == [
        (200, True),
        (200, True),
        (200, False),
    ]
    assert hotline.wished().count("MuteRecording") == 2
    told = [entry["data"] for entry in journal.json["items"] if entry["kind"] == "secret.changed"]
    assert told == [{"on": True}, {"on": False}]


# What is said, in the call, its journal and its ticket


async def heard(hotline: Hotline, number: int, text: str, side: Side = Side.CALLER) -> None:
    said = Utterance(
        id=UtteranceId(f"u{number}"), side=side, leg_id=LegId(CALL), start=float(number), end=number + 0.7, text=text
    )
    hotline.office.switchboard.ask(NoteUtterance(call_id=CALL, utterance=said))


async def test_words_are_in_call_journal_ticket_and_events_and_make_no_version_stale(hotline: Hotline) -> None:
    api, office = hotline.api, hotline.office
    office.a_caller_waits()
    office.the_seat_answers()
    await eventually(lambda: office.switchboard.exchange.calls[0].ticket_id is not None)
    (draft,) = (await api.get("/tickets")).json["items"]
    address = f"/tickets/{draft['id']}"

    await heard(hotline, 1, "您好，请讲。", Side.SEAT)
    await heard(hotline, 2, "三号楼停水了。")
    fields = {"kind": "report", "category": "供水", "matter": "停水"}
    edited = await api.ask("PATCH", address, fields, headers={"If-Match": f'"{draft["version"]}"'})
    await heard(hotline, 3, "两天了。")
    read = await api.get(address)
    (listed,) = (await api.get("/tickets")).json["items"]
    call = (await api.get(f"/calls/{CALL}")).json
    journal = (await api.get(f"/calls/{CALL}/journal")).json["items"]
    filed = await api.ask("POST", f"{address}/file")
    await heard(hotline, 4, "谢谢。")
    after = await api.get(address)

    assert edited.status == 200, "words that came meanwhile are nobody's edit"
    assert edited.json["notes"] == "话务员：您好，请讲。\n市民：三号楼停水了。"
    assert read.json["notes"] == listed["notes"] == filed.json["notes"] == edited.json["notes"] + "\n市民：两天了。"
    assert [word["utterance_id"] for word in read.json["heard"]] == ["u1", "u2", "u3"]
    assert [said["id"] for said in call["utterances"]] == ["u1", "u2", "u3"]
    told = [entry["data"]["utterance"] for entry in journal if entry["kind"] == "utterance.final"]
    assert [(said["id"], said["side"], said["text"], said["live"]) for said in told][1] == (
        "u2",
        "caller",
        "三号楼停水了。",
        True,
    )
    assert after.json["notes"] == filed.json["notes"], "what is filed stays as it was filed"
    assert len(after.json["heard"]) == 4
    assert after.headers["ETag"] == filed.headers["ETag"]
    await eventually(lambda: len(published(hotline)[-1]["heard"]) == 4)
    for ticket in published(hotline):
        check(ticket, {"$ref": "#/components/schemas/Ticket"})


def published(hotline: Hotline) -> list[Json]:
    return [event.data for event in hotline.office.stream.since(0) or () if event.type == "ticket.changed"]


async def test_an_operators_own_notes_stay_while_more_is_heard(hotline: Hotline) -> None:
    api, office = hotline.api, hotline.office
    office.a_caller_waits()
    office.the_seat_answers()
    await eventually(lambda: office.switchboard.exchange.calls[0].ticket_id is not None)
    (draft,) = (await api.get("/tickets")).json["items"]
    await heard(hotline, 1, "停水了。")

    await api.ask("PATCH", f"/tickets/{draft['id']}", {"notes": "市民反映停水。"}, headers={"If-Match": '"1"'})
    await heard(hotline, 2, "两天了。")
    read = (await api.get(f"/tickets/{draft['id']}")).json

    assert (read["notes"], read["notes_edited"], read["version"]) == ("市民反映停水。", True, 2)
    assert [word["text"] for word in read["heard"]] == ["停水了。", "两天了。"]


async def test_notes_as_long_as_a_talk_of_hours_are_taken(hotline: Hotline) -> None:
    long = "市民：我们小区已经停水两天了。\n" * 3000

    taken = await hotline.api.ask("POST", "/tickets", {"notes": long})
    ascii_only = await hotline.api.ask(
        "POST", "/tickets", data=json.dumps({"notes": long}), headers={"Content-Type": "application/json"}
    )
    too_long = await hotline.api.ask("POST", "/tickets", {"notes": "水" * 50_001})

    assert (taken.status, ascii_only.status) == (201, 201)
    assert taken.json["notes"] == long.strip()
    assert (too_long.status, too_long.json["errors"][0]["pointer"]) == (422, "/notes")
