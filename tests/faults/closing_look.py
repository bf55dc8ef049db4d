"""The look that ends every fault: nobody was lost, everything is written down once, and nothing is left behind."""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from callcenter.domain.errors import UnavailableError
from callcenter.storage.verify import Verdict, verify
from scripts.hotline_client import Json
from scripts.phones.call import Call
from tests.support.asterisk_console import channels
from tests.support.hotline import CITIZEN, Citizen, Hotline, Seat

HEAR = 6.0  # seconds for a tone to be heard on a busy machine
REACH = 25.0  # seconds for one who waits to be offered to a seat: his place may be behind a wrap-up
SETTLE = 20.0  # seconds for recording, ticket and journal behind a call

Expected = str | Collection[str]
"""An outcome, or several where chance decides between them."""


@dataclass(frozen=True, slots=True)
class InTalk:
    """A citizen and a seat who talk with each other, the call at the seat's phone, and what the citizen sounds like."""

    citizen: Citizen
    seat: Seat
    at_seat: Call
    tone: int = CITIZEN


async def closing_look(
    hotline: Hotline,
    *,
    talking: Sequence[InTalk] = (),
    waiting: Sequence[Citizen] = (),
    ended: Mapping[Citizen | str, Expected] | None = None,
    others: Expected = (),
) -> list[Json]:
    """See that a fault has hurt nobody; gives every call of this test as the hotline has it at the end.

    `talking`: they must still hear each other, and are hung up then. `waiting`: each must reach a seat that was signed
    in by `hotline.seat`, in this order, where he is answered, heard and hung up. `ended`: calls that are over, each
    with its outcome; a caller who dialled while no controller lived stands here by his number, which must be one that
    only he dialled from. Whoever else was dialled by `hotline.caller_dials` must have one of the outcomes `others`.

    Then the same for all: the journal is whole, and has each of these calls once, with one arrival and one end that is
    said truly, and times in order; no channel is left in Asterisk, no call or seat in use in the hotline, no sound on
    its way, no open file, no process more than at the beginning. Raises AssertionError, or NotInTimeError.
    """
    ended = ended or {}
    for talk in talking:
        await still_talk(talk)
    for talk in talking:
        await talk.citizen.call.hang_up()
    for citizen in waiting:
        await reaches_a_seat(hotline, citizen)
    expected: dict[str, Expected] = {talk.citizen.id: "answered" for talk in talking}
    expected |= {citizen.id: "answered" for citizen in waiting}
    for who, outcome in ended.items():
        expected[who.id if isinstance(who, Citizen) else await _only_call_of(hotline, who)] = outcome
    for citizen in hotline.citizens:
        expected.setdefault(citizen.id, others)
    calls = [await _ended_as(hotline, call_id, outcome) for call_id, outcome in expected.items()]
    in_line = [citizen.id for citizen in waiting]
    answered = {call["id"]: moment(call["t4"]) for call in calls if call["id"] in in_line}
    assert sorted(answered, key=answered.__getitem__) == in_line, "those who waited were not served in their order"
    for call in calls:
        await _written_once(hotline, call)
    await journal_is_whole(hotline)
    await nothing_is_left(hotline)
    return calls


async def still_talk(talk: InTalk) -> None:
    """Both hear each other now."""
    await asyncio.gather(
        talk.citizen.call.hears_tone(talk.seat.tone, within=HEAR), talk.at_seat.hears_tone(talk.tone, within=HEAR)
    )


async def reaches_a_seat(hotline: Hotline, citizen: Citizen) -> None:
    """Wait until a seat rings for him; it answers, he hears it, and hangs up."""
    ringing = await hotline.until_true(
        citizen.record, lambda call: call["state"] in ("ringing", "talking", "ended"), within=REACH, what="offered"
    )
    assert ringing["state"] == "ringing", f"he is {ringing['state']} before anybody answered here"
    seat = hotline.seats[ringing["seat"]]
    call = await seat.rings(within=HEAR)
    while call.ending is not None or not call.caller.uri.startswith(f"sip:{citizen.number}@"):
        call = await seat.rings(within=HEAR)  # those before it were for others
    await call.answer()
    await citizen.call.hears_tone(seat.tone, within=HEAR)
    await citizen.call.hang_up()


