"""Calls as they are shown and listed, with their words, their journal and their recording."""

import io
import struct
import wave
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from callcenter.domain.calls import CallState, Recording, RecordingState
from callcenter.domain.ids import LegId
from callcenter.domain.notes import Notes, NotesState, Side, Utterance, UtteranceId
from callcenter.domain.records import Entry
from tests.support.api_client import ApiClient
from tests.support.fake_desk import NOON, FakeDesk, call_id, kept


async def test_a_call_is_shown_as_the_contract_says(api: ApiClient, desk: FakeDesk) -> None:
    call = desk.has_call(1, seat="8001", recording=kept(12.5))

    answer = await api.get(f"/calls/{call.id}")

    assert answer.status == 200
    assert answer.json["id"] == call.id
    assert answer.json["t0"] == "2026-11-24T04:00:01.000Z"
    assert answer.json["recording"] == {
        "state": "kept",
        "started": "2026-11-24T04:00:00.000Z",
        "seconds": 12.5,
        "secrets": [],
    }
    assert answer.json["t4"] is None


async def test_calls_are_listed_newest_first_a_page_at_a_time(api: ApiClient, desk: FakeDesk) -> None:
    for number in range(1, 6):
        desk.has_call(number)

    first = await api.get("/calls?limit=2")
    second = await api.get(f"/calls?limit=2&cursor={first.json['next']}")
    third = await api.get(f"/calls?limit=2&cursor={second.json['next']}")

    ids = [call["id"] for page in (first, second, third) for call in page.json["items"]]
    assert ids == [call_id(number) for number in (5, 4, 3, 2, 1)]
    assert third.json["next"] is None


async def test_fifty_calls_make_a_page_where_nobody_says_how_many(api: ApiClient, desk: FakeDesk) -> None:
    for number in range(1, 61):
        desk.has_call(number)

    assert len((await api.get("/calls")).json["items"]) == 50


async def test_calls_are_narrowed_by_every_filter(api: ApiClient, desk: FakeDesk) -> None:
    desk.has_call(1, CallState.ENDED, seat="8001")
    desk.has_call(2, seat="8002", caller="01066668888")
    wanted = desk.has_call(3, seat="8001")

    answer = await api.get(
        "/calls?live=true&caller=%2B86%20138-0000-0000&seat=8001&from=2026-11-24T12:00:00%2B08:00&to=2026-11-25T00:00:00Z"
    )

    assert [call["id"] for call in answer.json["items"]] == [wanted.id]
    assert desk.asked[-1] == {
        "live": True,
        "caller": "13800000000",
        "seat": "8001",
        "from": NOON,
        "to": datetime(2026, 11, 25, tzinfo=UTC),
    }


async def test_a_plus_that_nobody_escaped_is_still_an_offset(api: ApiClient, desk: FakeDesk) -> None:
    await api.get("/calls?from=2026-11-24T12:00:00.5+08:00")

    east = timezone(timedelta(hours=8))
    assert desk.asked[-1]["from"] == datetime(2026, 11, 24, 12, 0, 0, 500_000, tzinfo=east)


async def test_empty_filters_ask_for_nothing(api: ApiClient, desk: FakeDesk) -> None:
    desk.has_call(1)

    answer = await api.get("/calls?live=&caller=&seat=&from=&to=")

    assert len(answer.json["items"]) == 1


@pytest.mark.parametrize(
    ("query", "parameter", "hint"),
    [
        ("limit=0", "limit", "greater than or equal to 1"),
        ("limit=201", "limit", "less than or equal to 200"),
        ("limit=ten", "limit", "whole number"),
        ("limit=%EF%BC%95", "limit", "whole number"),  # a full-width 5
        ("limit=-1", "limit", "whole number"),
        ("cursor=nonsense", "cursor", "page"),
        ("from=yesterday", "from", "RFC 3339"),
        ("from=2026-11-24T08:00:00", "from", "RFC 3339"),
        ("from=2026-13-24T08:00:00Z", "from", "RFC 3339"),
        ("from=0001-01-01T00:00:00%2B08:00", "from", "RFC 3339"),
        ("to=9999-12-31T23:59:59-08:00", "to", "RFC 3339"),
        ("from=2026-11-24T08:00:00Z&to=2026-11-23T08:00:00Z", "to", "before"),
        ("live=yes", "live", "true or false"),
        ("caller=somebody", "caller", "telephone number"),
        ("seat=8001%00", "seat", "control characters"),
        ("calller=13800000000", "calller", "did you mean caller?"),
        ("page=2", "page", "known are live, caller"),
        ("limit=1&limit=2", "limit", "more than once"),
    ],
)
async def test_a_query_that_is_wrong_is_refused_by_name(api: ApiClient, query: str, parameter: str, hint: str) -> None:
    answer = await api.get(f"/calls?{query}")

    assert answer.status == 422
    (fault,) = answer.json["errors"]
    assert fault["pointer"] == f"/{parameter}"
    assert hint in fault["detail"]


