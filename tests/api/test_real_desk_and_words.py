"""What is said, at the real desk: in the call, its journal and its ticket, and what of it stays out."""

import json

from callcenter.domain.exchange.commands import NoteUtterance
from callcenter.domain.ids import LegId
from callcenter.domain.notes import Side, Utterance, UtteranceId
from callcenter.domain.views import Json
from tests.support.api_client import check
from tests.support.office_fakes import CALL, eventually
from tests.support.real_desk import Hotline


async def heard(hotline: Hotline, number: int, text: str, side: Side = Side.CALLER) -> None:
    said = Utterance(
        id=UtteranceId(f"u{number}"), side=side, leg_id=LegId(CALL), start=float(number), end=number + 0.7, text=text
    )
    hotline.office.switchboard.ask(NoteUtterance(call_id=CALL, utterance=said))


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
