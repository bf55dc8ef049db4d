import asyncio
import json
import logging
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from structlog.contextvars import bound_contextvars

from callcenter import log as log_module
from callcenter.log import PERSONAL_KEYS, drop_personal, logging_to

PHONE = "13812345678"


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_line_says_what_when_where_and_in_which_call(tmp_path: Path) -> None:
    file = tmp_path / "controller.log"

    with logging_to(file, level="INFO", form="json", stream=None), bound_contextvars(call_id="0193"):
        structlog.get_logger("callcenter.office.desk").info("a call ended", seconds=4.5)

    (line,) = lines(file)
    assert list(line) == ["time", "level", "event", "call_id", "logger", "seconds"]
    assert line.pop("time").endswith("Z")
    assert line == {
        "event": "a call ended",
        "level": "info",
        "logger": "office.desk",
        "call_id": "0193",
        "seconds": 4.5,
    }


async def test_the_call_follows_into_tasks(tmp_path: Path) -> None:
    file = tmp_path / "controller.log"

    async def child() -> None:
        structlog.get_logger("callcenter").info("deep inside")

    with logging_to(file, level="INFO", form="json", stream=None):
        with bound_contextvars(call_id="0193"):
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(child())
        structlog.get_logger("callcenter").info("outside")

    inside, outside = lines(file)
    assert inside["call_id"] == "0193"
    assert "call_id" not in outside


@pytest.mark.parametrize("form", ["json", "text"])
def test_nothing_of_a_caller_and_no_secret_reaches_the_log(tmp_path: Path, form: Any) -> None:
    file, stream = tmp_path / "controller.log", StringIO()
    logger = structlog.get_logger("callcenter.x")

    with logging_to(file, level="DEBUG", form=form, stream=stream, stream_level="DEBUG"):
        logger.info("call", caller=PHONE, digits="4711#", text="我家停水了", name="张三", token="hush", seat="8001")
        logger.info("nested", leg={"number": PHONE, "kind": "caller"}, legs=[{"party": PHONE}, (PHONE, "x")])
        logger.warning("the numbers +8613812345678 and 02223456789 in words", why=f"near '{PHONE}'")
        logging.getLogger("some.library").warning("INVITE sip:%s@host", PHONE)
        try:
            int(f"cannot dial {PHONE} at postgresql://me:hush@db/x")
        except ValueError:
            logger.exception("failed")
            logging.getLogger("some.library").exception("failed there")

    for written in (file.read_text(encoding="utf-8"), stream.getvalue()):
        for private in (PHONE, "4711#", "停水", "张三", "hush", "02223456789"):
            assert private not in written
        assert "8001" in written
        assert "*5678" in written
        assert "ValueError" in written
        assert "failed there" in written


@given(
    st.recursive(
        st.integers() | st.booleans() | st.none() | st.floats(allow_nan=False),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from([*sorted(PERSONAL_KEYS), "seat", "kind"]), inner)
        ),
        max_leaves=20,
    )
)
def test_personal_keys_are_dropped_however_deep(value: Any) -> None:
    def keys(inside: Any) -> set[str]:
        match inside:
            case dict():
                return set(inside).union(*map(keys, inside.values()))
            case list():
                return set().union(*map(keys, inside))
            case _:
                return set()

    cleaned = drop_personal(None, "info", {"event": "x", "data": value})

    assert not keys(cleaned) & PERSONAL_KEYS


@pytest.mark.parametrize(
    "harmless",
    ["0193b1f2-7c3e-7d4a-9f00-138123456789", "20261122000017", "127.0.0.1:5060", "2026-11-24T12:00:00.123Z", "8001"],
)
def test_ids_ticket_numbers_and_addresses_are_kept(harmless: str) -> None:
    assert drop_personal(None, "info", {"event": "x", "about": harmless})["about"] == harmless


def test_loud_libraries_are_held_down(tmp_path: Path) -> None:
    file = tmp_path / "controller.log"

    with logging_to(file, level="DEBUG", form="json", stream=None):
        for name in (
            "panoramisk.actions",
            "aiohttp.access",
            "sqlalchemy.engine.Engine",
            "aiosqlite",
            "alembic.runtime",
        ):
            logging.getLogger(name).info("everything it knows")
        logging.getLogger("panoramisk").warning("lost the connection")

    assert [line["event"] for line in lines(file)] == ["lost the connection"]


def test_a_full_disk_costs_lines_and_nothing_else(capfd: pytest.CaptureFixture[str]) -> None:
    with logging_to(Path("/dev/full"), level="INFO", form="json", stream=None) as writer:
        for _ in range(3):
            structlog.get_logger("callcenter").info("a call ended")

    assert writer.lost == 3
    assert writer.fails
    assert capfd.readouterr() == ("", "")


def test_a_missing_folder_costs_lines_and_nothing_else(tmp_path: Path) -> None:
    with logging_to(tmp_path / "no" / "controller.log", level="INFO", form="json", stream=None) as writer:
        structlog.get_logger("callcenter").info("a call ended")

    assert writer.lost == 1


def test_the_log_turns_by_size_and_keeps_the_newest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_module, "FILE_BYTES", 2000)
    file = tmp_path / "controller.log"

    with logging_to(file, level="INFO", form="json", stream=None) as writer:
        for number in range(300):
            structlog.get_logger("callcenter").info("a call ended", place=number)

    kept = sorted(tmp_path.iterdir())
    assert len(kept) == 1 + log_module.FILES_KEPT
    assert all(path.stat().st_size <= 2000 for path in kept)
    assert lines(file)[-1]["place"] == 299
    assert writer.lost == 0


def test_the_stream_shows_people_what_matters_only(tmp_path: Path) -> None:
    stream = StringIO()

    with logging_to(tmp_path / "controller.log", level="INFO", form="json", stream=stream):
        structlog.get_logger("callcenter").info("a call ended")
        structlog.get_logger("callcenter").error("the database is away")

    assert "the database is away" in stream.getvalue()
    assert "a call ended" not in stream.getvalue()


def test_logging_is_as_before_afterwards(tmp_path: Path) -> None:
    root = logging.getLogger()
    before = (root.handlers[:], root.level)

    with logging_to(tmp_path / "controller.log", level="DEBUG", form="json"):
        assert root.handlers != before[0]

    assert (root.handlers, root.level) == before