async def test_a_call_that_is_not_there_is_404(api: ApiClient) -> None:
    for path in ("", "/recording", "/journal"):
        assert (await api.get(f"/calls/{call_id(9)}{path}")).status == 404
    for act in ("hangup", "hold", "resume"):
        assert (await api.ask("POST", f"/calls/{call_id(9)}/{act}")).status == 404


@pytest.mark.parametrize(
    "odd",
    [
        "%00",
        "%0A",
        "%2F..%2F..%2Fetc%2Fpasswd",
        "..%2e",
        "%F0%9F%93%9E",
        "%FF%FE",
        "'%20OR%201=1",
        "a" * 5000,
        "%ED%A0%80",
    ],
)
async def test_odd_ids_are_404(api: ApiClient, odd: str) -> None:
    for path in (f"/calls/{odd}", f"/calls/{odd}/recording", f"/tickets/{odd}", f"/seats/{odd}", f"/units/{odd}"):
        assert (await api.get(path)).status == 404
    assert (await api.ask("POST", f"/calls/{odd}/hangup")).status == 404


async def test_the_journal_is_told_oldest_first_without_where_files_lie(api: ApiClient, desk: FakeDesk) -> None:
    call = desk.has_call(1)
    desk.entries[call.id] = [
        Entry(
            seq=7,
            time=NOON,
            call_id=call.id,
            kind="call.arrived",
            data={"caller": "13800000000", "recording_path": "/somewhere/x.raw"},
            recovered=False,
        ),
        Entry(seq=9, time=NOON, call_id=call.id, kind="call.voice", data={}, recovered=True),
    ]

    answer = await api.get(f"/calls/{call.id}/journal")

    assert answer.json == {
        "items": [
            {
                "seq": 7,
                "time": "2026-11-24T04:00:00.000Z",
                "kind": "call.arrived",
                "data": {"caller": "13800000000"},
                "recovered": False,
            },
            {"seq": 9, "time": "2026-11-24T04:00:00.000Z", "kind": "call.voice", "data": {}, "recovered": True},
        ],
        "next": None,
    }


async def test_times_in_the_journal_are_written_as_everywhere(api: ApiClient, desk: FakeDesk) -> None:
    call = desk.has_call(1)
    leg = {"id": call.id, "started": "2026-11-24T04:00:00.712375+00:00", "ended": None, "number": "13800000000"}
    recording = {"state": "recording", "started": "2026-11-24T04:00:00+00:00", "seconds": None}
    data = {"leg": leg, "recording": recording}
    entry = Entry(seq=7, time=NOON, call_id=call.id, kind="leg.changed", data=data, recovered=False)
    desk.entries[call.id] = [entry]

    answer = await api.get(f"/calls/{call.id}/journal")

    assert answer.json["items"][0]["data"] == {
        "leg": leg | {"started": "2026-11-24T04:00:00.712Z"},
        "recording": recording | {"started": "2026-11-24T04:00:00.000Z"},
    }


