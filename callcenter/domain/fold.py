"""What a call is after each of its facts; live and out of the journal it is added up here, and nowhere else."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Protocol, assert_never

from callcenter.domain.calls import Call, CallState, Digits
from callcenter.domain.facts import (
    CallArrived,
    CallDigits,
    CallEnded,
    CallFailed,
    CallGradeAsked,
    CallGraded,
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


class Stamped(Protocol):
    """The times of a call that later facts leave as they are: a `Call` has them, and who counts calls."""

    @property
    def t1(self) -> datetime | None: ...  # noqa: D102 - as kpis.md §0.1 defines them
    @property
    def t2(self) -> datetime | None: ...  # noqa: D102
    @property
    def t3(self) -> datetime | None: ...  # noqa: D102
    @property
    def t4(self) -> datetime | None: ...  # noqa: D102


def apply(call: Call | None, fact: OfCall) -> Call:
    """Add one fact to a call; the first must be its arrival.

    Raises:
        ValueError: the call has not arrived yet, or arrives twice before our eyes.

    """
    if isinstance(fact, CallArrived):
        if call is not None and fact.recovered:
            return call.but(recovered=True)  # found on the line while the journal could not be read
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
    return call.but(
        **moved(call, fact, fact.at),
        **_told_besides(call, fact),
        last_at=max(call.last_at, fact.at),
        recovered=call.recovered or fact.recovered,
    )


def moved(call: Stamped, fact: OfCall, at: datetime) -> Mapping[str, Any]:
    """Give what a fact of this moment changes of where a call is and of its times, by the names they have in `Call`."""
    match fact:
        case CallVoice():
            return {"t1": call.t1 or at}
        case CallQueued():
            return {"state": CallState.QUEUED, "queue": fact.queue, "t2": call.t2 or at}
        case CallOffered() | SeatReturned():
            return {"seat": fact.seat}
        case CallRinging():
            return {"state": CallState.RINGING, "seat": fact.seat, "t3": call.t3 or at}
        case CallMissed() | CallRefused() | CallFailed():
            return {"state": CallState.QUEUED, "seat": None}
        case CallTalking():
            return {
                "state": CallState.TALKING,
                "seat": fact.seat,
                "t1": call.t1 or at,
                "t3": call.t3 or (None if fact.recovered else at),  # nobody wrote down when it rang
                "t4": call.t4 or at,
            }
        case CallHeld():
            return {"held": True}
        case CallResumed() | SeatLeft():
            return {"held": False}
        case CallRequeued():
            return {"state": CallState.QUEUED, "seat": None, "held": False}
        case CallEnded():
            return {"state": CallState.ENDED, "outcome": fact.outcome, "t5": at, "held": False}
        case (
            CallArrived()
            | CallDigits()
            | CallGradeAsked()
            | CallGraded()
            | LegChanged()
            | RecordingChanged()
            | TicketChanged()
            | SecretChanged()
            | UtteranceHeard()
            | NotesChanged()
        ):
            return _NOTHING
        case _:
            assert_never(fact)


_NOTHING: Mapping[str, Any] = MappingProxyType({})


def _told_besides(call: Call, fact: OfCall) -> Mapping[str, Any]:
    """Give what else of a call a fact changes: its parts, and what hangs on it."""
    match fact:
        case CallDigits():
            return {"digits": (*call.digits, Digits(node=fact.node, digits=fact.digits))}
        case CallGradeAsked():
            return {"grade_asked": call.grade_asked or fact.at}
        case CallGraded():
            return {"grade": fact.grade}
        case CallEnded():
            return {"secrets": _closed(call.secrets, fact.at)}
        case LegChanged():
            return {"legs": call.with_leg(fact.leg).legs}
        case RecordingChanged():
            return {"recording": fact.recording}
        case TicketChanged():
            return {"ticket_id": fact.ticket_id}
        case SecretChanged():
            return {"secrets": _secrets(call, fact)}
        case UtteranceHeard():
            return {"utterances": call.with_utterance(fact.utterance).utterances}
        case NotesChanged():
            return {"notes": fact.notes}
        case _:
            return _NOTHING


def _secrets(call: Call, fact: SecretChanged) -> tuple[Secret, ...]:
    if fact.on == call.is_secret:
        return call.secrets
    return (*call.secrets, Secret(began=fact.at)) if fact.on else _closed(call.secrets, fact.at)


def _closed(secrets: tuple[Secret, ...], at: datetime) -> tuple[Secret, ...]:
    return tuple(secret if secret.ended is not None else replace(secret, ended=at) for secret in secrets)
