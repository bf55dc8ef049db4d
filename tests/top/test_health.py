"""What /health says of the words that come in and go out, and of a disk that hangs."""

import errno
from typing import NoReturn

import pytest

from callcenter.health import Health, HearingUse
from callcenter.office.ports import ComponentHealth


def hearing(fault: str | None = None, *, not_live: int = 0, waiting: int = 0) -> HearingUse:
    return HearingUse(fault=fault, detail="tones: 1 of 1 workers", not_live=not_live, waiting=waiting)


@pytest.mark.parametrize(
    ("prompts", "use", "status", "told"),
    [
        (None, hearing(), "ok", ["tones: 1 of 1 workers"]),
        (None, hearing(waiting=3), "ok", ["3 calls wait to be noted"]),
        (None, hearing(not_live=2), "degraded", ["2 voices are not heard live"]),
        (None, hearing("callcenter speech fetch X"), "degraded", ["callcenter speech fetch X", "tones"]),
        ("no voice", hearing(), "degraded", ["no voice", "tones"]),
        (None, "there is no recogniser", "off", ["there is no recogniser"]),
        ("no voice", "there is no recogniser", "degraded", ["no voice", "there is no recogniser"]),
    ],
)
def test_speech_says_what_is_so(prompts: str | None, use: HearingUse | str, status: str, told: list[str]) -> None:
    health = Health.__new__(Health)
    health._speech_fault = lambda: prompts
    health._hearing = lambda: use

    found = health._speech()

    assert found.status == status
    assert all(part in found.detail for part in told), found.detail


async def test_a_recordings_folder_that_does_not_answer_is_down_in_these_words() -> None:
    health = Health.__new__(Health)
    health._all = lambda recordings: {"recordings": recordings}  # type: ignore[method-assign]

    async def silent() -> NoReturn:
        raise TimeoutError(errno.ETIMEDOUT, "it does not answer")

    health._disk = silent

    for found in (await health.at_a_glance(silent), await health()):
        assert found["recordings"] == ComponentHealth(status="down", detail="the recordings' folder does not answer")