async def test_the_journal_is_read_whole_or_page_by_page(api: ApiClient, desk: FakeDesk) -> None:
    call = desk.has_call(1)
    desk.entries[call.id] = [
        Entry(seq=seq, time=NOON, call_id=call.id, kind="call.voice", data={}, recovered=False)
        for seq in range(3, 300, 3)
    ]

    whole = (await api.get(f"/calls/{call.id}/journal")).json
    assert ([entry["seq"] for entry in whole["items"]], whole["next"]) == (list(range(3, 300, 3)), None)

    found, cursor = [], ""
    while cursor is not None:
        page = (await api.get(f"/calls/{call.id}/journal?limit=33&cursor={cursor}")).json
        assert len(page["items"]) == 33
        found += [entry["seq"] for entry in page["items"]]
        cursor = page["next"]
    assert found == list(range(3, 300, 3))


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "cursor=x", "cursor=-1"])
async def test_an_odd_page_of_the_journal_is_422(api: ApiClient, desk: FakeDesk, query: str) -> None:
    call = desk.has_call(1)

    answer = await api.get(f"/calls/{call.id}/journal?{query}")

    assert answer.status == 422
    assert answer.json["errors"][0]["parameter"] == query.partition("=")[0]


async def test_words_stand_in_the_call_as_they_were_said_and_heard(api: ApiClient, desk: FakeDesk) -> None:
    said = Utterance(
        id=UtteranceId("u1"),
        side=Side.CALLER,
        leg_id=LegId("leg"),
        start=1.23456,
        end=2.0,
        text="3号楼",
        heard="三号楼",
        confidence=0.9,
    )
    call = desk.has_call(1, utterances=(said,), notes=Notes(state=NotesState.LATER))

    answer = await api.get(f"/calls/{call.id}")

    assert answer.json["notes"] == "later"
    assert answer.json["utterances"] == [
        {
            "id": "u1",
            "side": "caller",
            "leg_id": "leg",
            "start": 1.235,
            "end": 2.0,
            "text": "3号楼",
            "heard": "三号楼",
            "confidence": 0.9,
            "live": True,
            "final": True,
        }
    ]


# Recordings


def wav(samples: int) -> bytes:
    """Stereo, 8 kHz, the sides apart."""
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setparams((2, 2, 8000, samples, "NONE", ""))
        file.writeframes(b"".join(struct.pack("<hh", number, -number) for number in range(samples)))
    return made.getvalue()


@pytest.fixture
def sound(desk: FakeDesk, tmp_path: Path) -> bytes:
    call = desk.has_call(1, CallState.ENDED, recording=kept(0.1))
    desk.files[call.id] = tmp_path / "kept.wav"
    desk.files[call.id].write_bytes(wav(800))
    return wav(800)


async def test_a_recording_is_given_as_wav(api: ApiClient, sound: bytes) -> None:
    answer = await api.get(f"/calls/{call_id(1)}/recording")

    assert (answer.status, answer.raw) == (200, sound)
    assert answer.headers["Content-Type"] == "audio/wav"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{call_id(1)}.wav"'


async def test_a_part_of_a_recording_is_given(api: ApiClient, sound: bytes) -> None:
    answer = await api.get(f"/calls/{call_id(1)}/recording", headers={"Range": "bytes=44-143"})

    assert (answer.status, answer.raw) == (206, sound[44:144])
    assert answer.headers["Content-Range"] == f"bytes 44-143/{len(sound)}"


async def test_a_part_beyond_the_end_is_416(api: ApiClient, sound: bytes) -> None:
    answer = await api.get(f"/calls/{call_id(1)}/recording", headers={"Range": "bytes=999999-"})

    assert answer.status == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(sound)}"


@pytest.mark.parametrize(("values", "status"), [({}, 404), ({"state": RecordingState.RECORDING}, 409)])
async def test_a_recording_that_is_not_there_or_not_done(
    api: ApiClient, desk: FakeDesk, values: dict[str, Any], status: int
) -> None:
    call = desk.has_call(2, recording=Recording(**values) if values else None)

    assert (await api.get(f"/calls/{call.id}/recording")).status == status


async def test_a_recording_whose_file_is_gone_is_404(api: ApiClient, desk: FakeDesk, tmp_path: Path) -> None:
    call = desk.has_call(2, CallState.ENDED)
    desk.files[call.id] = tmp_path / "gone.wav"

    assert (await api.get(f"/calls/{call.id}/recording")).status == 404


@pytest.mark.parametrize("odd", ["bytes=9-3", "bytes=0-1,4-5", "bytes=x-", "samples=0-1"])
async def test_a_range_that_cannot_be_read_is_416(api: ApiClient, sound: bytes, odd: str) -> None:
    assert (await api.get(f"/calls/{call_id(1)}/recording", headers={"Range": odd})).status == 416
