"""What an operator asks for at her desk, over HTTP; while no controller lives she asks again, as people do."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from scripts.hotline_client import HotlineClient, Json, NoHotlineError, ProblemError

_AGAIN = 0.3  # seconds until she looks or asks again
_PATIENCE = 25.0  # seconds until she gives up: longer than any absence of a controller

T = TypeVar("T")


class GaveUpError(Exception):
    """She could not do what she wanted; says what, and why."""


class OperatorsDesk:
    """The desk of every seat."""

    def __init__(self, api: HotlineClient) -> None:
        self._api = api

    async def goes(self, extension: str, state: str) -> None:
        """Set the seat's state."""
        await self._patiently(f"go {state}", lambda: self._api.put(f"seats/{extension}/state", {"state": state}))

    async def call_at(self, extension: str, number: str) -> str:
        """Give the id of the call with this caller, which the seat has."""

        async def look() -> str | None:
            call_id = (await self._api.get(f"seats/{extension}"))["call_id"]
            if call_id is None or (await self._api.get(f"calls/{call_id}"))["caller"] != number:
                return None
            return str(call_id)

        return await self._patiently("find the call", look)

    async def brings_in(self, call_id: str, unit: str) -> str:
        """Bring a unit in, until it is in the talk; gives the id of its leg."""

        async def ask() -> str | None:
            call = await self._api.get(f"calls/{call_id}")
            _must_live(call)
            units = [leg for leg in call["legs"] if leg["kind"] == "unit" and leg["state"] != "ended"]
            if not units:
                await self._api.post(f"calls/{call_id}/three-way", {"unit": unit, "private": False})
            return next((str(leg["id"]) for leg in units if leg["state"] == "joined"), None)

        return await self._patiently("bring a unit in", ask)

    async def leaves(self, call_id: str) -> None:
        """Leave caller and unit alone."""

        async def ask() -> bool | None:
            call = await self._api.get(f"calls/{call_id}")
            _must_live(call)
            if any(leg["kind"] == "seat" and leg["state"] == "held" for leg in call["legs"]):
                return True
            await self._api.put(f"calls/{call_id}/seat", {"action": "leave"})
            return None

        await self._patiently("leave", ask)

    async def _patiently(self, what: str, act: Callable[[], Awaitable[T | None]]) -> T:
        """Ask until there is an answer: a controller may be away, or not so far yet (409, 503)."""
        end = time.monotonic() + _PATIENCE
        why = "nothing came of it"
        while time.monotonic() < end:
            try:
                if (found := await act()) is not None:
                    return found
            except NoHotlineError:
                why = "no hotline answers"
            except ProblemError as problem:
                if problem.status not in (404, 409, 503):
                    raise
                why = str(problem.status)
            await asyncio.sleep(_AGAIN)
        raise GaveUpError(f"{what}: {why}")


def _must_live(call: Json) -> None:
    if call["state"] == "ended":
        raise GaveUpError("the call had ended")
