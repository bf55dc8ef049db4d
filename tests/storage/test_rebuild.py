from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callcenter.domain.calls import Leg, LegKind, LegState, Outcome, Recording, RecordingState
from callcenter.domain.facts import (
    AlarmRaised,
    CallArrived,
    CallDigits,
    CallEnded,
    CallHeld,
    CallMissed,
    CallQueued,
    CallRequeued,
    CallResumed,
    CallRinging,
    CallTalking,
    CallVoice,
    Fact,
    LegChanged,
    NotesChanged,
    RecordingChanged,
    SeatChanged,
    SeatLeft,
    SeatReturned,
    SecretChanged,
    TicketChanged,
    UtteranceHeard,
)
from callcenter.domain.ids import CallId, LegId, TicketId
from callcenter.domain.notes import Gap, Notes, NotesState, Side, Utterance, UtteranceId
from callcenter.domain.seats import SeatState
from callcenter.storage.journal import Journal
from callcenter.storage.rebuild import rebuild
from callcenter.storage.seats import Seats
from callcenter.storage.store import Store
from callcenter.storage.verify import verify
from tests.support.stores import (
    NOON,
    POSTGRES,
    Database,
    Teller,
    database,
    made,
    new_call_id,
    reading,
    seat,
    whole_call,
    words_of,
    writing,
)

PROJECTIONS = ("calls", "legs", "utterances", "recordings", "callers", "seats")
CALLS = [CallId(f"7c1b0d64-0000-4000-8000-00000000000{n}") for n in range(3)]


async def test_what_is_rebuilt_equals_what_was_there_in_every_table(db: Database) -> None:
    async with writing(Journal(db.url, db.folder)) as journal:
        teller = Teller(journal)
        for number in range(20):
            caller = None if number % 5 == 0 else f"1380000000{number % 3}"
            teller.tell(*whole_call(new_call_id(), at=NOON + timedelta(minutes=number), caller=caller))
            teller.tell(*words_of(list(teller.calls)[-1], number))
        teller.tell(*whole_call(new_call_id(), ends=False), SeatChanged(at=NOON, seat=seat("8003")))
    await db.run("INSERT INTO units (id, name, number, parent, active) VALUES ('u', '城管委', '1', NULL, true)")
    before = await db.rows()
    assert all(before[name] for name in PROJECTIONS)

    for name in ("legs", "utterances", "recordings", "callers", "seats"):
        await db.run(f"DELETE FROM {name}")
    await db.run("UPDATE calls SET caller = 'wrong', t5 = NULL")
    done = await rebuild(db.url)

    assert await db.rows() == before
    assert (done.calls, done.seats, done.unreadable) == (21, 1, 0)


async def test_what_cannot_be_read_is_counted_and_the_rest_is_rebuilt(db: Database) -> None:
    first, second = new_call_id(), new_call_id()
    async with writing(Journal(db.url, db.folder)) as journal:
        Teller(journal).tell(*whole_call(first), *whole_call(second))
    await db.run("UPDATE journal SET kind = 'call.of_tomorrow' WHERE seq IN (1, 15)")

    done = await rebuild(db.url)

    assert [row[0] for row in (await db.rows())["calls"]] == [second]
    assert done.unreadable == 3  # two entries, and the call that has no arrival any more


async def test_the_hotline_goes_on_while_its_tables_are_rebuilt(db: Database) -> None:
    journal = Journal(db.url, db.folder, retry_seconds=0.05)
    async with writing(journal):
        teller = Teller(journal)
        for _ in range(30):
            teller.tell(*whole_call(new_call_id()))
        await rebuild(db.url)
        teller.tell(*whole_call(new_call_id()))
        assert await journal.flush(20.0)

    before = await db.rows()
    await rebuild(db.url)
    assert await db.rows() == before
    assert len(before["calls"]) == 31


def _leg(number: int, state: LegState) -> Leg:
    return Leg(
        id=LegId(f"leg-{number}"),
        kind=LegKind.SEAT,
        party=f"800{number}",
        number=None,
        state=state,
        started=NOON,
        ended=NOON if state is LegState.ENDED else None,
    )


