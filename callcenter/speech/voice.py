"""The voice that speaks what nobody has recorded: pyttsx3 with espeak-ng, one short-lived process for each text."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from callcenter.speech.child import ChildFailed, run_child

MOST_ATTEMPTS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """A voice of espeak-ng at one speed."""

    name: str = "cmn-latn-pinyin"
    """As `espeak-ng --voices` lists it."""
    rate: int = 160
    """Words per minute, 80 to 450."""
    limit_seconds: float = 60.0
    """The longest text takes 5 s of an idle processor; a voice that takes so long hangs and is killed."""

    async def speak(self, text: str, *, to: Path) -> None:
        """Write this text, spoken, as telephone sound; `to` lies in a folder for this one text.

        It is spoken until two come out alike: on a busy machine espeak-ng now and then loses the rate it was given.
        Raises ChildFailed: espeak-ng or the voice is missing (named with the nearest), or nothing came of it.
        """
        before: bytes | None = None
        for attempt in range(MOST_ATTEMPTS):
            fresh = to.with_suffix(f".{attempt}.wav")
            await self._speak_once(text, to=fresh)
            sound = await asyncio.to_thread(fresh.read_bytes)
            if sound == before:
                await asyncio.to_thread(fresh.replace, to)
                return
            before = sound
        raise ChildFailed("the voice speaks the same text otherwise each time")

    async def _speak_once(self, text: str, *, to: Path) -> None:
        arguments = ["--voice", self.name, "--rate", str(self.rate), "--limit", str(self.limit_seconds)]
        await run_child(
            "callcenter.speech.voice_child", [*arguments, "--to", str(to)], text=text, limit_seconds=self.limit_seconds
        )
