"""What Asterisk wrote down while nobody heard it, in the hotline's words: lines of an Asterisk 22.10.1, shortened."""

from datetime import UTC, datetime
from pathlib import Path

from callcenter.asterisk.record import (
    arrivals,
    callers,
    lines_of,
    lines_since,
    read_text,
    recalls,
    seats_calling_back,
    told,
)
from callcenter.domain.calls import LegKind
from callcenter.domain.ids import CallId, LegId
from callcenter.domain.telephony import (
    Arrived,
    CallerInFallback,
    CallerLeft,
    CallerUp,
    Ending,
    LegAnswered,
    LegDialled,
    LegEnded,
    PartyJoined,
    PartyLeft,
    RecallDialled,
    RecallOver,
)

SERVED, GONE = CallId("32714074-3f9d-4798-8b2e-61fa43464595"), CallId("d36e0e2c-2f37-451a-a520-bbb5bdf1a85f")
TEXT = (Path(__file__).parent / "recordings" / "calls.csv").read_text("utf-8")
INCOMING = Path("/incoming")
CALLS_BACK = (Path(__file__).parent / "recordings" / "calls-back.csv").read_text("utf-8").split("\n")


def _told() -> list[object]:
    lines = list(lines_of(TEXT.split("\n")))
    return list(told(lines, callers(lines), {}, incoming=INCOMING))


def test_a_caller_served_by_asterisk_alone_is_told_with_his_seat_and_times() -> None:
    served = [event for event in _told() if getattr(event, "call_id", None) == SERVED]

    arrived, ended = served[0], served[-1]
    assert isinstance(arrived, Arrived)
    assert (arrived.caller, arrived.recording) == ("13900099999", f"/incoming/{SERVED}.raw")
    assert arrived.at == datetime(2026, 11, 28, 15, 58, 4, 845900, tzinfo=UTC)
    joined = [event for event in served if isinstance(event, PartyJoined)]
    assert [event.leg_id for event in joined] == [LegId("node1-1795881488.7"), LegId(SERVED)]
    (seat_gone,) = [event for event in served if isinstance(event, LegEnded)]
    assert (seat_gone.ending, seat_gone.by_itself) == (Ending.NORMAL, True)
    assert isinstance(ended, CallerLeft)
    assert ended.by_itself is False, "the operator ended it"


def test_a_unit_that_came_into_his_talk_is_told_though_nobody_knew_of_it() -> None:
    """Lines as Asterisk writes them of a channel that we dialled, with an id of ours."""
    bridge = '"{""bridge_id"":""f2afa884"",""bridge_technology"":""softmix""}"'
    unit = "".join(
        f'"17958814{at}","{kind}","","3b0c7a52-unit","PJSIP/trunk-00000009","","12345",{extra}\n'
        for at, kind, extra in (
            ("88.600000", "CHAN_START", '""'),
            ("88.700000", "ANSWER", '""'),
            ("88.710000", "BRIDGE_ENTER", bridge),
            ("88.790000", "BRIDGE_EXIT", bridge),
            ("88.791000", "HANGUP", '"{""hangupcause"":16,""hangupsource"":""PJSIP/trunk-00000009""}"'),
        )
    )
    lines = list(lines_of((TEXT + unit).splitlines()))

    events = told(lines, callers(lines), {}, incoming=INCOMING)

    of_unit = [event for event in events if getattr(event, "leg_id", None) == LegId("3b0c7a52-unit")]
    assert [type(event) for event in of_unit] == [LegDialled, LegAnswered, PartyJoined, PartyLeft, LegEnded]
    assert isinstance(of_unit[0], LegDialled)
    assert (of_unit[0].call_id, of_unit[0].seat, of_unit[0].kind) == (SERVED, None, LegKind.UNIT)


def test_one_who_gave_up_is_told_as_one_who_gave_up() -> None:
    gone = [event for event in _told() if getattr(event, "call_id", None) == GONE]

    assert [type(event) for event in gone] == [Arrived, CallerInFallback, CallerLeft]
    assert isinstance(gone[-1], CallerLeft)
    assert gone[-1].by_itself is True


def test_only_calls_that_are_asked_for_are_told() -> None:
    lines = list(lines_of(TEXT.split("\n")))
    asked = {channel: call_id for channel, call_id in callers(lines).items() if call_id == GONE}

    assert {getattr(event, "call_id", None) for event in told(lines, asked, {}, incoming=INCOMING)} == {GONE}


