from datetime import UTC, datetime, timedelta

from callcenter.domain.calls import Call, Recording, RecordingState
from callcenter.domain.ids import CallId, LegId, TicketId
from callcenter.domain.notes import Secret, Side, Utterance, UtteranceId
from callcenter.domain.ticket_notes import composed_notes, with_words
from callcenter.domain.tickets import Ticket, TicketState, edit, file

NOON = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
RECORDED = NOON + timedelta(seconds=2)


def said(number: int, text: str, side: Side = Side.CALLER) -> Utterance:
    return Utterance(
        id=UtteranceId(f"u{number}"), side=side, leg_id=LegId("leg"), start=float(number), end=number + 0.9, text=text
    )


def a_call(*words: Utterance, secrets: tuple[Secret, ...] = (), name: str = "c1") -> Call:
    recording = Recording(state=RecordingState.RECORDING, started=RECORDED)
    return Call(
        id=CallId(name), caller=None, t0=NOON, last_at=NOON, recording=recording, utterances=words, secrets=secrets
    )


def a_draft() -> Ticket:
    return Ticket(id=TicketId("t"), number="20261124000001", version=1, state=TicketState.DRAFTED, created=NOON)


def test_who_said_what_stands_line_by_line() -> None:
    call = a_call(said(1, "您好。", Side.SEAT), said(3, "停水了。"), said(5, "马上派人。", Side.UNIT), said(7, " "))

    assert composed_notes([call]) == "话务员：您好。\n市民：停水了。\n承办单位：马上派人。"


def test_where_nothing_was_kept_a_line_says_so_in_its_place() -> None:
    secrets = (
        Secret(began=RECORDED + timedelta(seconds=2), ended=RECORDED + timedelta(seconds=4)),
        Secret(began=RECORDED + timedelta(seconds=9)),
    )

    notes = composed_notes([a_call(said(1, "我的号码是"), said(5, "好了。"), secrets=secrets)])

    assert notes == "市民：我的号码是\n〔保密时段，未录音、未记录〕\n市民：好了。\n〔保密时段，未录音、未记录〕"


def test_two_calls_are_kept_apart_and_silence_makes_no_notes() -> None:
    assert composed_notes([a_call(said(1, "一")), a_call(name="c2"), a_call(said(1, "二"), name="c3")]) == (
        "市民：一\n\n市民：二"
    )
    assert composed_notes([a_call()]) is None
    assert composed_notes([]) is None


def test_a_draft_s_notes_follow_the_talk_until_a_person_writes_his_own() -> None:
    call = a_call(said(1, "停水了。"))
    draft = with_words(a_draft(), [call])
    urgent = edit(draft, {"category": "供水"}, at=NOON, actor="api")
    written = edit(urgent, {"notes": "市民反映停水。"}, at=NOON, actor="api")

    more = call.with_utterance(said(2, "两天了。"))

    assert draft.notes == "市民：停水了。"
    assert with_words(urgent, [more]).notes == "市民：停水了。\n市民：两天了。"
    assert with_words(written, [more]).notes == "市民反映停水。"
    assert [heard.utterance.id for heard in with_words(written, [more]).heard] == ["u1", "u2"]
    assert with_words(urgent, [more]).version == 2


def test_notes_that_a_person_empties_or_leaves_as_they_are_are_his() -> None:
    call = a_call(said(1, "停水了。"))
    more = call.with_utterance(said(2, "两天了。"))

    emptied = edit(a_draft(), {"notes": None}, at=NOON, actor="api")
    agreed = edit(with_words(a_draft(), [call]), {"notes": "市民：停水了。"}, at=NOON, actor="api")

    assert with_words(emptied, [call]).notes is None
    assert emptied.trace[-1].note == "notes"
    assert with_words(agreed, [more]).notes == "市民：停水了。"


def test_filing_keeps_what_was_heard_so_far_as_the_notes() -> None:
    call = a_call(said(1, "停水了。"))
    more = call.with_utterance(said(2, "两天了。"))
    fields = {"kind": "report", "category": "供水", "matter": "停水"}
    complete = edit(a_draft(), fields, at=NOON, actor="api")
    written = edit(complete, {"notes": "我的话"}, at=NOON, actor="api")

    filed = file(complete, at=NOON, actor="api", heard=composed_notes([call]))
    in_own_words = file(written, at=NOON, actor="api", heard=composed_notes([call]))

    assert with_words(filed, [more]).notes == "市民：停水了。"
    assert len(with_words(filed, [more]).heard) == 2
    assert in_own_words.notes == "我的话"