def _of_call(call_id: CallId) -> st.SearchStrategy[Fact]:
    at = st.timedeltas(timedelta(), timedelta(hours=1)).map(lambda after: NOON + after)
    legs = st.integers(1, 3)
    of = st.just(call_id)
    seats = st.sampled_from(["8001", "8002"])
    keys = st.text("0123456789*#", max_size=40)
    ids = legs.map(lambda number: LegId(f"leg-{number}"))
    recovered = st.booleans()
    recordings = st.builds(
        Recording,
        state=st.sampled_from(RecordingState),
        started=st.none() | at,
        seconds=st.none() | st.floats(0, 1e6, allow_nan=False),
    )
    words = st.builds(
        Utterance,
        id=st.sampled_from(["u1", "u2", "u3"]).map(UtteranceId),
        side=st.sampled_from(Side),
        leg_id=ids,
        start=st.sampled_from([0.0, 0.1, 2.5]),
        end=st.sampled_from([2.5, 1 / 3, 1e4]),
        text=st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=8),
        heard=st.none() | st.just("幺二三四五"),
        confidence=st.none() | st.floats(0, 1),
        live=st.booleans(),
    )
    gaps = st.builds(Gap, side=st.sampled_from(Side), leg_id=ids, start=st.floats(0, 9), end=st.floats(9, 99))
    notes = st.builds(Notes, state=st.sampled_from(NotesState), gaps=st.lists(gaps, max_size=3).map(tuple))
    return st.one_of(
        st.builds(SeatLeft, at=at, call_id=of, seat=seats, leg_id=ids),
        st.builds(SeatReturned, at=at, call_id=of, seat=seats, leg_id=ids),
        st.builds(SecretChanged, at=at, call_id=of, on=st.booleans()),
        st.builds(UtteranceHeard, at=at, call_id=of, utterance=words),
        st.builds(NotesChanged, at=at, call_id=of, notes=notes),
        st.builds(CallVoice, at=at, call_id=of, recovered=recovered),
        st.builds(CallDigits, at=at, call_id=of, node=st.text(max_size=8), digits=keys),
        st.builds(CallQueued, at=at, call_id=of, queue=st.just("hotline")),
        st.builds(CallRinging, at=at, call_id=of, seat=seats, leg_id=ids),
        st.builds(CallMissed, at=at, call_id=of, seat=seats, leg_id=ids),
        st.builds(CallTalking, at=at, call_id=of, seat=seats, leg_id=ids),
        st.builds(CallHeld, at=at, call_id=of),
        st.builds(CallResumed, at=at, call_id=of),
        st.builds(CallRequeued, at=at, call_id=of, reason=st.text(max_size=8)),
        st.builds(LegChanged, at=at, call_id=of, leg=st.builds(_leg, legs, st.sampled_from(LegState))),
        st.builds(RecordingChanged, at=at, call_id=of, recording=recordings),
        st.builds(TicketChanged, at=at, call_id=of, ticket_id=st.just(TicketId("t"))),
        st.builds(
            CallEnded,
            at=at,
            call_id=of,
            outcome=st.sampled_from(Outcome),
            ended_by=st.just("caller"),
            where=st.just("ivr"),
            waited_ms=st.none() | st.integers(0, 10**7),
        ),
    )


_ELSEWHERE: st.SearchStrategy[Fact] = st.one_of(
    st.builds(
        SeatChanged,
        at=st.just(NOON),
        seat=st.builds(
            lambda extension, state, reason: replace(seat(extension, state=state), reason=reason),
            st.sampled_from(["8001", "8002"]),
            st.sampled_from(SeatState),
            st.none() | st.text(max_size=5),
        ),
    ),
    st.builds(AlarmRaised, at=st.just(NOON), name=st.just("x"), detail=st.text(max_size=5)),
)


@st.composite
def _days(draw: st.DrawFn) -> Sequence[Fact]:
    """Facts of some calls and seats, each call's arrival before its other facts, otherwise in any order at all."""
    facts: list[Fact] = [
        CallArrived(at=NOON, call_id=call_id, caller=draw(st.none() | st.just("13800000000"))) for call_id in CALLS
    ]
    one = st.one_of(_ELSEWHERE, *map(_of_call, CALLS))
    return facts + draw(st.lists(one, max_size=40))


@pytest.mark.timeout(300)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(facts=_days(), parts=st.integers(1, 4))
async def test_folding_the_journal_equals_the_live_picture_whatever_happens(facts: Sequence[Fact], parts: int) -> None:
    await _folding_equals_the_live_picture("sqlite", facts, parts)


@pytest.mark.postgres
@pytest.mark.skipif(POSTGRES is None, reason="CALLCENTER_TEST_POSTGRES names no PostgreSQL server")
@pytest.mark.timeout(300)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(facts=_days(), parts=st.integers(1, 4))
async def test_folding_the_journal_equals_the_live_picture_on_postgres_too(facts: Sequence[Fact], parts: int) -> None:
    await _folding_equals_the_live_picture("postgres", facts, parts)


async def _folding_equals_the_live_picture(kind: str, facts: Sequence[Fact], parts: int) -> None:
    with TemporaryDirectory() as folder:
        db = await made(database(kind, Path(folder)))
        try:
            live: dict[CallId, object] = {}
            seats: dict[str, object] = {}
            teller: Teller | None = None
            for part in range(parts):  # restarts in between
                some = facts[len(facts) * part // parts : len(facts) * (part + 1) // parts]
                async with writing(Journal(db.url, db.folder)) as journal:
                    before = teller
                    teller = Teller(journal)
                    if before is not None:
                        teller.calls, teller.seats = before.calls, before.seats
                    teller.tell(*some)
            assert teller is not None
            live |= {CallId(call_id): call for call_id, call in teller.calls.items()}
            seats |= teller.seats

            fresh = Journal(db.url, db.folder)
            await fresh.open()
            async with reading(db, fresh) as calls:
                assert {call_id: await calls.get(call_id) for call_id in CALLS} == live
            store = Store(db.url)
            assert {one.extension: one for one in await Seats(store).last_seen()} == {
                name: replace(one, reason=None if one.reason is None else one.reason.replace("\x00", "\ufffd"))
                for name, one in teller.seats.items()
            }
            await store.close()
            await fresh.close()
            rows = await db.rows()
            await rebuild(db.url)
            assert await db.rows() == rows
            assert (await verify(db.url, db.folder)).is_whole
        finally:
            await db.remove()