def test_lines_that_were_cut_off_or_are_none_of_ours_are_left_out(tmp_path: Path) -> None:
    record = tmp_path / "calls.csv"
    record.write_text('"not a time","HANGUP"\n' + TEXT + '"1795881492.1","HANG', encoding="utf-8")

    lines = lines_since(read_text(record), datetime(2026, 11, 28, tzinfo=UTC))

    assert len(lines) == len(TEXT.splitlines())


def test_what_was_written_before_the_record_was_shortened_is_read_too(tmp_path: Path) -> None:
    whole = TEXT.splitlines(keepends=True)
    (tmp_path / "calls.csv.1").write_text("".join(whole[:5]), encoding="utf-8")
    (tmp_path / "calls.csv").write_text("".join(whole[5:]), encoding="utf-8")

    lines = lines_since(read_text(tmp_path / "calls.csv"), datetime(2026, 11, 28, tzinfo=UTC))

    assert [line.at for line in lines] == sorted(line.at for line in lines)
    assert len(lines) == len(whole)


def test_no_record_tells_nothing(tmp_path: Path) -> None:
    assert lines_since(read_text(tmp_path / "calls.csv"), datetime(2026, 11, 28, tzinfo=UTC)) == []


def test_who_arrived_is_found_without_taking_every_line_apart() -> None:
    text = TEXT.split("\n")

    assert [line.call_id for line in arrivals(text, since=datetime(2026, 11, 28, tzinfo=UTC))] == [SERVED, GONE]
    assert arrivals(text, since=datetime(2026, 11, 29, tzinfo=UTC)) == []


def test_only_what_was_written_since_a_moment_is_read() -> None:
    whole = list(lines_of(TEXT.split("\n")))
    middle = whole[len(whole) // 2].at

    assert lines_since(TEXT.split("\n"), middle) == [line for line in whole if line.at >= middle]


def _told_of_recalls() -> list[object]:
    lines = list(lines_of(CALLS_BACK))
    begun = recalls(CALLS_BACK, since=datetime(2026, 11, 28, tzinfo=UTC))
    return list(told(lines, callers(begun), seats_calling_back(begun), incoming=INCOMING))


def test_a_citizen_who_was_called_back_and_was_on_another_call() -> None:
    attempt, leg = CallId("8d4ca8e2-0ce3-4d01-a22d-a919dbef8bb7"), LegId("a67a0d37-e605-4ce3-bd85-374e6a69cbd5")
    dialled = datetime(2026, 11, 28, 23, 18, 58, 367676, tzinfo=UTC)

    _, up, dials, over, ended = (event for event in _told_of_recalls() if getattr(event, "call_id", None) == attempt)

    assert up == LegAnswered(at=dialled.replace(microsecond=367461), call_id=attempt, leg_id=leg)
    assert dials == RecallDialled(at=dialled, call_id=attempt, leg_id=leg, recording=f"/incoming/{attempt}.raw")
    assert isinstance(over, RecallOver)
    assert over.ending is Ending.BUSY
    assert isinstance(ended, LegEnded)
    assert ended.leg_id == leg


def test_a_citizen_who_was_called_back_and_talked_with_the_seat() -> None:
    attempt, leg = CallId("888daa48-6c14-44ab-b3fc-5b88ecf43b3c"), LegId("f23a9398-73c7-4cb6-8275-e9f0bd04fa17")

    events = [event for event in _told_of_recalls() if getattr(event, "call_id", None) == attempt]

    assert [type(event) for event in events] == [
        LegDialled, LegAnswered, RecallDialled, CallerUp, PartyJoined, PartyJoined, PartyLeft, PartyLeft, LegEnded,
    ]  # fmt: skip
    joined = [event.leg_id for event in events if isinstance(event, PartyJoined)]
    assert joined == [LegId(attempt), leg], "his leg has the call's id"


def test_of_recalls_only_those_since_a_moment_are_looked_for() -> None:
    assert recalls(CALLS_BACK, since=datetime(2026, 11, 29, tzinfo=UTC)) == []
    assert len(recalls(CALLS_BACK, since=datetime(2026, 11, 28, tzinfo=UTC))) == 3
