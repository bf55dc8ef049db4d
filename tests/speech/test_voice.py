"""The real voice, and what becomes of a child process that does not do its work."""

import asyncio
import ctypes.util
import os
import shutil
import textwrap
from pathlib import Path

import pytest

from callcenter.speech.child import ChildFailed, run_child
from callcenter.speech.sound import LEVEL_DB, level_db, read_telephone
from callcenter.speech.voice import Voice

has_espeak = shutil.which("espeak-ng") is not None or ctypes.util.find_library("espeak-ng") is not None
pytestmark = pytest.mark.slow

needs_espeak = pytest.mark.skipif(
    not has_espeak and os.environ.get("CI") != "true", reason="Debian's espeak-ng is not installed"
)


def processes_with(word: str) -> list[str]:
    """Give the command lines of running processes that hold this word."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if word in line:
            found.append(line)
    return found


@needs_espeak
async def test_a_text_is_spoken_as_telephone_sound_of_the_right_level(tmp_path: Path) -> None:
    await Voice().speak("您好，政务服务热线。", to=tmp_path / "said.wav")

    said = read_telephone(tmp_path / "said.wav")

    assert 1.0 < len(said) / 8000 < 5.0
    assert abs(level_db(said) - LEVEL_DB) < 1.0


@needs_espeak
async def test_a_long_text_is_spoken_to_its_end(tmp_path: Path) -> None:
    text = "请在听到提示音后，说出您要反映的问题，以及问题发生的时间和地点。" * 4

    await Voice().speak(text, to=tmp_path / "long.wav")
    await Voice().speak(text[: len(text) // 2], to=tmp_path / "half.wav")

    long, half = (len(read_telephone(tmp_path / f"{name}.wav")) for name in ("long", "half"))
    assert long / 8000 > 15
    assert 1.8 < long / half < 2.2


@needs_espeak
async def test_a_faster_voice_is_done_sooner(tmp_path: Path) -> None:
    text = "本次通话将会录音。"
    await Voice(rate=120).speak(text, to=tmp_path / "slow.wav")
    await Voice(rate=240).speak(text, to=tmp_path / "fast.wav")

    slow, fast = (len(read_telephone(tmp_path / f"{name}.wav")) for name in ("slow", "fast"))

    assert slow > 1.3 * fast


@needs_espeak
async def test_a_voice_that_is_not_there_is_refused_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ChildFailed, match="no voice 'cmn-latn-pinjin'; the nearest is 'cmn-latn-pinyin'"):
        await Voice(name="cmn-latn-pinjin").speak("您好", to=tmp_path / "said.wav")

    assert not (tmp_path / "said.wav").exists()


@needs_espeak
@pytest.mark.parametrize("name", ["cmn", "zh", "sit/cmn"])
async def test_the_voice_that_reads_chinese_as_english_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ChildFailed, match="use 'cmn-latn-pinyin'"):
        await Voice(name=name).speak("您好", to=tmp_path / "said.wav")


@needs_espeak
async def test_a_text_without_a_sound_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ChildFailed, match="no text"):
        await Voice().speak(" ", to=tmp_path / "said.wav")


async def test_a_voice_over_its_limit_is_killed(tmp_path: Path) -> None:
    to = tmp_path / "said.wav"

    with pytest.raises(ChildFailed, match=r"more than 0\.01 s"):
        await Voice(limit_seconds=0.01).speak("您好", to=to)

    assert processes_with(str(to)) == []


async def test_a_child_whose_caller_is_cancelled_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = tmp_path / "begun"
    _module(tmp_path, monkeypatch, "hangs_here", "import sys, time; open(sys.argv[1], 'w').close(); time.sleep(60)")
    running = asyncio.create_task(run_child("hangs_here", [str(begun)], limit_seconds=30))
    async with asyncio.timeout(20):
        while not begun.exists():  # noqa: ASYNC110 - another process tells by this
            await asyncio.sleep(0.01)
    assert len(processes_with(str(begun))) == 1

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert processes_with(str(begun)) == []


async def test_a_child_that_crashes_is_told_by_its_signal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _module(tmp_path, monkeypatch, "crashes_here", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")

    with pytest.raises(ChildFailed, match="SIGSEGV"):
        await run_child("crashes_here", [], limit_seconds=20)


async def test_a_child_tells_why_in_its_last_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _module(
        tmp_path,
        monkeypatch,
        "fails_here",
        """
        import sys
        print("noise of a library", file=sys.stderr)
        sys.exit("the reason")
        """,
    )

    with pytest.raises(ChildFailed, match=r"^the reason$"):
        await run_child("fails_here", [], limit_seconds=20)


def _module(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, code: str) -> None:
    (folder / f"{name}.py").write_text(textwrap.dedent(code), encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(folder))
