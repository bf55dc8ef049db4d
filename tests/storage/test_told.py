"""The facts of a period, as the figures ask for them."""

from datetime import timedelta

from callcenter.domain.facts import CallEnded, ClockStepped, SeatChanged, UtteranceHeard
from callcenter.domain.seats import SeatState
from callcenter.storage.journal import Journal
from callcenter.storage.store import Store
from callcenter.storage.told import Told
from tests.support.stores import NOON, Database, Teller, new_call_id, seat, utterance, whole_call, writing

HOUR = timedelta(hours=1)


async def test_calls_of_a_period_are_told_whole_and_without_their_words(db: Database) -> None:
    early, within, late = new_call_id(), new_call_id(), new_call_id()
    async with writing(Journal(db.url, db.folder)) as journal:
        teller = Teller(journal)
        teller.tell(*whole_call(early, at=NOON - HOUR))
        teller.tell(*whole_call(within, at=NOON + HOUR - timedelta(seconds=1)))  # ends after the period
        teller.tell(UtteranceHeard(at=NOON + HOUR, call_id=within, utterance=utterance(1)))
        teller.tell(*whole_call(late, at=NOON + HOUR))
    store = Store(db.url)

    told = await Told(store).of_calls(begins=NOON, ends=NOON + HOUR)

    await store.close()
    facts = [each.fact for each in told]
    assert {fact.call_id for fact in facts} == {within}
    assert isinstance(facts[-1], CallEnded)
    assert not any(isinstance(fact, UtteranceHeard) for fact in facts)


async def test_each_seat_is_told_as_it_was_at_the_beginning_and_as_it_changed(db: Database) -> None:
    def changed(extension: str, hours: float, state: SeatState) -> SeatChanged:
        at = NOON + hours * HOUR
        return SeatChanged(at=at, seat=seat(extension, at=at, state=state))

    async with writing(Journal(db.url, db.folder)) as journal:
        Teller(journal).tell(
            changed("8001", -9, SeatState.READY),
            changed("8002", -5, SeatState.READY),
            changed("8001", -3, SeatState.BREAK),
            changed("8002", 0.5, SeatState.OFFLINE),
            changed("8003", 0.6, SeatState.READY),
            changed("8001", 2, SeatState.READY),
        )
    store = Store(db.url)

    told = await Told(store).of_seats(begins=NOON, ends=NOON + HOUR)
    facts = [each.fact for each in told if isinstance(each.fact, SeatChanged)]

    await store.close()
    assert [(fact.seat.extension, fact.seat.state) for fact in facts] == [
        ("8002", SeatState.READY),
        ("8001", SeatState.BREAK),
        ("8002", SeatState.OFFLINE),
        ("8003", SeatState.READY),
    ]


async def test_steps_of_the_clock_are_told_since_the_oldest_state_of_a_seat(db: Database) -> None:
    def stepped(hours: float) -> ClockStepped:
        return ClockStepped(at=NOON + hours * HOUR, seconds=60.0, taken_over=True)

    async with writing(Journal(db.url, db.folder)) as journal:
        Teller(journal).tell(
            stepped(-10),
            SeatChanged(at=NOON - 9 * HOUR, seat=seat("8001", at=NOON - 9 * HOUR, state=SeatState.READY)),
            stepped(-8),
            SeatChanged(at=NOON - 7 * HOUR, seat=seat("8002", at=NOON - 7 * HOUR, state=SeatState.READY)),
            stepped(0.5),
            stepped(2),
        )
    store = Store(db.url)

    told = await Told(store).of_seats(begins=NOON, ends=NOON + HOUR)

    await store.close()
    steps = [each.fact.at for each in told if isinstance(each.fact, ClockStepped)]
    assert steps == [NOON - 8 * HOUR, NOON + 0.5 * HOUR]
