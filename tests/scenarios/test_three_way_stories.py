"""Talks of three that go a long way: consults, holds, an operator who leaves and comes back. Each with its table.

All phones' RTP timestamps begin far apart, the call is recorded and each leg tapped: a phone that can go deaf does.
"""

import asyncio
import time
from datetime import UTC, datetime

import pytest

from scripts.hotline_client import ProblemError
from scripts.phones.hearing import HEARS_NOT
from scripts.phones.sound import SENT_AMPLITUDE
from scripts.phones.tones import PIECE_SAMPLES, SAMPLE_RATE, amplitude_of
from tests.support.hotline import Hotline
from tests.support.recordings import read_recording
from tests.support.three_way import SEATS, UNIT_TONE, Talk, switchroom
from tests.support.three_way_rules import State, picture_of
from tests.support.who_hears_whom import MUSIC

TWO = {"caller": {"seat"}, "seat": {"caller"}}
THREE = picture_of(State.JOINED).hears()
CONSULT = picture_of(State.CONSULT).hears()
AWAY = picture_of(State.AWAY).hears()


@pytest.mark.timeout(90)
async def test_the_caller_gets_not_one_piece_of_a_private_consult(roomy: Hotline) -> None:
    async with switchroom(roomy) as room, room.talk() as talk:
        await talk.calls_the_unit(private=True)
        await talk.leg_is("ringing")
        await talk.hear("the unit rings", TWO)
        answered = time.monotonic()
        await talk.unit_answers()
        await talk.leg_is("private", outcome="answered")
        assert [leg["state"] for kind in ("caller", "seat") for leg in await talk.legs(kind)] == ["held", "private"]
        consulting = time.monotonic()
        await talk.hear("consult", CONSULT)
        await asyncio.sleep(2)  # as long as they have something to say
        await talk.hear("still in consult", CONSULT)
        joining = time.monotonic()
        talk.table.never("caller", "unit", between=(answered, joining))
        talk.table.never("caller", "seat", between=(consulting, joining))
        talk.table.never("unit", "caller", between=(consulting, joining))
        talk.table.never("seat", "caller", between=(consulting, joining))

        await talk.unit_is_to("join")
        await talk.leg_is("joined")
        await talk.hear("joined", THREE)
        again = time.monotonic()
        await talk.unit_is_to("consult")
        await talk.hear("consult again", CONSULT)
        talk.table.never("caller", "unit", between=(again + 1.0, time.monotonic()))
        await talk.unit_is_to("drop")
        await talk.hear("the unit is dropped", TWO)
        await _all_hang_up(talk)


@pytest.mark.timeout(90)
async def test_a_consult_is_neither_recorded_nor_noted(roomy: Hotline) -> None:
    """All say their tones without pause, which are words to this hotline's recogniser."""
    async with switchroom(roomy) as room, room.talk() as talk:
        await talk.citizen.until("notes.changed", within=5, state="live")
        await talk.calls_the_unit(private=True)
        await talk.unit_answers()
        await talk.leg_is("private", outcome="answered")
        began = datetime.now(UTC)
        await talk.hear("consult", CONSULT)
        await asyncio.sleep(3)
        ended = datetime.now(UTC)
        await talk.unit_is_to("drop")
        await talk.hear("the unit is dropped", TWO)
        await _all_hang_up(talk)
        await talk.citizen.until("recording.changed", within=10, state="kept")
        await talk.citizen.until("notes.changed", within=10, state="complete")
        record = await talk.record()
        _, right = read_recording(await roomy.api.recording(talk.citizen.id))

    zero = datetime.fromisoformat(record["recording"]["started"])
    since = round(((began - zero).total_seconds() - 1) * SAMPLE_RATE)  # what a machine says before has many tones
    pieces = [right[at : at + PIECE_SAMPLES] for at in range(since, len(right) - PIECE_SAMPLES, PIECE_SAMPLES)]
    loudest = max(amplitude_of(UNIT_TONE, piece) for piece in pieces) / SENT_AMPLITUDE
    roomy.tells(f"of the unit the recording holds {loudest:.3f} of what it said")
    assert loudest < HEARS_NOT
    consult = ((began - zero).total_seconds() + 0.5, (ended - zero).total_seconds() - 0.5)
    roomy.tells(f"consult {consult}, noted {[(u['side'], u['start'], u['end']) for u in record['utterances']]}")
    of_seat = [words for words in record["utterances"] if words["side"] == "seat"]
    assert of_seat, "what the operator said to the caller is noted"
    assert all(words["end"] <= consult[0] or words["start"] >= consult[1] for words in of_seat)
    assert {words["side"] for words in record["utterances"]} <= {"caller", "seat"}


