"""Waiting for what is to happen, and never longer than said."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

_LOOK_EVERY = 0.02  # seconds; as often as a packet comes


class NotInTimeError(AssertionError):
    """What was waited for did not happen."""


async def in_time(awaited: Awaitable[T], *, within: float, what: str) -> T:
    """Wait for one thing; raises NotInTimeError saying `what` went wrong."""
    try:
        async with asyncio.timeout(within):
            return await awaited
    except TimeoutError:
        raise NotInTimeError(f"{what} within {within:g} s") from None


async def eventually(look: Callable[[], T | None], *, within: float, what: str | Callable[[], str]) -> T:
    """Look again and again until something other than None or False is there; raises NotInTimeError."""
    loop = asyncio.get_running_loop()
    end = loop.time() + within
    while True:
        found = look()
        if found is not None and found is not False:
            return found
        if loop.time() >= end:
            raise NotInTimeError(f"{what if isinstance(what, str) else what()} within {within:g} s")
        await asyncio.sleep(_LOOK_EVERY)
