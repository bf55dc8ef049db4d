"""Asking an Asterisk of the tests itself, by its control socket: the controller holds the only AMI session."""

import asyncio
from pathlib import Path

_ANSWER = 5.0


async def asterisk_says(home: Path, command: str) -> list[str]:
    """Give the lines of Asterisk's answer to a command of its console, as `asterisk -rx` would.

    Raises OSError where there is no Asterisk, and TimeoutError where it does not answer.
    """
    async with asyncio.timeout(_ANSWER):
        reader, writer = await asyncio.open_unix_connection(home / "asterisk" / "var" / "run" / "asterisk.ctl")
        try:
            writer.write(f"cli quit after {command}\0".encode())
            answer = await reader.read()
        finally:
            writer.close()
    return answer.replace(b"\x7f", b"").replace(b"\0", b"").decode("utf-8", "replace").splitlines()


async def places(home: Path) -> list[str]:
    """Say of all channels that exist where they are: `name context,exten,priority state application seconds`."""
    lines = [line.split("!") for line in await asterisk_says(home, "core show channels concise") if "!" in line]
    return sorted(f"{at[0]} {','.join(at[1:4])} {at[4]} {at[5]} {at[-3]}" for at in lines)


async def channels(home: Path) -> list[str]:
    """Give the names of all channels that exist."""
    lines = await asterisk_says(home, "core show channels concise")
    return sorted(line.partition("!")[0] for line in lines if "!" in line)
