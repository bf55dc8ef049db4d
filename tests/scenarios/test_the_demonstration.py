"""What a newcomer sees first: scripts/demo-call against the running hotline."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.hotline import Hotline, visit
from tests.support.running_hotline import Ports, RunningHotline
from tests.support.speech_models import whisper_model

CHECKOUT = Path(__file__).resolve().parents[2]
STEPS = (
    *("拨打 12345", "听到问候语", "进入队列", "振铃", "接听"),
    *("呼叫承办单位", "先与话务员私下商谈", "市民听不到", "同时通话", "双方均听到", "承办单位退出"),
    *("挂机", "录音已保存", "私下商谈的 2 句未录入", "工单编号", "提交工单"),
)


async def _shown(hotline: Hotline) -> tuple[int | None, str, str]:
    """Run it; gives exit code, what it told, and what went wrong."""
    demo = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "scripts.demo_call", "--home", str(hotline.running.folder)),
        cwd=CHECKOUT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, error = await asyncio.wait_for(demo.communicate(), 130)
    print(out.decode(), error.decode())
    return demo.returncode, out.decode(), error.decode()


@pytest.mark.timeout(150)
async def test_the_demonstration_tells_a_whole_call_and_leaves_the_seat_as_it_was(hotline: Hotline) -> None:
    before = await hotline.api.get("seats/8001")

    code, told, _ = await _shown(hotline)

    assert code == 0
    for step in (*STEPS, "语音识别未启用"):
        assert step in told
    after = await hotline.api.get("seats/8001")
    assert (after["state"], after["reason"]) == (before["state"], before["reason"])


async def test_the_demonstration_does_not_ring_a_person_on_duty(hotline: Hotline) -> None:
    await hotline.seat("8002")

    code, _, error = await _shown(hotline)

    assert code == 1
    assert "at work" in error


@pytest.fixture
async def hearing() -> AsyncIterator[Hotline]:
    """A hotline that hears Mandarin."""
    model = await asyncio.to_thread(whisper_model)
    running = RunningHotline(
        Ports.number(5), wrap_up_seconds=1, speech_engine="whisper", speech_model=model, speech_workers=1
    )
    try:
        await asyncio.to_thread(running.start)
        async with visit(running) as hotline:
            yield hotline
        assert await asyncio.to_thread(running.stop) == 0
    finally:
        running.kill()
        running.remove()


@pytest.mark.timeout(170)
async def test_the_words_of_all_three_are_printed_as_they_come(hearing: Hotline) -> None:
    await hearing.until_true(
        hearing.api.health,
        lambda health: health["components"]["speech"]["status"] == "ok",
        within=60,
        what="hearing Mandarin",
    )

    code, told, _ = await _shown(hearing)

    assert code == 0
    for step in (*STEPS, "文字记录完成"):
        assert step in told
    noted = re.findall(r"┊ (市民|话务员|承办单位) [0-9.]+–[0-9.]+ s：(.+)", told)
    by_side = {side: " ".join(text for who, text in noted if who == side) for side in ("市民", "话务员", "承办单位")}
    assert "小" in by_side["市民"]
    assert "地址" in by_side["话务员"]
    assert "5个工作日" in by_side["承办单位"]
    assert "原话" in by_side["承办单位"]
    assert "正在说" in told
    assert not re.search("接进来|被锁", " ".join(by_side.values())), "what was said in private was noted"
