from dataclasses import dataclass, replace

import pytest

from callcenter.domain.calls import Outcome, RecordingState
from callcenter.domain.ids import CallId
from callcenter.domain.records import Stretches
from callcenter.domain.telephony import LinkLost, LinkRestored
from callcenter.office import recordings as keeping
from callcenter.office.recordings import RecordingKeeper
from tests.support.office_fakes import CALL, FakeCalls, FakeRecordings, Office, an_office, eventually, running


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(keeping, "CLOSE_SECONDS", 0.001)
    monkeypatch.setattr(keeping, "RETRY_SECONDS", 0.02)


def a_keeper(office: Office, recordings: FakeRecordings, calls: FakeCalls | None = None) -> RecordingKeeper:
    return RecordingKeeper(
        recordings,  # type: ignore[arg-type]  # only what keeping needs
        calls or FakeCalls(),  # type: ignore[arg-type]
        office.switchboard,
        clock=office.clock,
        minimum_free_bytes=10**9,
        retention_days=None,
    )


def state_of(office: Office, call_id: CallId = CALL) -> RecordingState | None:
    call = office.switchboard.exchange.call(call_id)
    return None if call is None or call.recording is None else call.recording.state


async def test_the_recording_of_an_ended_call_is_kept_with_its_length() -> None:
    office, recordings = an_office(), FakeRecordings(sizes={CALL: 64_000})
    keeper = a_keeper(office, recordings)

    async with running(keeper.run):
        office.a_caller_waits()
        office.the_seat_answers()
        office.the_caller_hangs_up()
        await eventually(lambda: state_of(office) is RecordingState.KEPT)

    call = office.switchboard.exchange.call(CALL)
    assert call is not None
    assert call.recording is not None
    assert call.recording.seconds == 2.0
    assert office.alarms() == []


@pytest.mark.parametrize(
    ("size", "state"), [(None, RecordingState.MISSING), (44_000, RecordingState.FAILED)], ids=["no file", "full disk"]
)
async def test_a_recording_that_does_not_grow_is_an_alarm_and_no_lost_call(
    size: int | None, state: RecordingState
) -> None:
    office, recordings = an_office(), FakeRecordings(sizes={CALL: size})
    keeper = a_keeper(office, recordings)
    office.a_caller_waits()
    office.clock.advance(20)

    async with running(keeper.run):
        await eventually(lambda: state_of(office) is state)

    assert office.alarms() == ["recording_failed"]
    assert "alarm.raised" in office.journal.kinds()
    assert [call.id for call in office.switchboard.exchange.calls] == [CALL]


@pytest.mark.parametrize(("seconds", "alarms"), [(0.1, []), (1.0, ["recording_failed"])])
async def test_only_a_call_that_could_be_heard_lacks_its_recording(seconds: float, alarms: list[str]) -> None:
    office, recordings = an_office(), FakeRecordings(sizes={CALL: None})
    keeper = a_keeper(office, recordings)

    async with running(keeper.run):
        office.a_caller_waits()
        call = office.switchboard.exchange.call(CALL)
        assert call is not None
        assert call.recording is not None
        assert call.recording.started is not None
        office.clock.advance(seconds - (office.clock.now() - call.recording.started).total_seconds())
        office.the_caller_hangs_up()
        await eventually(lambda: state_of(office) is RecordingState.MISSING)
        await eventually(lambda: not keeper._ended)

    assert office.alarms() == alarms


async def test_while_asterisk_is_not_heard_nobody_judges_its_recordings_and_a_lost_call_ended_when_it_was_lost() -> (
    None
):
    office, recordings = an_office(), FakeRecordings(sizes={CALL: 44_000})
    keeper = a_keeper(office, recordings)
    office.a_caller_waits()
    lost_at = office.clock.now()
    office.tell(LinkLost(at=lost_at))
    office.clock.advance(20)

    async with running(keeper.run):
        looks = recordings.looks
        await eventually(lambda: recordings.looks > looks + 2)
        assert office.alarms() == []
        assert state_of(office) is RecordingState.RECORDING
        office.tell(LinkRestored(at=office.clock.now(), calls=(), seats_registered=frozenset()))
        call = office.switchboard.exchange.call(CALL)

    assert call is not None
    assert (call.outcome, call.t5) == (Outcome.LOST, lost_at)


async def test_a_recording_that_grows_again_clears_the_alarm() -> None:
    office, recordings = an_office(), FakeRecordings(sizes={CALL: 44_000})
    keeper = a_keeper(office, recordings)
    office.a_caller_waits()
    office.clock.advance(20)

    async with running(keeper.run):
        await eventually(lambda: office.alarms() == ["recording_failed"])
        recordings.grows = 16_000
        await eventually(lambda: office.alarms_in_a_while() == [])

    assert state_of(office) is RecordingState.RECORDING


