"""Two strict phones call each other: what one does, the other one sees and hears."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.phones.call import Call
from scripts.phones.g711 import PCMA, PCMU
from scripts.phones.hearing import Break
from scripts.phones.outcome import CallEndedError, Ending, Side
from scripts.phones.phone import Phone, answers, declines, is_busy, is_dumb
from scripts.phones.sound import Sound
from scripts.phones.tones import tone
from scripts.phones.waiting import NotInTimeError, eventually
from scripts.phones.wav import read_wav, write_wav

CITIZEN, OPERATOR = 440, 660


@dataclass(frozen=True)
class Pair:
    citizen: Phone
    operator: Phone

    @property
    def uri(self) -> str:
        host, port = self.operator.address
        return f"sip:8001@{host}:{port}"

    async def talk(self) -> tuple[Call, Call]:
        placed = await self.citizen.calls(self.uri, number="13800138000")
        taken = await self.operator.called(within=2)
        await taken.answer()
        await placed.answered(within=2)
        return placed, taken


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    async with (
        Phone("citizen", sound=Sound.tone(CITIZEN)) as citizen,
        Phone("operator", sound=Sound.tone(OPERATOR)) as operator,
    ):
        yield Pair(citizen, operator)


async def test_a_call_rings_is_answered_is_heard_on_both_sides_and_ends(pair: Pair) -> None:
    placed = await pair.citizen.calls(pair.uri, number="13800138000", name='张 "三", 李')
    taken = await pair.operator.called(within=2)
    await placed.rings(within=2)
    assert placed.times.answered is None
    await taken.answer()
    await placed.answered(within=2)
    await asyncio.gather(placed.hears_tone(OPERATOR, within=3), taken.hears_tone(CITIZEN, within=3))
    await placed.hang_up()

    assert await taken.ended(within=2) == Ending(at=taken.ending.at if taken.ending else 0, by=Side.THERE, how="BYE")
    assert (taken.caller.name, taken.dialled) == ('张 "三", 李', "8001")
    assert [status for _, status in placed.responses] == [180, 200]
    assert placed.times.ringing is not None
    assert placed.times.answered is not None
    assert placed.times.invited <= placed.times.ringing <= placed.times.answered
    window = (placed.times.answered + 0.1, placed.times.answered + 0.4)
    assert placed.heard.arrived.tones({CITIZEN, OPERATOR}, between=window) == {OPERATOR}
    assert not placed.heard.deaf_to(OPERATOR, between=window)


async def test_keys_arrive_as_telephone_events_and_by_info(pair: Pair) -> None:
    placed, taken = await pair.talk()

    placed.presses("15#*")
    assert await taken.hears_keys("15#*", within=4) == "15#*"
    await placed.presses_by_info("904")
    assert taken.info_keys == "904"

    # Keys take the place of sound, not its time: behind them the stream goes on as if nothing had been.
    await taken.hears_tone(CITIZEN, within=2)
    assert not [jump for jump in taken.heard.jumps() if jump.kind is Break.SSRC]


async def test_a_held_call_falls_silent_and_comes_back(pair: Pair) -> None:
    placed, taken = await pair.talk()
    await placed.hears_tone(OPERATOR, within=2)

    await taken.hold()
    await placed.hears_no_tone(OPERATOR, within=2)
    assert not placed.line.sends, "a phone put on hold by sendonly still wants to be heard"
    await taken.resume()

    await asyncio.gather(placed.hears_tone(OPERATOR, within=2), taken.hears_tone(CITIZEN, within=2))


@pytest.mark.parametrize(("reaction", "statuses"), [(is_busy, [486]), (declines, [180, 603])], ids=["busy", "declined"])
async def test_a_refusal_says_which(pair: Pair, reaction: object, statuses: list[int]) -> None:
    pair.operator.reaction = is_busy if reaction is is_busy else declines

    placed = await pair.citizen.calls(pair.uri)
    ending = await placed.ended(within=2)

    assert (ending.by, ending.how) == (Side.THERE, str(statuses[-1]))
    assert [status for _, status in placed.responses] == statuses
    with pytest.raises(CallEndedError):
        await placed.answered(within=1)


async def test_a_call_taken_back_while_it_rings_is_cancelled_on_both_sides(pair: Pair) -> None:
    placed = await pair.citizen.calls(pair.uri)
    taken = await pair.operator.called(within=2)
    await placed.rings(within=2)

    await placed.hang_up()

    mine, theirs = await placed.ended(within=2), await taken.ended(within=2)
    assert [(mine.by, mine.how), (theirs.by, theirs.how)] == [(Side.HERE, "CANCEL"), (Side.THERE, "CANCEL")]
    assert not taken.is_up


async def test_an_answer_that_crosses_the_cancel_leaves_no_call_behind(pair: Pair) -> None:
    placed = await pair.citizen.calls(pair.uri)
    taken = await pair.operator.called(within=2)
    await placed.rings(within=2)

    await asyncio.gather(placed.hang_up(), taken.answer())

    await asyncio.gather(placed.ended(within=2), taken.ended(within=2))


async def test_a_dumb_phone_is_not_heard_ringing(pair: Pair) -> None:
    pair.operator.reaction = is_dumb

    placed = await pair.citizen.calls(pair.uri)
    await pair.operator.called(within=2)

    with pytest.raises(NotInTimeError, match="did not ring"):
        await placed.rings(within=0.7)
    assert pair.citizen.seen.count(f"> INVITE {pair.uri} SIP/2.0") == 2, "an unanswered INVITE is said again"


async def test_a_dead_phone_says_nothing_more_and_sends_no_sound(pair: Pair) -> None:
    placed, _ = await pair.talk()
    await placed.hears_tone(OPERATOR, within=2)

    pair.operator.dies()
    await placed.hears_no_tone(OPERATOR, within=2)

    assert placed.is_up
    before = len(pair.citizen.seen)
    ending = asyncio.ensure_future(placed.hang_up())
    await eventually(lambda: len(pair.citizen.seen) >= before + 2, within=2, what="the BYE was not said again")
    assert all(line.startswith("> BYE") for line in pair.citizen.seen[before:])
    ending.cancel()


async def test_spoken_words_arrive_whole_and_can_be_kept(pair: Pair, tmp_path: Path) -> None:
    write_wav(tmp_path / "words.wav", tone(1000, amplitude=8000, seconds=0.5))
    pair.operator.reaction = answers
    pair.citizen.sound = Sound.silence()
    placed = await pair.citizen.calls(pair.uri)
    taken = await pair.operator.called(within=2)
    await placed.answered(within=2)

    await placed.speaks(tmp_path / "words.wav")
    await taken.hears_silence(within=2)

    taken.heard.arrived.write_wav(tmp_path / "heard.wav")
    heard = read_wav(tmp_path / "heard.wav")
    loud = [sample for sample in heard.channels[0] if abs(sample) > 1000]
    assert 0.4 < len(loud) / 8000 / (2 / 3.14159 * 1.45) < 0.6


async def test_phones_agree_on_a_codec_or_refuse(pair: Pair) -> None:
    async with Phone("mu", codecs=(PCMU,), reaction=answers) as mu, Phone("a", codecs=(PCMA,)) as a:
        host, port = mu.address
        both = await pair.citizen.calls(f"sip:1@{host}:{port}")
        await both.answered(within=2)
        await (await mu.called(within=1)).hears_tone(CITIZEN, within=2)
        assert {packet.payload_type for packet in mu.calls_taken[0].heard.sounds} == {0}

        none = await a.calls(f"sip:1@{host}:{port}")
        assert (await none.ended(within=2)).how == "488"


async def test_a_request_of_another_call_changes_nothing(pair: Pair) -> None:
    placed, taken = await pair.talk()
    host, port = pair.operator.address

    stranger = "\r\n".join(
        [
            f"BYE sip:8001@{host}:{port} SIP/2.0",
            "Via: SIP/2.0/UDP 127.0.0.1:1;rport;branch=z9hG4bKx",
            f"From: <sip:13800138000@127.0.0.1>;tag={taken.dialog.remote_tag}",
            f"To: <sip:8001@127.0.0.1>;tag={taken.dialog.local_tag}",
            "Call-ID: another",
            "CSeq: 9 BYE",
            "",
            "",
        ]
    )
    pair.citizen.sends_raw(stranger.encode(), f"{host}:{port}")
    pair.citizen.sends_raw(b"no SIP at all\r\n\r\n", f"{host}:{port}")
    await eventually(lambda: len(pair.operator.malformed) == 1, within=2, what="the nonsense was not noticed")

    assert "> SIP/2.0 481 Call/Transaction Does Not Exist" in pair.operator.seen
    assert placed.is_up
    assert taken.is_up
