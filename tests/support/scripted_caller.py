"""A caller on the line of a flow, who presses what the script says and remembers what he heard."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from callcenter.domain.errors import CallerGone
from callcenter.domain.prompts import Prompt

HANGS_UP = "hangs up"
SILENCE = ""


@dataclass
class ScriptedCaller:
    """Answers each question with the next of `keys`; stays silent when they are used up."""

    keys: Sequence[str] = ()
    number: str | None = "13800000000"
    leaves_at: int | None = None
    """The dealing, counted from 0, at which he hangs up."""
    breaks_with: Exception | None = None
    """What his line raises at every dealing: a mistake of the program."""
    line_hangs: bool = False
    """Nothing that is said to him ever ends."""
    line_counts: bool = True
    """False for a line that gives more keys than it was asked for."""
    heard: list[str] = field(default_factory=list)
    questions: int = 0
    dealings: int = 0
    spoken_to: asyncio.Event = field(default_factory=asyncio.Event)

    async def say(self, prompts: Sequence[Prompt]) -> None:
        await self._hears(prompts)

    async def ask(
        self,
        prompts: Sequence[Prompt],
        *,
        max_digits: int,
        terminator: str | None,
        barge_in: bool,
        first_digit_seconds: float,
        next_digit_seconds: float,
    ) -> str:
        assert max_digits >= 1
        assert isinstance(barge_in, bool)
        assert first_digit_seconds > 0
        assert next_digit_seconds > 0
        await self._hears(prompts)
        pressed = self.keys[self.questions] if self.questions < len(self.keys) else SILENCE
        self.questions += 1
        if pressed == HANGS_UP:
            raise CallerGone
        if terminator is not None:
            pressed = pressed.split(terminator)[0]
        return pressed[:max_digits] if self.line_counts else pressed

    async def _hears(self, prompts: Sequence[Prompt]) -> None:
        if self.leaves_at is not None and self.dealings >= self.leaves_at:
            raise CallerGone
        self.dealings += 1
        self.spoken_to.set()
        if self.breaks_with is not None:
            raise self.breaks_with
        if self.line_hangs:
            await asyncio.Event().wait()
        self.heard += [prompt.text or f"({prompt.name})" for prompt in prompts]

    def heard_words(self, words: str) -> bool:
        """Tell whether something that was heard holds these words."""
        return any(words in text for text in self.heard)
