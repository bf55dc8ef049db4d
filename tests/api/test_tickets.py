from typing import Any

import pytest

from callcenter.domain.tickets import TicketKind, TicketState
from tests.support.api_client import Answer, ApiClient
from tests.support.fake_desk import FakeDesk

COMPLETE: dict[str, Any] = {"kind": TicketKind.REPORT, "category": "道路交通", "matter": "路口信号灯不亮。"}


async def patch(api: ApiClient, ticket_id: str, body: Any, if_match: str | None = '"1"') -> Answer:
    return await api.ask(
        "PATCH", f"/tickets/{ticket_id}", body, headers={} if if_match is None else {"If-Match": if_match}
    )


async def test_a_ticket_without_a_call_is_drafted(api: ApiClient, desk: FakeDesk) -> None:
    answer = await api.ask(
        "POST",
        "/tickets",
        {
            "kind": "complaint",
            "urgency": "urgent",
            "caller_phone": "+86 138 0000 0000",
            "matter": " 第一行\r\n第二行 ",
            "notes": "   ",
            "unit": "housing",
            "confidential": True,
        },
    )

    assert answer.status == 201
    ticket = answer.json
    assert answer.headers["Location"] == f"/api/v1/tickets/{ticket['id']}"
    assert answer.headers["ETag"] == '"1"'
    assert (await api.get(f"/tickets/{ticket['id']}")).json == ticket
    assert {name: ticket[name] for name in ("kind", "urgency", "caller_phone", "matter", "notes", "unit")} == {
        "kind": "complaint",
        "urgency": "urgent",
        "caller_phone": "13800000000",
        "matter": "第一行\n第二行",
        "notes": None,
        "unit": "housing",
    }
    assert ticket["confidential"] is True


async def test_an_empty_ticket_can_be_drafted(api: ApiClient) -> None:
    answer = await api.ask("POST", "/tickets", {})

    assert (answer.status, answer.json["state"], answer.json["urgency"]) == (201, "drafted", "normal")


@pytest.mark.parametrize(
    ("body", "pointer", "hint"),
    [
        ({"kind": "praise"}, "/kind", "'consultation', 'help'"),
        ({"urgency": None}, "/urgency", "'normal' or 'urgent'"),
        ({"confidential": "true"}, "/confidential", "valid boolean"),
        ({"matter": 7}, "/matter", "valid string"),
        ({"matter": "a\x00b"}, "/matter", "control characters"),
        ({"matter": "长" * 10_001}, "/matter", "at most 10000"),
        ({"caller_name": "a\nb"}, "/caller_name", "one line"),
        ({"category": "类" * 101}, "/category", "at most 100"),
        ({"caller_phone": "call me"}, "/caller_phone", "telephone number"),
        ({"unit": "nowhere"}, "/unit", "unit"),
        ({"mater": "x"}, "/mater", "did you mean matter?"),
        ({"due": "2026-11-24T00:00:00Z"}, "/due", "set by the hotline"),
        ({"state": "filed"}, "/state", "set by the hotline"),
        ({"a/b~c": 1}, "/a~1b~0c", "not known here"),
        ([], "", "object"),
    ],
)
async def test_a_body_that_is_wrong_is_refused_by_place(
    api: ApiClient, desk: FakeDesk, body: Any, pointer: str, hint: str
) -> None:
    desk.has_ticket()
    drafted = await api.ask("POST", "/tickets", body)
    edited = await patch(api, next(iter(desk.known_tickets)), body)

    for answer in (drafted, edited):
        assert answer.status == 422
        (fault,) = answer.json["errors"]
        assert fault["pointer"] == pointer
        assert hint in fault["detail"]
    assert [ticket.version for ticket in desk.known_tickets.values()] == [1]


async def test_all_that_is_wrong_is_told_at_once_and_nothing_is_repeated(api: ApiClient) -> None:
    secret = "13912345678身份证"

    answer = await api.ask("POST", "/tickets", {"kind": secret, "caller_phone": secret, "matter": 3, "unit": None})

    assert [fault["pointer"] for fault in answer.json["errors"]] == ["/kind", "/caller_phone", "/matter"]
    assert secret not in answer.raw.decode()


async def test_very_many_mistakes_make_a_short_answer(api: ApiClient) -> None:
    answer = await api.ask("POST", "/tickets", {f"{number}" * 500: 1 for number in range(100, 200)})

    assert answer.status == 422
    assert len(answer.json["errors"]) == 50
    assert len(answer.raw) < 50_000


async def test_a_draft_is_completed_and_filed(api: ApiClient, desk: FakeDesk) -> None:
    ticket = desk.has_ticket()

    edited = await patch(api, ticket.id, {"kind": "report", "category": "道路交通", "matter": "路口信号灯不亮。"})
    filed = await api.ask("POST", f"/tickets/{ticket.id}/file")

    assert (edited.status, edited.headers["ETag"], edited.json["version"]) == (200, '"2"', 2)
    assert (filed.status, filed.headers["ETag"], filed.json["state"]) == (200, '"3"', "filed")
    assert [step["action"] for step in filed.json["trace"]] == ["drafted", "edited", "filed"]


