"""What a call is after each of its facts; live and out of the journal it is added up here, and nowhere else."""

from dataclasses import replace
from datetime import datetime
from typing import assert_never

from callcenter.domain.calls import Call, CallState, Digits
from callcenter.domain.facts import (
    CallArrived,
    CallDigits,
    CallEnded,
    CallFailed,
    CallHeld,
    CallMissed,
    CallOffered,
    CallQueued,
    CallRefused,
    CallRequeued,
    CallResumed,
    CallRinging,
    CallTalking,
    CallVoice,
    LegChanged,
    NotesChanged,
    OfCall,
    RecordingChanged,
    SeatLeft,
    SeatReturned,
    SecretChanged,
    TicketChanged,
    UtteranceHeard,
)
from callcenter.domain.notes import Secret


def apply(call: Call | None, fact: OfCall) -> Call:
    """Add one fact to a call; the first must be its arrival.

    Raises:
        ValueError: the call has not arrived yet, or arrives twice before our eyes.

    """
    if isinstance(fact, CallArrived):
        if call is not None and fact.recovered:
            return replace(call, recovered=True)  # found on the line while the journal could not be read
        if call is not None:
            raise ValueError("a call arrives once")
        return Call(
            id=fact.call_id,
            caller=fact.caller,
            direction=fact.direction,
            t0=fact.at,
            last_at=fact.at,
            recovered=fact.recovered,
            recording_path=fact.recording_path,
        )
    if call is None:
        raise ValueError("a call begins with its arrival")
    return replace(_changed(call, fact), last_at=max(call.last_at, fact.at), recovered=call.recovered or fact.recovered)


def _changed(call: Call, fact: OfCall) -> Call:
    match fact:
        case CallArrived():
            return call
        case CallVoice():
            return replace(call, t1=call.t1 or fact.at)
        case CallDigits():
            return replace(call, digits=(*call.digits, Digits(node=fact.node, digits=fact.digits)))
        case CallQueued():
            return replace(call, state=CallState.QUEUED, queue=fact.queue, t2=call.t2 or fact.at)
        case CallOffered():
            return replace(call, seat=fact.seat)
        case CallRinging():
            return replace(call, state=CallState.RINGING, seat=fact.seat, t3=call.t3 or fact.at)
        case CallMissed() | CallRefused() | CallFailed():
            return replace(call, state=CallState.QUEUED, seat=None)
        case CallTalking():
            return replace(
                call,
                state=CallState.TALKING,
                seat=fact.seat,
                t1=call.t1 or fact.at,
                t3=call.t3 or (None if fact.recovered else fact.at),  # nobody wrote down when it rang
                t4=call.t4 or fact.at,
            )
        case CallHeld():
            return replace(call, held=True)
        case CallResumed():
            return replace(call, held=False)
        case CallRequeued():
            return replace(call, state=CallState.QUEUED, seat=None, held=False)
        case CallEnded():
            ended = replace(call, state=CallState.ENDED, outcome=fact.outcome, t5=fact.at, held=False)
            return replace(ended, secrets=_closed(call.secrets, fact.at))
        case LegChanged():
            return call.with_leg(fact.leg)
        case RecordingChanged():
            return replace(call, recording=fact.recording)
        case TicketChanged():
            return replace(call, ticket_id=fact.ticket_id)
        case SeatLeft():
            return replace(call, held=False)
        case SeatReturned():
            return replace(call, seat=fact.seat)
        case SecretChanged():
            return replace(call, secrets=_secrets(call, fact))
        case UtteranceHeard():
            return call.with_utterance(fact.utterance)
        case NotesChanged():
            return replace(call, notes=fact.notes)
        case _:
            assert_never(fact)


def _secrets(call: Call, fact: SecretChanged) -> tuple[Secret, ...]:
    if fact.on == call.is_secret:
        return call.secrets
    return (*call.secrets, Secret(began=fact.at)) if fact.on else _closed(call.secrets, fact.at)


def _closed(secrets: tuple[Secret, ...], at: datetime) -> tuple[Secret, ...]:
    return tuple(secret if secret.ended is not None else replace(secret, ended=at) for secret in secrets)
