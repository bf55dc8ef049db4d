"""The disk of the logs is full: calls go on, it is said, and logging comes back by itself."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

from callcenter.domain.alarms import LOG_FAILED
from tests.faults.busy_hour import busy_hour
from tests.faults.results import TellResult
from tests.support.hotline import Hotline
from tests.support.strained_hotline import StrainedHotline


def last_lines(hotline: StrainedHotline) -> list[dict[str, Any]]:
    """Give the lines of the controller's log that can be read."""
    found = []
    for line in (hotline.log_disk.folder / "controller.log").read_text("utf-8", "replace").splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue  # the one that was being written when the disk was full
    return found


async def test_the_disk_of_the_logs_is_full(
    strained: Hotline, strained_hotline: StrainedHotline, tell_result: TellResult
) -> None:
    hour = await busy_hour(strained)

    full = datetime.now(UTC)
    with strained_hotline.log_disk.filled():
        strained_hotline.log_disk.fill_page_of("controller.log")
        rang = await hour.goes_on()
        arrived = await hour.one_more()
        raised = await strained.events.until("alarm.raised", within=5, name=LOG_FAILED)
        assert LOG_FAILED in (await strained.api.health())["alarms"]
    space = datetime.now(UTC)
    cleared = await strained.events.until("alarm.cleared", within=15, name=LOG_FAILED)

    await hour.is_over(arrived)

    async def ends() -> list[str]:
        lines = await asyncio.to_thread(last_lines, strained_hotline)
        return [line["call_id"] for line in lines if line["event"] == "a call ended"]

    await strained.until_true(ends, lambda ends: hour.talk.citizen.id in ends, within=5, what="logged again")
    tell_result(
        fault="the disk of the logs is full",
        what="a talk, one waiting, one arriving",
        figures={
            "alarm raised after": f"{(raised.time - full).total_seconds():.1f} s",
            "cleared": f"{(cleared.time - space).total_seconds():.1f} s after there is space",
            "a free seat rang after": f"{rang:.0f} ms",
        },
    )