async def test_null_empties_a_field(api: ApiClient, desk: FakeDesk) -> None:
    ticket = desk.has_ticket(notes="x", category="y")

    answer = await patch(api, ticket.id, {"notes": None})

    assert (answer.json["notes"], answer.json["category"]) == (None, "y")


async def test_a_change_of_nothing_is_refused(api: ApiClient, desk: FakeDesk) -> None:
    assert (await patch(api, desk.has_ticket().id, {})).status == 422


async def test_filing_names_each_field_that_is_missing(api: ApiClient, desk: FakeDesk) -> None:
    ticket = desk.has_ticket(category="道路交通")

    answer = await api.ask("POST", f"/tickets/{ticket.id}/file")

    assert answer.status == 422
    assert [fault["pointer"] for fault in answer.json["errors"]] == ["/kind", "/matter"]


async def test_a_filed_ticket_is_neither_edited_nor_filed_again(api: ApiClient, desk: FakeDesk) -> None:
    ticket = desk.has_ticket(**COMPLETE, state=TicketState.FILED)

    edited = await patch(api, ticket.id, {"notes": "x"})
    filed = await api.ask("POST", f"/tickets/{ticket.id}/file")

    assert (edited.status, filed.status) == (409, 409)
    assert "only a drafted one" in edited.json["detail"]


@pytest.mark.parametrize(
    ("if_match", "status"),
    [
        ('"3"', 200),
        ("3", 200),  # the quotes were forgotten
        ("*", 200),
        ('"1", "3"', 200),
        ('"2"', 412),
        ('"03"', 412),
        ('W/"3"', 412),  # RFC 9110 §13.1.1: weak tags never match
        ('"1", "2"', 412),
        ('"99999999999999999999999999"', 412),
        ('"three"', 412),
        ("three", 400),
        ('"3', 400),
        ("", 400),
        (None, 428),
    ],
)
async def test_a_change_names_the_version_it_was_made_on(
    api: ApiClient, desk: FakeDesk, if_match: str | None, status: int
) -> None:
    ticket = desk.has_ticket(version=3)

    answer = await patch(api, ticket.id, {"notes": "x"}, if_match)

    assert answer.status == status
    assert desk.known_tickets[ticket.id].notes == ("x" if status == 200 else None)


@pytest.mark.parametrize("if_match", ['"1"', "*", 'W/"1"'])
async def test_a_ticket_that_is_not_there_is_404_whatever_its_version(api: ApiClient, if_match: str) -> None:
    assert (await patch(api, "nowhere", {"notes": "x"}, if_match)).status == 404
    assert (await api.get("/tickets/nowhere")).status == 404
    assert (await api.ask("POST", "/tickets/nowhere/file")).status == 404


async def test_a_merge_patch_is_a_patch(api: ApiClient, desk: FakeDesk) -> None:
    ticket = desk.has_ticket()
    headers = {"If-Match": '"1"', "Content-Type": "application/merge-patch+json"}

    answer = await api.ask("PATCH", f"/tickets/{ticket.id}", {"notes": "x"}, headers=headers)

    assert answer.status == 200


async def test_tickets_are_listed_newest_first_by_every_filter(api: ApiClient, desk: FakeDesk) -> None:
    desk.has_ticket(1, kind=TicketKind.HELP)
    second = desk.has_ticket(2, **COMPLETE, unit="housing", caller_phone="13800000000")
    third = desk.has_ticket(3, **COMPLETE, unit="housing", caller_phone="13800000000")

    found = await api.get(
        "/tickets?state=drafted&kind=report&unit=housing&caller=8613800000000&q=%E4%BF%A1%E5%8F%B7&limit=200".replace(
            "=86", "=%2B86"
        )
    )
    none = await api.get("/tickets?state=filed")
    page = await api.get("/tickets?limit=2")

    assert [ticket["id"] for ticket in found.json["items"]] == [third.id, second.id]
    assert none.json == {"items": [], "next": None}
    assert page.json["next"] is not None


@pytest.mark.parametrize(
    ("query", "parameter"),
    [("state=open", "state"), ("kind=praise", "kind"), ("q=%00", "q"), ("text=x", "text"), ("cursor=x", "cursor")],
)
async def test_a_query_that_is_wrong_is_refused_by_name(api: ApiClient, query: str, parameter: str) -> None:
    answer = await api.get(f"/tickets?{query}")

    assert answer.status == 422
    assert [fault["pointer"] for fault in answer.json["errors"]] == [f"/{parameter}"]
