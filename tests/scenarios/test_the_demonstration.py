"""What a newcomer sees first: scripts/demo-call against the running hotline."""

import asyncio
import sys
from pathlib import Path

import pytest

from tests.support.hotline import Hotline

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(150)
async def test_the_demonstration_tells_a_whole_call_and_leaves_the_seat_as_it_was(hotline: Hotline) -> None:
    before = await hotline.api.get("seats/8001")

    shown = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "scripts.demo_call",
        "--home",
        str(hotline.running.folder),
        cwd=CHECKOUT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, error = await asyncio.wait_for(shown.communicate(), 130)
    told = out.decode()
    print(told, error.decode())

    assert shown.returncode == 0
    for step in (
        *("拨打 12345", "听到问候语", "进入队列", "振铃", "接听"),
        *("呼叫承办单位", "先与话务员单独商谈", "市民听不到", "同时通话", "双方均听到", "承办单位退出"),
        *("挂机", "录音已保存", "单独商谈的 2 句未录入", "工单编号", "提交工单"),
    ):
        assert step in told
    assert "语音识别未启用" in told or "文字记录完成" in told
    after = await hotline.api.get("seats/8001")
    assert (after["state"], after["reason"]) == (before["state"], before["reason"])


async def test_the_demonstration_does_not_ring_a_person_on_duty(hotline: Hotline) -> None:
    await hotline.seat("8002")

    shown = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "scripts.demo_call",
        "--home",
        str(hotline.running.folder),
        cwd=CHECKOUT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    _, error = await asyncio.wait_for(shown.communicate(), 20)

    assert shown.returncode == 1
    assert "at work" in error.decode()
