"""The controller is stopped (SIGSTOP) for 20 s with calls in every state; it sees that it was away, and begins anew."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from tests.faults.every_state import EveryState, every_state, meanwhile
from tests.faults.looks_at_every_state import EveryStateLooks, until_it_is_back
from tests.support.hotline import visit
from tests.support.tone_hotline import ToneHotline

pytestmark = pytest.mark.asyncio(loop_scope="module")

STOPPED = 20.0  # seconds


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def away(crowded_hotline: ToneHotline) -> AsyncIterator[EveryState]:
    async with visit(crowded_hotline) as hotline, every_state(hotline) as state:
        before, began = crowded_hotline.pid("controller"), time.monotonic()
        state.began = datetime.now(UTC)
        os.kill(before, signal.SIGSTOP)
        try:
            await meanwhile(state)
            await asyncio.sleep(max(0.0, began + STOPPED - time.monotonic()))  # so long is the fault itself
        finally:
            os.kill(before, signal.SIGCONT)
        state.away = time.monotonic() - began
        await until_it_is_back(state, before)
        yield state


class TestTheControllerIsStopped(EveryStateLooks):
    fault = "the controller is stopped for 20 s (SIGSTOP)"