async def journal_is_whole(hotline: Hotline) -> Verdict:
    """See that the chain of the journal is whole, as `callcenter journal verify` does."""
    running = hotline.running
    for tries_left in reversed(range(20)):
        with suppress(UnavailableError):  # the hotline writes into it meanwhile
            verdict = await verify(running.database_url, running.folder / "spool")
            if verdict.is_whole or not tries_left:
                break
        await asyncio.sleep(0.2)
    else:
        raise AssertionError("the journal cannot be read")
    assert verdict.is_whole, f"the journal is not whole: {verdict}"
    assert not verdict.out_of_order, f"entries out of order: {verdict.out_of_order}"
    return verdict


async def nothing_is_left(hotline: Hotline) -> None:
    """Wait until nothing of any call is left in Asterisk, in the hotline, on the disk and among the processes."""

    async def read() -> Json:
        seats = await hotline.api.all_of("seats")
        return {
            "channels": await channels(hotline.running.folder),
            "calls": [call["state"] for call in await hotline.live_calls()],
            "seats": [
                seat["extension"] for seat in seats if seat["call_id"] or seat["state"] in ("ringing", "talking")
            ],
        }

    await hotline.until_true(read, lambda left: not any(left.values()), within=SETTLE, what="free of every call")
    await hotline.no_leftovers()


def moment(text: str) -> datetime:
    """Read a time of the API."""
    return datetime.fromisoformat(text)


async def _only_call_of(hotline: Hotline, number: str) -> str:
    async def read() -> Json:
        return {"calls": await hotline.api.all_of("calls", caller=number)}

    found = await hotline.until_true(read, lambda now: bool(now["calls"]), within=SETTLE, what="known")
    assert len(found["calls"]) == 1, f"one caller's call is there {len(found['calls'])} times"
    return str(found["calls"][0]["id"])


async def _ended_as(hotline: Hotline, call_id: str, expected: Expected) -> Json:
    """Wait until the call is over with all that belongs to it; it must have ended in one of these ways."""
    outcomes = {expected} if isinstance(expected, str) else set(expected)

    async def read() -> Json:
        return await hotline.api.get(f"calls/{call_id}")

    def settled(call: Json) -> bool:
        recording = call["recording"]
        return (
            call["state"] == "ended"
            and all(leg["state"] == "ended" for leg in call["legs"])
            and (recording is None or recording["state"] != "recording")
            and (call["t4"] is None or call["ticket_id"] is not None)
        )

    call = await hotline.until_true(read, settled, within=SETTLE, what="over and settled")
    assert not outcomes or call["outcome"] in outcomes, f"it ended as {call['outcome']}, not {sorted(outcomes)}"
    assert call["recording"] is None or call["recording"]["state"] in ("kept", "missing"), call["recording"]
    stamps = [moment(call[name]) for name in ("t0", "t1", "t2", "t3", "t4", "t5") if call[name] is not None]
    ordered = [stamp for stamp in stamps if stamp != (call["t1"] and moment(call["t1"]))]
    assert ordered == sorted(ordered), "t0 to t5 do not stand in order"
    return call


async def _written_once(hotline: Hotline, call: Json) -> None:
    """The journal tells of it in order, with one arrival and one end, which is the one that is shown."""
    entries = await hotline.api.all_of(f"calls/{call['id']}/journal")
    kinds = Counter(entry["kind"] for entry in entries)
    assert kinds["call.arrived"] == 1, f"it arrived {kinds['call.arrived']} times"
    assert kinds["call.ended"] == 1, f"it ended {kinds['call.ended']} times"
    numbers = [entry["seq"] for entry in entries]
    assert numbers == sorted(set(numbers)), "an entry is there twice"
    times = [entry["time"] for entry in entries]
    told = [(entry["seq"], entry["time"], entry["kind"], entry["recovered"]) for entry in entries]
    assert times == sorted(times), f"the journal of a call is out of order: {told}"
    end = next(entry for entry in entries if entry["kind"] == "call.ended")
    assert end["data"]["outcome"] == call["outcome"], "the journal and the call tell different ends"