@pytest.mark.timeout(90)
async def test_nobody_goes_deaf_whoever_leaves_and_returns(roomy: Hotline) -> None:
    """One talk through every change of who is in it, up to two units after each other."""
    async with switchroom(roomy) as room, room.talk() as talk:
        await talk.joined()
        await talk.hear("a unit joins", THREE)
        await talk.seat_is_to("leave")
        await talk.hear("the operator leaves", AWAY)
        await talk.seat_is_to("return")
        await talk.hear("the operator returns", THREE)
        assert talk.at_unit is not None
        await talk.at_unit.hang_up()
        await talk.leg_is("ended", outcome="answered")
        await talk.hear("the unit hangs up", TWO)

        await talk.joined(private=True)
        await talk.hear("the unit is asked alone", CONSULT)
        await talk.unit_is_to("join")
        await talk.hear("it joins", THREE)
        await talk.hold()
        await talk.hear("hold", picture_of(State.HELD).hears())
        await talk.resume()
        await talk.hear("resumed", THREE)
        await talk.seat_is_to("leave")
        await talk.hear("the operator leaves again", AWAY)
        await talk.unit_is_to("drop")
        await talk.hear("the unit is dropped, the operator is back", TWO)
        assert [leg["outcome"] for leg in await talk.legs("unit")] == ["answered", "answered"]
        await _all_hang_up(talk)


@pytest.mark.timeout(90)
async def test_music_is_heard_only_by_a_caller_who_is_alone_on_hold(roomy: Hotline) -> None:
    on_hold: dict[str, set[str]] = {"caller": {MUSIC}, "seat": set()}
    async with switchroom(roomy) as room, room.talk() as talk:
        await talk.hold()
        await talk.hear("on hold, alone", on_hold)
        await talk.joined()
        await talk.hear("a unit joins during the hold", picture_of(State.HELD).hears())
        assert len((await talk.record())["legs"]) == 3, "music is no party"
        await talk.unit_is_to("drop")
        await talk.hear("it is dropped: alone again", on_hold)
        await talk.resume()
        await talk.hear("resumed", TWO)
        await _all_hang_up(talk)


@pytest.mark.timeout(90)
async def test_a_seat_that_was_left_takes_its_next_call_and_then_returns(roomy: Hotline) -> None:
    async with switchroom(roomy, seats=SEATS[:1]) as room, room.talk() as talk:
        await talk.joined()
        await talk.hear("joined", THREE)
        await talk.seat_is_to("leave")
        await talk.at_seat.hang_up()
        await talk.hear("the operator has left and hung up", picture_of(State.GONE).hears())
        await talk.seat.is_("ready", within=5)

        async with room.talk() as other:
            await talk.hear("his seat serves another", picture_of(State.GONE).hears())
            with pytest.raises(ProblemError, match="409") as refused:
                await talk.seat_is_to("return")
            roomy.tells(f"he cannot return from another call: {refused.value.problem['detail']}")
            await _all_hang_up(other)
        await talk.seat.is_("ready", within=5)

        await talk.seat_is_to("return")
        talk.at_seat = await talk.seat.rings(within=5)
        talk.table.listens("seat", talk.at_seat)
        await talk.hear("his phone rings again", picture_of(State.GONE).hears())
        await talk.at_seat.answer()
        await talk.hear("he is back", THREE)
        assert (await talk.seat.record())["state"] == "talking"
        await _all_hang_up(talk)


async def _all_hang_up(talk: Talk) -> None:
    print(talk.table)
    await talk.citizen.call.hang_up()
    over = await talk.nobody_is_left()
    assert over["outcome"] == "answered"
    print("  legs:", ", ".join(f"{leg['kind']} {leg['outcome']}" for leg in over["legs"]))
