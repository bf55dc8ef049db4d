"""Desks that watch, in a process of their own as they are in life: python -m benchmarks.desks COUNT URL.

Reads a token for the API from the environment (CALLCENTER_TOKEN), says `watching` when all have their snapshot, and
takes all that comes until it is ended.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

BEGIN_SECONDS = 60.0
END_SECONDS = 5.0
WORD = "watching"


async def _watch(session: aiohttp.ClientSession, url: str, begun: asyncio.Event) -> None:
    async with session.ws_connect(url, max_msg_size=0) as socket:
        async for _ in socket:
            begun.set()


async def _run(count: int, url: str) -> None:
    headers = {"Authorization": f"Bearer {os.environ['CALLCENTER_TOKEN']}"}
    async with (
        aiohttp.ClientSession(headers=headers, connector=aiohttp.TCPConnector(limit=0)) as session,
        asyncio.TaskGroup() as tasks,
    ):
        for _ in range(count):
            begun = asyncio.Event()
            tasks.create_task(_watch(session, url, begun), name="a desk")
            await begun.wait()
        print(WORD, flush=True)


@asynccontextmanager
async def watching(count: int, url: str, *, token: str) -> AsyncIterator[None]:
    """Let so many desks watch while the block runs."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.desks", str(count), url),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "CALLCENTER_TOKEN": token},
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(BEGIN_SECONDS):
            assert (await process.stdout.readline()).decode().strip() == WORD, "the desks could not watch"
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(END_SECONDS):
            await process.wait()


if __name__ == "__main__":
    asyncio.run(_run(int(sys.argv[1]), sys.argv[2]))
