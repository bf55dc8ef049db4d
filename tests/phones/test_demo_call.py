"""The demonstration says why it cannot begin, and prints words as they come. That it works is a scenario's business."""

import json
import socket
from array import array
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from scripts import demo_call, demo_words
from scripts.demo_notes import WordsAsTheyCome
from scripts.demo_recording import ANOTHER, THE_SAME, likeness
from scripts.demo_three_way import can_be_trunk
from scripts.demo_words import Story
from scripts.hotline_client import HotlineClient, Json
from scripts.phones.waiting import eventually
from scripts.phones.wav import read_speech

DEMO = {
    "hotline": "12345",
    "sip": "127.0.0.1:9",
    "http": "http://127.0.0.1:9",
    "ami": "127.0.0.1:9",
    "trunk": "127.0.0.1:9",
    "api_token": "t",
    "seats": [{"extension": "8001", "sip_password": "p", "operator": "张三"}],
    "units": [],
}


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (None, "start the hotline first"),
        ("{", "damaged"),
        (json.dumps({**DEMO, "seats": [{}]}), "damaged"),
        (json.dumps(DEMO), "no hotline answers at http://127.0.0.1:9"),
    ],
    ids=["no home", "no json", "no seats", "not running"],
)
def test_without_a_hotline_it_says_so_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], written: str | None, said: str
) -> None:
    if written is not None:
        (tmp_path / "demo.json").write_text(written, "utf-8")

    code = demo_call.main(["--home", str(tmp_path)])

    shown = capsys.readouterr()
    assert code == 1
    assert said in shown.err
    assert len(shown.err.strip().splitlines()) == 1


def test_every_sentence_of_the_talk_has_its_sound() -> None:
    folder = Path(demo_call.__file__).parent / "demo_audio"

    for words in demo_words.TALK:
        assert 2.0 < len(read_speech(folder / f"{words.file}.wav")) / 8000 < 6.0
        assert words.chinese in (folder / "README.md").read_text("utf-8")
    assert {words.speaker for words in demo_words.TALK} == {"citizen", "operator", "unit"}
    assert {path.stem for path in folder.glob("*.wav")} == {words.file for words in demo_words.TALK}
    assert sum(path.stat().st_size for path in folder.iterdir()) < 1_500_000


def test_where_a_gateway_answers_no_real_unit_is_called() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gateway:
        gateway.bind(("127.0.0.1", 0))
        taken = f"127.0.0.1:{gateway.getsockname()[1]}"

        assert not can_be_trunk(taken)
    assert can_be_trunk(taken)


@pytest.mark.parametrize("trunk", ["198.51.100.7:5080", "gateway.example:5080", "", "127.0.0.1:99999"])
def test_a_gateway_elsewhere_is_never_ours(trunk: str) -> None:
    assert not can_be_trunk(trunk)


def _words(**others: object) -> Json:
    known: Json = {
        "id": "u",
        "call_id": "c",
        "side": "caller",
        "start": 3.21,
        "end": 5.0,
        "text": "住3栋",
        "heard": "住三栋",
    }
    return known | {"live": True, "final": True} | others


class _Server:
    """Gives one call as it is and these events."""

    def __init__(self, notes: str | None, *events: tuple[str, Json]) -> None:
        heard = [data for kind, data in events if kind == "utterance.final" and data["call_id"] == "c"]
        self.call: Json = {"notes": notes, "utterances": heard}
        self.events = events

    async def get(self, _request: web.Request) -> web.Response:
        return web.json_response(self.call)

    async def follow(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "snapshot", "stream": "s", "seq": 0, "data": {}})
        for seq, (kind, data) in enumerate(self.events, start=1):
            await socket.send_json({"type": kind, "seq": seq, "time": "2026-11-24T01:00:00.000Z", "data": data})
        await socket.receive(timeout=10)
        return socket


async def _told(server: _Server, capsys: pytest.CaptureFixture[str], finals: int) -> str:
    app = web.Application()
    app.add_routes([web.get("/api/v1/calls/c", server.get), web.get("/api/v1/events", server.follow)])
    async with (
        TestServer(app) as running,
        HotlineClient(str(running.make_url("/")), "t") as hotline,
        hotline.events() as events,
    ):
        notes = WordsAsTheyCome(hotline, events, Story())
        async with notes.of("c"):
            await eventually(lambda: notes.final >= finals, within=5, what="not all was printed")
            await notes.are_all_there("c")
    return capsys.readouterr().out


async def test_words_are_printed_as_they_come_with_what_was_heard(capsys: pytest.CaptureFixture[str]) -> None:
    server = _Server(
        "complete",
        ("utterance.partial", _words(text="住", heard=None, final=False)),
        ("utterance.partial", _words(text="住", heard=None, final=False)),
        ("utterance.partial", _words(id="w", text="", heard=None, final=False)),
        ("utterance.final", _words(call_id="another", text="别人的话")),
        ("utterance.final", _words()),
        ("utterance.final", _words(id="v", side="seat", text="好的", heard=None, live=False)),
        ("notes.changed", {"state": "complete", "call_id": "c"}),
    )

    told = await _told(server, capsys, finals=2)

    assert told.count("市民（正在说）：住…") == 1
    assert "市民 3.2–5.0 s：住3栋  〔原话：住三栋〕" in told
    assert "话务员 3.2–5.0 s：好的  〔由录音补记〕" in told
    assert told.count("正在说") == 1
    assert "别人的话" not in told
    assert "文字记录完成：市民 1 句，话务员 1 句，承办单位 0 句" in told


async def test_without_a_recogniser_it_says_how_to_have_one(capsys: pytest.CaptureFixture[str]) -> None:
    told = await _told(_Server(None), capsys, finals=0)

    assert "语音识别未启用" in told
    assert "callcenter speech fetch" in told


def test_a_sentence_is_known_again_in_a_recording_and_no_other_is() -> None:
    folder = Path(demo_call.__file__).parent / "demo_audio"
    sounds = {path.stem: read_speech(path) for path in folder.glob("*.wav")}
    asked, answered, begged = (sounds[name] for name in ("operator-5", "unit-1", "citizen-1"))
    line = array("h", [0] * 4000) + array("h", [round(sample * 0.8) for sample in asked]) + array("h", [0] * 4000)

    assert likeness(asked, line) > 0.95
    assert likeness(answered, line) < ANOTHER
    assert likeness(begged, line) < ANOTHER
    assert likeness(asked, array("h", [0] * len(line))) == 0.0
    assert likeness(asked, array("h")) == 0.0


def test_a_sentence_that_a_busy_machine_sent_in_pieces_is_still_known() -> None:
    asked = read_speech(Path(demo_call.__file__).parent / "demo_audio" / "operator-5.wav")
    half = len(asked) // 2
    line = asked[:half] + array("h", [0] * 800) + asked[half:]

    assert likeness(asked, line) > THE_SAME
