"""One whole call against the running hotline, told as it happens: `scripts/demo-call [--home var]`.

A simulated citizen speaks Mandarin, a simulated operator answers and brings a simulated unit in; the hotline between
them is the real one, and what it hears of their words is printed as it comes. It ends with exit code 0 only when every
step was seen to happen.
"""

import argparse
import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from scripts.demo_notes import WordsAsTheyCome
from scripts.demo_recording import ANOTHER, likeness, recording_is_true
from scripts.demo_three_way import UnitComes, can_be_trunk
from scripts.demo_words import AFTER, BEFORE, TICKET, WHILE_IT_RINGS, NotSoError, Spoken, Story, Words, person
from scripts.hotline_client import Events, Home, HotlineClient, Json, NoHotlineError, ProblemError, SeatAccount
from scripts.phones.sip import user_of
from scripts.phones.tones import loudness_of
from scripts.phones.wav import read_speech
from scripts.softphones import SoftCall, SoftPhoneError, SoftPhones

CITIZEN = "13800138000"
"""The simulated citizen's number; nobody's real one."""

_AUDIO = Path(__file__).resolve().parent / "demo_audio"
_HOME = Path(__file__).resolve().parent.parent / "var"
_HEARD = 300.0  # root mean square of 32767: spoken words have 1000 to 3000, a silent line has less than 50
_INVITES = "operator-4"  # said only where a unit is brought in
_RINGS_FOR = 1.5  # seconds that the operator lets it ring, so that one can read along
_PATIENCE = 15.0  # seconds: a person or the hotline's own words within three rings
_AFTERWARDS = 10.0  # seconds for the recording and the ticket


