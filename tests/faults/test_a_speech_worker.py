"""A speech worker dies, hangs, or is too slow: nobody on the line notices, and the words are made afterwards."""

import asyncio
import os
import signal
import time

from scripts.phones.call import Call
from tests.faults.busy_hour import until_health
from tests.faults.closing_look import InTalk, closing_look, still_talk
from tests.faults.results import TellResult
from tests.support.hotline import Citizen, Hotline
from tests.support.strained_hotline import StrainedHotline
from tests.support.tone_recogniser import SLOWS, spoken

BACK = 15.0  # seconds until another worker has its model, or the same one has caught up


async def words(hotline: Hotline) -> tuple[Citizen, Call]:
    """A talk whose words are looked at."""
    seat = await hotline.seat("8001", tone=None)
    citizen = await hotline.caller_dials(tone=None)
    talk = await seat.rings(within=10)
    await talk.answer()
    await citizen.until("notes.changed", within=10, state="live")
    await talk.speaks(spoken("天地", after=0.5, seconds=1.6))
    await citizen.until("utterance.final", within=5, side="seat", text="天地")
    return citizen, talk


async def neighbours(hotline: Hotline) -> InTalk:
    """A talk beside it, of two who must hear each other all the time."""
    seat = await hotline.seat("8002")
    citizen = await hotline.caller_dials()
    talk = await seat.rings(within=10)
    await talk.answer()
    beside = InTalk(citizen, seat, talk)
    await still_talk(beside)
    return beside


async def noted(citizen: Citizen) -> list[tuple[str, str, bool]]:
    """Wait until all notes are made; gives side, words, and whether they were heard live."""
    await citizen.until("notes.changed", within=40, state="complete")
    record = await citizen.record()
    return [(each["side"], each["text"], each["live"]) for each in record["utterances"]]


async def gaps_told(*citizens: Citizen) -> list[str]:
    """Give whose words the journal says were not heard live."""
    entries = [entry for citizen in citizens for entry in await citizen.journal() if entry["kind"] == "notes.changed"]
    return [gap["side"] for entry in entries for gap in entry["data"]["notes"]["gaps"]]


async def test_another_worker_takes_over_from_one_that_is_killed_or_hangs_and_no_word_is_missing(
    strained: Hotline, strained_hotline: StrainedHotline, tell_result: TellResult
) -> None:
    citizen, talk = await words(strained)
    beside = await neighbours(strained)
    for fault, how, text in (("is killed", signal.SIGKILL, "山水风"), ("hangs (SIGSTOP)", signal.SIGSTOP, "春夏秋")):
        since = strained.events.now
        speaking = asyncio.ensure_future(citizen.call.speaks(spoken(text, after=0.1, seconds=2.0)))
        await citizen.until("utterance.partial", within=5, since=since, side="caller")

        pids = strained_hotline.workers()
        began = time.monotonic()
        for pid in pids:
            os.kill(pid, how)
        noticed, said = await until_health(strained, "speech", "degraded", within=8)
        assert "workers are away" in said
        await still_talk(beside)
        await speaking
        await until_health(strained, "speech", "ok", within=BACK)
        back = time.monotonic() - began
        assert not set(pids) & set(strained_hotline.workers()), "the old one is gone"
        tell_result(
            fault=f"a speech worker {fault}",
            what="two talks, one of them in the middle of a sentence",
            figures={"on /health after": f"{noticed:.1f} s", "heard again after": f"{back:.1f} s", "words missing": 0},
        )
    await talk.speaks(spoken("木金", after=0.5, seconds=2.0))
    await citizen.until("utterance.final", within=8, side="seat", text="木金")

    await citizen.call.hang_up()
    assert await noted(citizen) == [
        ("seat", "天地", True),
        ("caller", "山水风", False),
        ("caller", "春夏秋", False),
        ("seat", "木金", True),
    ]
    assert "caller" in await gaps_told(citizen)
    await closing_look(strained, talking=[beside], ended={citizen: "answered"})


async def test_a_worker_that_does_not_keep_up_lets_a_voice_go_and_its_words_are_made_afterwards(
    strained: Hotline, strained_hotline: StrainedHotline, tell_result: TellResult
) -> None:
    citizen, talk = await words(strained)
    beside = await neighbours(strained)
    pids = strained_hotline.workers()

    await citizen.call.speaks(spoken(f"{SLOWS}山水风", after=0.1, seconds=2.0))
    noticed, said = await until_health(strained, "speech", "degraded", within=12)
    await still_talk(beside)
    back, _ = await until_health(strained, "speech", "ok", within=30)
    assert strained_hotline.workers() == pids, "it is slow, not dead: it goes on"
    await talk.speaks(spoken("木金", after=1.0, seconds=2.5))
    await citizen.until("utterance.final", within=8, side="seat", text="木金")

    await citizen.call.hang_up()
    said_by_whom = [(side, text) for side, text, _ in await noted(citizen)]
    assert said_by_whom == [("seat", "天地"), ("caller", f"{SLOWS}山水风"), ("seat", "木金")]
    await closing_look(strained, talking=[beside], ended={citizen: "answered"})
    assert await gaps_told(citizen, beside.citizen), "a voice was let go, and that is said"
    tell_result(
        fault="a speech worker is slower than people speak",
        what="two talks of four voices, for 8 s",
        figures={
            "on /health after": f"{noticed:.1f} s",
            "as": said.split(":")[0],
            "in time again": f"{back:.1f} s later",
        },
    )
