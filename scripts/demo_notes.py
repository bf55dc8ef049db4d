"""Prints the words of the call as the hotline hears them, while people talk."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from scripts.demo_words import Story, person
from scripts.hotline_client import Event, Events, HotlineClient, Json
from scripts.phones.waiting import NotInTimeError

_HOW_TO_FETCH = "scripts/callcenter speech fetch whisper-base"
_LAST_WORDS = 45.0  # seconds for what is still being heard when the call ends; a busy machine hears slowly


class WordsAsTheyCome:
    """Follows the utterances of one call and prints each, partial and final."""

    def __init__(self, hotline: HotlineClient, events: Events, story: Story) -> None:
        self._hotline = hotline
        self._events = events
        self._story = story
        self._shown: dict[str, str] = {}
        self.final = 0
        """Final utterances that were printed."""

    @contextlib.asynccontextmanager
    async def of(self, call_id: str) -> AsyncIterator[None]:
        """Print the words of this call for as long as the block runs."""
        printing = asyncio.get_running_loop().create_task(self._print(call_id), name="words as they come")
        try:
            yield
        finally:
            printing.cancel()
            await asyncio.gather(printing, return_exceptions=True)

    async def are_all_there(self, call_id: str) -> None:
        """Wait for the last words and say how the notes stand; where nobody hears them, say so plainly."""
        call = await self._hotline.get(f"calls/{call_id}")
        if call["notes"] is None:
            self._story.tell(
                f"语音识别未启用，本次通话没有文字记录。启用方法：先执行 {_HOW_TO_FETCH}，再重新启动热线。",
                f"There is no recogniser, so nothing was noted. To have one: {_HOW_TO_FETCH}, then start the hotline"
                " again.",
            )
            return
        with contextlib.suppress(NotInTimeError):
            await self._events.until(
                "notes.changed",
                within=_LAST_WORDS,
                call_id=call_id,
                where=lambda notes: notes["state"] in {"complete", "failed"},
            )
        call = await self._hotline.get(f"calls/{call_id}")
        by_side = {
            side: sum(each["side"] == side for each in call["utterances"]) for side in ("caller", "seat", "unit")
        }
        self._story.tell(
            f"文字记录{_STATES.get(call['notes'], call['notes'])}："
            + "，".join(f"{person(side)[0]} {count} 句" for side, count in by_side.items())
            + "。机器记录仅供参考，以录音为准。",
            f"The notes are {call['notes']}: "
            + ", ".join(f"{person(side)[1].lower()} {count}" for side, count in by_side.items())
            + ". They are a machine's; the recording decides.",
        )

    async def _print(self, call_id: str) -> None:
        at = 0
        while True:
            event = await self._next(call_id, at)
            at = self._events.all.index(event, at) + 1
            self._show(event.data)

    async def _next(self, call_id: str, since: int) -> Event:
        while True:
            with contextlib.suppress(NotInTimeError):
                return await self._events.until(
                    "utterance.partial", "utterance.final", within=60.0, since=since, call_id=call_id
                )
            if self._events.is_over:
                await asyncio.Event().wait()  # nothing more will come; whoever began this ends it

    def _show(self, words: Json) -> None:
        who = person(words["side"])[0]
        if not words["final"]:
            if words["text"] and self._shown.get(words["id"]) != words["text"]:  # without text it is withdrawn
                self._story.note(f"{who}（正在说）：{words['text']}…")
                self._shown[words["id"]] = words["text"]
            return
        self.final += 1
        heard = f"  〔原话：{words['heard']}〕" if words["heard"] else ""
        live = "" if words["live"] else "  〔由录音补记〕"
        self._story.note(f"{who} {words['start']:.1f}–{words['end']:.1f} s：{words['text']}{heard}{live}")


_STATES = {"live": "仍在进行", "later": "待由录音补记", "complete": "完成", "failed": "不完整"}
