"""Plays the cells of three_way_rules.py on a running hotline, several at a time, and holds each against its rule."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from scripts.hotline_client import ProblemError
from scripts.phones.phone import is_busy, is_dumb, rings
from tests.support.hotline import visit
from tests.support.running_hotline import RunningHotline
from tests.support.three_way import SHORTEST_RING, Switchroom, Talk, switchroom
from tests.support.three_way_rules import Act, Cell, Room, State, picture_of

AT_ONCE = 4
"""Talks at the same time; there are eight seats, and one in the line again finds a free one."""

_CELL_SECONDS = 60.0


@dataclass(slots=True)
class Played:
    """How a cell went."""

    cell: Cell
    story: list[str] = field(default_factory=list)
    failure: BaseException | None = None

    def tells(self, line: str) -> None:
        """Note one line of the story."""
        self.story.append(line)


async def play_all(running: RunningHotline, cells: Sequence[Cell]) -> dict[Cell, Played]:
    """Play these cells; a failure of one is noted with it and keeps none of the others from being played."""
    played = {cell: Played(cell) for cell in cells}
    places = asyncio.Semaphore(AT_ONCE)

    async def one(room: Switchroom, of: Played) -> None:
        async with places:
            try:
                async with asyncio.timeout(_CELL_SECONDS):
                    await _play(room, of)
            except Exception as failure:  # noqa: BLE001 - raised by the test of this cell
                of.failure = failure

    async with visit(running) as hotline, switchroom(hotline) as room:
        await asyncio.gather(*(one(room, of) for of in played.values()))
    return played


async def _play(room: Switchroom, of: Played) -> None:
    cell = of.cell
    async with room.talk() as talk:
        try:
            await _BRING_ABOUT[cell.state](talk, cell.act)
            if cell.act not in (Act.UNIT_BUSY, Act.UNIT_DUMB):
                await talk.hear(cell.state, picture_of(cell.state).hears())
            await _DO[cell.act](talk)
            await _is_as_expected(talk, cell)
        finally:
            of.tells(str(talk.table))
            with suppress(ProblemError):  # where it is over already
                await talk.is_ended_by_the_api()
    legs = (await talk.record())["legs"]
    of.tells("  legs: " + ", ".join(f"{leg['kind']} {leg['outcome']}" for leg in legs))


async def _is_as_expected(talk: Talk, cell: Cell) -> None:
    after = cell.after
    if after.unit is Room.GONE:
        ended = await talk.leg_is("ended", within=SHORTEST_RING + 4)
        assert ended["outcome"] == cell.unit_outcome
    if not after.is_over:
        await talk.hear(cell.act, after.hears())
        if cell.state in (State.RINGING, State.RINGING_PRIVATELY):
            jumps = talk.citizen.call.heard.deafening(since=talk.began)
            assert jumps == [], f"the talk was interrupted: {jumps}"
        state = (await talk.record())["state"]
        assert state in ({"queued", "ringing"} if after.caller is Room.LINE else {"talking"})
        if after.seat is Room.GONE:
            await talk.seat_is_free()
        assert cell.then is not None
        await _DO[cell.then](talk)
    over = await talk.nobody_is_left()
    if after.caller is not Room.LINE:
        assert over["outcome"] == "answered"
    assert all(leg["ended"] is not None for leg in over["legs"])
    [unit] = [leg for leg in over["legs"] if leg["kind"] == "unit"]
    assert unit["outcome"] == cell.unit_outcome
    times = [unit[name] for name in ("started", "answered", "joined", "ended") if unit[name] is not None]
    assert times == sorted(times)
    assert (unit["answered"] is None) is (unit["outcome"] != "answered")
    await talk.seat_is_free()


# ---- how each state comes about


async def _rings(talk: Talk, act: Act, *, private: bool = False) -> None:
    reaction = {Act.UNIT_BUSY: is_busy, Act.UNIT_DUMB: is_dumb}.get(act, rings)
    await talk.calls_the_unit(private=private, reaction=reaction)
    if reaction is rings:
        await talk.leg_is("ringing")


async def _rings_privately(talk: Talk, act: Act) -> None:
    await _rings(talk, act, private=True)


async def _joined(talk: Talk, _: Act) -> None:
    await talk.joined()


async def _held(talk: Talk, act: Act) -> None:
    await _joined(talk, act)
    await talk.hold()


async def _consult(talk: Talk, _: Act) -> None:
    await talk.joined(private=True)


async def _consulted(talk: Talk, act: Act) -> None:
    await _consult(talk, act)
    await talk.hear(State.CONSULT, picture_of(State.CONSULT).hears())
    await talk.unit_is_to("join")
    await talk.leg_is("joined")


async def _away(talk: Talk, act: Act) -> None:
    await _joined(talk, act)
    await talk.seat_is_to("leave")
    assert (await talk.seat.record())["state"] == "talking"  # while its phone is kept


async def _back(talk: Talk, act: Act) -> None:
    await _away(talk, act)
    await talk.hear(State.AWAY, picture_of(State.AWAY).hears())
    await talk.seat_is_to("return")


async def _gone(talk: Talk, act: Act) -> None:
    await _away(talk, act)
    await talk.at_seat.hang_up()
    await talk.seat_is_free()


_BRING_ABOUT: dict[State, Callable[[Talk, Act], Awaitable[None]]] = {
    State.RINGING: _rings,
    State.RINGING_PRIVATELY: _rings_privately,
    State.JOINED: _joined,
    State.HELD: _held,
    State.CONSULT: _consult,
    State.CONSULTED: _consulted,
    State.AWAY: _away,
    State.BACK: _back,
    State.GONE: _gone,
}


# ---- what somebody does


async def _caller_hangs_up(talk: Talk) -> None:
    await talk.citizen.call.hang_up()


async def _seat_hangs_up(talk: Talk) -> None:
    await talk.at_seat.hang_up()


async def _unit_hangs_up(talk: Talk) -> None:
    assert talk.at_unit is not None
    await talk.at_unit.hang_up()


async def _unit_declines(talk: Talk) -> None:
    assert talk.at_unit is not None
    talk.at_unit.refuse(603)


async def _dropped(talk: Talk) -> None:
    await talk.unit_is_to("drop")


async def _ended(talk: Talk) -> None:
    await talk.is_ended_by_the_api()


async def _nothing(_: Talk) -> None:
    """Its phone does it, or does not, by itself."""


_DO: dict[Act, Callable[[Talk], Awaitable[None]]] = {
    Act.CALLER_HANGS_UP: _caller_hangs_up,
    Act.SEAT_HANGS_UP: _seat_hangs_up,
    Act.UNIT_HANGS_UP: _unit_hangs_up,
    Act.UNIT_BUSY: _nothing,
    Act.UNIT_DECLINES: _unit_declines,
    Act.UNIT_SILENT: _nothing,
    Act.UNIT_DUMB: _nothing,
    Act.DROPPED: _dropped,
    Act.ENDED: _ended,
}