@dataclass(slots=True)
class Demo:
    """The call, step by step."""

    home: Home
    hotline: HotlineClient
    events: Events
    phones: SoftPhones
    seat: SeatAccount
    story: Story
    is_trunk: bool
    """The phones stand where the gateway would be, so the unit's may ring."""
    call_id: str = ""
    spoken: list[Spoken] = field(default_factory=list)

    async def run(self) -> None:
        """Play it; raises NotSoError, or what the phones and the hotline raise."""
        operator = await self.phones.add(number=self.seat.extension, password=self.seat.password)
        citizen = await self.phones.add(number=CITIZEN)
        await operator.register()
        await self.hotline.put(f"seats/{self.seat.extension}/state", {"state": "ready"})
        await self._until_on_duty()
        self.story.tell(
            f"坐席 {self.seat.extension} 的话机已注册，话务员{self.seat.operator}就绪。",
            f"Seat {self.seat.extension}: phone registered, operator ready.",
        )

        placed = await citizen.calls(self.home.hotline)
        self.story.tell(
            f"市民 {CITIZEN} 拨打 {self.home.hotline}。",
            f"A citizen, {CITIZEN}, dials {self.home.hotline}.",
        )
        await self._is_greeted(placed)
        taken = await operator.called(within=_PATIENCE)
        await self._rings(taken)
        await taken.answer()
        talking = await self.events.until("call.talking", within=5.0, id=self.call_id)
        if talking.data["seat"] != self.seat.extension:
            raise NotSoError("来电被其他坐席接走", "another seat got the call")
        waited = _between(talking.data["t0"], talking.data["t4"])
        self.story.tell(
            f"坐席 {self.seat.extension} 接听，双方通话。从拨入到人工接听 {waited:.1f} 秒。",
            f"Seat {self.seat.extension} answers; they talk, {waited:.1f} s after the call came in.",
        )
        notes = WordsAsTheyCome(self.hotline, self.events, self.story)
        async with notes.of(self.call_id):
            await self._talk(placed, taken)
            await self._hang_up(placed, taken)
            await notes.are_all_there(self.call_id)
        await recording_is_true(self.hotline, self.events, self.call_id, self.spoken, self.story)
        await self._ticket_is_filed()

    async def _talk(self, citizen: SoftCall, operator: SoftCall) -> None:
        for words in BEFORE if self.is_trunk else [each for each in BEFORE if each.file != _INVITES]:
            await self._say_in_turn(words, citizen, operator)
        if self.is_trunk:
            unit = UnitComes(self.hotline, self.events, self.phones, self.story, self._say, self.call_id)
            await unit.join(citizen, operator)
        else:
            self.story.tell(
                f"中继 {self.home.trunk} 已有网关在用，演示不呼叫真实的承办单位，略去三方通话。",
                f"A gateway is at {self.home.trunk}: no real unit is called for a demonstration, so no third party.",
            )
            await self._say_in_turn(WHILE_IT_RINGS, citizen, operator)
        for words in AFTER:
            await self._say_in_turn(words, citizen, operator)

    async def _say_in_turn(self, words: Words, citizen: SoftCall, operator: SoftCall) -> None:
        speaker, listener = (citizen, operator) if words.speaker == "citizen" else (operator, citizen)
        await self._say(words, speaker, listener)

    async def _until_on_duty(self) -> None:
        async with asyncio.timeout(_AFTERWARDS):
            while True:
                seat = await self.hotline.get(f"seats/{self.seat.extension}")
                if (seat["state"], seat["phone"]) == ("ready", "registered"):
                    return
                await self.events.until("seat.changed", within=_AFTERWARDS, since=self.events.now)

    async def _is_greeted(self, placed: SoftCall) -> None:
        arrived = await self.events.until("call.arrived", within=_PATIENCE, caller=CITIZEN)
        self.call_id = arrived.data["id"]
        await placed.answered(within=_PATIENCE)
        loudness = await placed.hears_sound(within=_PATIENCE, louder_than=_HEARD)
        voice = await self.events.until("call.voice", "call.talking", within=_PATIENCE, id=self.call_id)
        after = _between(voice.data["t0"], voice.data["t1"])
        self.story.tell(
            f"热线应答，市民听到问候语（实测响度 {loudness:.0f}，来电后 {after:.2f} 秒）。",
            f"The hotline answers; the citizen hears it greet (measured loudness {loudness:.0f}, after {after:.2f} s).",
        )
        queued = await self.events.until("call.queued", within=_PATIENCE, id=self.call_id)
        self.story.tell(
            f"来电进入队列「{queued.data['queue']}」。", f'The call waits in the queue "{queued.data["queue"]}".'
        )

    async def _rings(self, taken: SoftCall) -> None:
        await self.events.until("call.ringing", within=5.0, id=self.call_id)
        self.story.tell(
            f"坐席 {self.seat.extension} 的话机振铃，来电显示：{_shown(taken.peer)}。",
            f"The phone of seat {self.seat.extension} rings and shows {_shown(taken.peer)}.",
        )
        await asyncio.sleep(_RINGS_FOR)

    async def _say(self, words: Words, speaker: SoftCall, *listeners: SoftCall, deaf: SoftCall | None = None) -> None:
        """Let one speak; raises NotSoError when another does not hear it, or `deaf` does."""
        samples = await asyncio.to_thread(read_speech, _AUDIO / f"{words.file}.wav")
        wall = time.time() - time.monotonic()
        began, ended = await speaker.speaks(samples)
        await asyncio.sleep(0.2 if deaf is None else 0.6)  # what was said last is still on its way
        loudness = min(listener.loudness((began, ended + 0.2)) for listener in listeners)
        if loudness < _HEARD:
            raise NotSoError("对方没有听到", "another one did not hear it")
        if deaf is not None:
            leaked = await asyncio.to_thread(likeness, samples, deaf.sound((began - 0.2, ended + 0.5)))
            if leaked > ANOTHER:
                raise NotSoError("第三方听到了私下商谈的内容", "what was said in private was heard")
        who, who_in_english = person(words.speaker)
        original = loudness_of(samples)
        hears, hears_in_english = ("对方", "heard") if len(listeners) == 1 else ("双方均", "both hear it,")
        except_for, except_for_in_english = ("", "") if deaf is None else ("，市民听不到", "; not by the citizen")
        self.story.tell(
            f"{who}：{words.chinese}  〔{hears}听到，实测响度 {loudness:.0f}，原声 {original:.0f}{except_for}〕",
            f"{who_in_english}: {words.english}"
            f"  [{hears_in_english} {loudness:.0f} of {original:.0f}{except_for_in_english}]",
        )
        self.spoken.append(Spoken(words, samples, began + wall, ended + wall))

    async def _hang_up(self, placed: SoftCall, taken: SoftCall) -> None:
        await placed.hang_up()
        await taken.ended(within=5.0)
        ended = await self.events.until("call.ended", within=5.0, id=self.call_id)
        if ended.data["outcome"] != "answered":
            raise NotSoError(f"通话结果为 {ended.data['outcome']}", f"the call's outcome is {ended.data['outcome']}")
        talked = _between(ended.data["t4"], ended.data["t5"])
        self.story.tell(f"市民挂机，通话 {talked:.1f} 秒。", f"The citizen hangs up after {talked:.1f} s of talk.")

    async def _ticket_is_filed(self) -> None:
        await self.events.until(
            "ticket.changed", within=_AFTERWARDS, where=lambda data: self.call_id in data["call_ids"]
        )
        call = await self.hotline.get(f"calls/{self.call_id}")
        ticket = await self.hotline.get(f"tickets/{call['ticket_id']}")
        self.story.tell(
            f"系统由本次通话起草工单 {ticket['number']}。", f"A ticket was drafted from the call: {ticket['number']}."
        )
        ticket = await self.hotline.patch(f"tickets/{ticket['id']}", TICKET, version=ticket["version"])
        ticket = await self.hotline.post(f"tickets/{ticket['id']}/file")
        if ticket["state"] != "filed":
            raise NotSoError(f"工单状态为 {ticket['state']}", f"the ticket is {ticket['state']}")
        self.story.tell("话务员补全并提交工单。", "The operator completes and files the ticket.")
        print(_written(ticket, call))


