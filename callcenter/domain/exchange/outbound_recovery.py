"""Calling back, after an absence of ours: what became of attempts of which nobody here heard.

First Asterisk's own record tells of them, dated as it was, then its lists; what neither knows has failed.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from callcenter.domain.exchange import outbound, seats
from callcenter.domain.exchange.outbound_line import OutboundLine
from callcenter.domain.exchange.state import State
from callcenter.domain.ids import CallId, RecallId
from callcenter.domain.recalls import (
    AttemptOutcome,
    Recall,
    RecallAttempt,
    attempted,
    came_through,
    came_to_nothing,
    made_one,
    reached,
)
from callcenter.domain.telephony import CallFound, LinkRestored, RecallDialled, RecallFound, TelephonyEvent


def make_one(state: State, known: Recall, recall: Recall) -> None:
    """Make one of two obligations of a number, where `known` was opened while that from before could not be read.

    A number has one: the other one, left open, would be owed for ever, as nobody could settle it.
    """
    whole, closed = made_one(known, recall, state.now.wall)
    for line in state.outbound.lines.values():
        if line.recall_id == closed.id:
            line.recall_id = whole.id
    state.note_recall(closed, at=state.now.wall)
    state.note_recall(whole, at=state.now.wall)


def take_up_dialled(state: State, meanwhile: Iterable[TelephonyEvent]) -> None:
    """Know again, before it is told what happened meanwhile, each attempt of which that tells."""
    dialled = [event for event in meanwhile if isinstance(event, RecallDialled)]
    running = {} if not dialled else _running(state)
    for event in dialled:
        recall = running.get(event.call_id)
        attempt = None if recall is None else recall.running
        if recall is None or recall.caller is None or attempt is None or attempt.seat not in state.seats:
            continue
        if event.call_id in state.outbound.lines or event.call_id in state.calls:
            continue
        line = OutboundLine(
            call_id=event.call_id,
            recall_id=recall.id,
            number=recall.caller,
            seat=attempt.seat,
            seat_leg=event.leg_id,
            begun=state.now.mono,
            placed=True,
            rang=True,
            dialled=attempt.dialled,
            recording=event.recording,
        )
        outbound.take_line(state, line)


def _running(state: State) -> dict[CallId, Recall]:
    return {recall.running.call_id: recall for recall in state.outbound.book.by_due() if recall.running is not None}


def reconcile(state: State, event: LinkRestored) -> None:
    """Take up the attempts that still run, begin the calls that they have become, and end those that are gone."""
    here = {recall.call_id for recall in event.recalls} | {call.call_id for call in event.calls}
    for call in event.calls:
        if call.recall is not None and call.call_id not in state.calls:
            _take_up_answered(state, call, at=event.at)
    for recall in event.recalls:
        if recall.call_id not in state.calls:
            _take_up(state, recall, at=event.at)
    for line in [line for line in state.outbound.lines.values() if line.call_id not in here]:
        if event.unread:  # the record has yet to tell how it ended; the seat is free
            del state.outbound.lines[line.call_id]
            seats.offer_withdrawn(state, line.seat, line.seat_leg, at=event.at)
        else:
            unheard = AttemptOutcome.FAILED if line.seat_answered else AttemptOutcome.SEAT_NO_ANSWER
            outbound.ends_in_vain(state, line, line.told or unheard, at=event.at)
    if not event.unread:
        settle(state, at=event.at)


def settle(state: State, *, at: datetime) -> None:
    """Close what was settled while we were away, and end attempts that are gone: all that could be told has been."""
    for recall in state.outbound.book.by_due():
        _settle(state, recall, at=at)


def _take_up(state: State, found: RecallFound, *, at: datetime) -> None:
    line = state.outbound.lines.get(found.call_id)
    if line is None:
        if found.seat not in state.seats:
            return
        line = OutboundLine(
            call_id=found.call_id,
            recall_id=_owed(state, found.recall_id, found.number),
            number=found.number,
            seat=found.seat,
            seat_leg=found.leg_id,
            begun=state.now.mono,
        )
        _restore_attempt(state, line, at=at)
    outbound.take_line(state, line)
    line.placed = line.rang = True
    line.recording = found.recording or line.recording
    if found.answered:
        line.seat_answered = line.seat_answered or at
    if found.dialled:
        outbound.dialled(state, line, at=at)


def _owed(state: State, recall_id: RecallId, number: str) -> RecallId:
    """Give the obligation that an attempt is of: the open one of its number, where its own has become one with that."""
    known = state.outbound.book.of_number(number)
    return recall_id if known is None or state.outbound.book.get(recall_id) is not None else known.id


def _restore_attempt(state: State, line: OutboundLine, *, at: datetime) -> None:
    """Know an attempt again; one that the journal has not heard of is added, as found out and not witnessed."""
    recall, attempt = state.outbound.book.get(line.recall_id), outbound.attempt_of(state, line)
    if recall is not None and attempt is None and recall.running is None:
        found = RecallAttempt(call_id=line.call_id, seat=line.seat, asked=at)
        state.note_recall(attempted(recall, found), at=at)
    elif attempt is not None:
        line.dialled = attempt.dialled


def _take_up_answered(state: State, found: CallFound, *, at: datetime) -> None:
    """He answered while we were away, and no record tells when: a call begins where he talks with the seat."""
    seat = next((leg for leg in found.legs if leg.seat is not None and leg.seat in state.seats), None)
    if seat is None or seat.seat is None or found.caller is None or found.recall is None:
        return
    line = state.outbound.lines.get(found.call_id)
    if line is None:
        line = OutboundLine(
            call_id=found.call_id,
            recall_id=_owed(state, found.recall, found.caller),
            number=found.caller,
            seat=seat.seat,
            seat_leg=seat.leg_id,
            begun=state.now.mono,
            recording=found.recording,
        )
        _restore_attempt(state, line, at=at)
        outbound.take_line(state, line)
    line.placed, line.seat_answered = True, line.seat_answered or at
    line.recording = line.recording or found.recording
    line.dialled = line.dialled or min(found.arrived, at)
    line.caller_answered = line.caller_answered or at
    if found.talk is not None and seat.talk == found.talk:
        line.talks = {line.caller_leg: found.talk, line.seat_leg: found.talk}
        outbound.talk_begins(state, line, at=at)


def _settle(state: State, recall: Recall, *, at: datetime) -> None:
    attempt = recall.running
    if attempt is not None and attempt.call_id not in state.outbound.lines:
        recall = _ended(state, recall, attempt, at=at)
        state.note_recall(recall, at=at)
    through = [
        call.t4
        for call in state.calls.values()
        if call.caller == recall.caller and call.t4 is not None and call.t4 > recall.opened
    ]
    if recall.is_open and through and recall.running is None:
        state.note_recall(came_through(recall, min(through)), at=at)


def _ended(state: State, recall: Recall, attempt: RecallAttempt, *, at: datetime) -> Recall:
    """End an attempt that is gone: reached where its call is known, which was told the moment before we went away."""
    call = state.calls.get(attempt.call_id)
    if call is None:
        ended = replace(attempt, ended=max(at, attempt.dialled or attempt.asked), outcome=AttemptOutcome.FAILED)
        return came_to_nothing(state.policy.recalls, recall, ended)
    joined = call.t4 or call.last_at
    made = replace(attempt, dialled=attempt.dialled or call.t0, answered=joined, ended=joined)
    return reached(recall, replace(made, outcome=AttemptOutcome.REACHED))
