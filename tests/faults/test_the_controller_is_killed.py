"""The controller is killed (SIGKILL) with calls in every state, and comes back when a dozen seconds have gone by."""

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from tests.faults.every_state import EveryState, every_state, meanwhile
from tests.faults.looks_at_every_state import EveryStateLooks, until_it_is_back
from tests.support.hotline import visit
from tests.support.mortality import controller_killed
from tests.support.tone_hotline import ToneHotline

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.alone]  # how soon it is back is measured


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def away(crowded_hotline: ToneHotline) -> AsyncIterator[EveryState]:
    async with visit(crowded_hotline) as hotline, every_state(hotline) as state:
        before, began = crowded_hotline.pid("controller"), time.monotonic()
        state.began = datetime.now(UTC)
        async with controller_killed(hotline):
            await meanwhile(state)
            state.away = time.monotonic() - began
        await until_it_is_back(state, before)
        yield state


class TestTheControllerIsKilled(EveryStateLooks):
    fault = "the controller is killed (SIGKILL)"