async def test_a_disk_that_runs_low_is_an_alarm_until_there_is_room() -> None:
    office, recordings = an_office(), FakeRecordings(free=10**8)
    keeper = a_keeper(office, recordings)

    async with running(keeper.run):
        await eventually(lambda: office.alarms_in_a_while() == ["disk_low"])
        recordings.free = 10**9 + 10**7
        looks = recordings.looks
        await eventually(lambda: recordings.looks > looks + 2)
        assert office.alarms_in_a_while() == ["disk_low"], "a little room is soon taken again"
        recordings.free = 10**10
        await eventually(lambda: office.alarms_in_a_while() == [])


async def test_a_recording_that_cannot_be_kept_now_is_kept_when_there_is_room() -> None:
    office, recordings = an_office(), FakeRecordings(sizes={CALL: 64_000}, full=True)
    keeper = a_keeper(office, recordings)

    async with running(keeper.run):
        office.a_caller_waits()
        office.the_seat_answers()
        office.the_caller_hangs_up()
        await eventually(lambda: state_of(office) is RecordingState.FAILED)
        recordings.full = False
        await eventually(lambda: state_of(office) is RecordingState.KEPT)

    assert recordings.kept == [CALL]


@dataclass
class DiskWithABadSpot(FakeRecordings):
    """One recording can never be kept; all others can."""

    tries: int = 0
    is_mended: bool = False

    def _keep(self, call_id: CallId, secrets: Stretches) -> float | OSError | None:
        if call_id == CALL and not self.is_mended:
            self.tries += 1
            return OSError(5, "Input/output error")
        return super()._keep(call_id, secrets)


async def test_while_one_recording_cannot_be_kept_the_alarm_stands_whatever_becomes_of_others() -> None:
    others = [CallId(f"7c1b0d64-0000-4000-8000-00000000001{number}") for number in range(3)]
    office, recordings = an_office(), DiskWithABadSpot(sizes=dict.fromkeys([CALL, *others], 64_000), grows=16_000)
    keeper = a_keeper(office, recordings)

    async with running(keeper.run):
        office.a_caller_waits()
        office.the_caller_hangs_up()
        await eventually(lambda: office.alarms() == ["recording_failed"])
        office.a_caller_waits(others[0])  # goes on, and is recorded
        for call_id in others[1:]:
            office.a_caller_waits(call_id)
            office.the_caller_hangs_up(call_id)
            await eventually(lambda call_id=call_id: state_of(office, call_id) is RecordingState.KEPT)  # type: ignore[misc]
            office.alarms_in_a_while()
        tried = recordings.tries
        await eventually(lambda: recordings.tries > tried)
        assert office.journal.kinds().count("alarm.raised") == 1
        assert "alarm.cleared" not in office.journal.kinds()
        recordings.is_mended = True
        await eventually(lambda: state_of(office) is RecordingState.KEPT)
        assert office.alarms_in_a_while() == []


async def test_calls_that_end_while_others_are_being_kept_do_not_wait_for_a_retry(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(keeping, "RETRY_SECONDS", 60.0)
    monkeypatch.setattr(keeping, "CLOSE_SECONDS", 0.05)
    others = [CallId(f"7c1b0d64-0000-4000-8000-00000000001{number}") for number in range(3)]
    office, recordings = an_office(), FakeRecordings(sizes=dict.fromkeys([CALL, *others], 64_000))
    keeper = a_keeper(office, recordings)

    async with running(keeper.run):
        for call_id in (CALL, *others):
            office.a_caller_waits(call_id)
        office.the_caller_hangs_up()
        await eventually(lambda: not keeper._arrived.is_set())
        for call_id in others:
            office.the_caller_hangs_up(call_id)
        await eventually(lambda: len(recordings.kept) == 4)


async def test_one_disk_fault_does_not_delay_the_next_recording(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "RETRY_SECONDS", 60.0)
    other = CallId("7c1b0d64-0000-4000-8000-000000000011")
    office, recordings = an_office(), FakeRecordings(sizes=dict.fromkeys([CALL, other], 64_000), full=True)
    keeper = a_keeper(office, recordings)

    async with running(keeper.run):
        office.a_caller_waits()
        office.a_caller_waits(other)
        office.the_caller_hangs_up()
        await eventually(lambda: state_of(office) is RecordingState.FAILED)
        recordings.full = False
        office.the_caller_hangs_up(other)
        await eventually(lambda: state_of(office, other) is RecordingState.KEPT)


async def test_the_file_of_a_call_that_ended_before_this_controller_began_is_not_left_lying() -> None:
    earlier = an_office()
    earlier.a_caller_waits()
    earlier.the_caller_hangs_up()
    ended = earlier.switchboard.exchange.call(CALL)
    assert ended is not None
    office, recordings = an_office(), FakeRecordings(sizes={CALL: 44_000})
    keeper = a_keeper(office, recordings, FakeCalls(stored={CALL: replace(ended, recording=None)}))

    async with running(keeper.run):
        await eventually(lambda: recordings.kept == [CALL])