async def play(folder: Path) -> None:
    """Play the call against the hotline of a home; raises what went wrong."""
    story = Story()
    home = Home.read(folder)
    async with HotlineClient(home.http, home.token) as hotline:
        health = await hotline.health()
        if health.get("status") not in {"ok", "degraded"}:
            raise NoHotlineError(f"the hotline at {home.http} is {health.get('status', 'strange')}; see its /health")
        seats = await hotline.all_of("seats")
        live = await hotline.all_of("calls", live="true")
        if live or any(seat["state"] not in {"offline", "break"} for seat in seats):
            raise NotSoError(
                "热线正在工作：有坐席在岗或有来电，演示会打扰他们",
                "the hotline is at work (seats on duty or callers): the demonstration would disturb them",
            )
        free = [seat for seat in seats if seat["phone"] == "missing"]
        account = next((seat for seat in home.seats if seat.extension in {s["extension"] for s in free}), None)
        if account is None:
            raise NotSoError("没有空闲坐席可供演示", "no seat is free for the demonstration")
        before = next(seat for seat in free if seat["extension"] == account.extension)
        is_trunk = can_be_trunk(home.trunk)
        async with (
            hotline.events() as events,
            _restored(hotline, before),
            SoftPhones.at(home.sip, listen=home.trunk if is_trunk else None) as phones,
        ):
            await Demo(home, hotline, events, phones, account, story, is_trunk).run()
        story.tell("演示完成，坐席已恢复原状态。", "All of it happened. The seat is as it was.")


@contextlib.asynccontextmanager
async def _restored(hotline: HotlineClient, seat: Json) -> AsyncIterator[None]:
    """Leave a seat as it was found."""
    try:
        yield
    finally:
        async with asyncio.timeout(_AFTERWARDS):
            await hotline.put(f"seats/{seat['extension']}/state", {"state": seat["state"], "reason": seat["reason"]})


def _between(begun: str | None, ended: str | None) -> float:
    """Give the seconds between two times of a call; raises NotSoError when one of them is missing."""
    if begun is None or ended is None:
        raise NotSoError("通话记录缺少时间", "a time is missing in the call")
    return (datetime.fromisoformat(ended) - datetime.fromisoformat(begun)).total_seconds()


def _shown(peer: str) -> str:
    """Give the number a phone shows; all but the demonstration's own masked."""
    number = user_of(peer)
    return number if number == CITIZEN else "*" * max(0, len(number) - 4) + number[-4:]


def _written(ticket: Json, call: Json) -> str:
    """Give the ticket as people read it."""
    lines = (
        ("工单编号 Number", ticket["number"]),
        ("状态 State", f"已提交 {ticket['state']}"),
        ("类型 Kind", f"投诉 {ticket['kind']}"),
        ("类别 Category", ticket["category"]),
        ("来电号码 Caller", ticket["caller_phone"]),
        ("地址 Address", ticket["address"]),
        ("诉求内容 Matter", ticket["matter"]),
        ("期望结果 Wanted", ticket["wanted"]),
        ("坐席 Seat", call["seat"]),
        ("通话 Call", call["id"]),
        ("登记时间 Filed", ticket["filed"]),
        ("留痕 Trace", " → ".join(entry["action"] for entry in ticket["trace"])),
    )
    return "\n" + "\n".join(f"  {name}：{value}" for name, value in lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; 0 when all of it happened."""
    parser = argparse.ArgumentParser(prog="scripts/demo-call", description=__doc__)
    parser.add_argument("--home", type=Path, default=_HOME, help="the home of the running hotline (default: var)")
    folder = parser.parse_args(arguments).home
    try:
        asyncio.run(play(folder))
    except NoHotlineError as failure:
        print(f"热线未运行 / No hotline to show: {failure}", file=sys.stderr)
        return 1
    except (NotSoError, ProblemError, SoftPhoneError, AssertionError, TimeoutError) as failure:
        print(f"演示未完成 / The demonstration did not end well: {failure or 'in time'}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
