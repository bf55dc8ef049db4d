"""After the talk the caller is asked how satisfied he is (kpis.md §14), where the hotline does so.

The dialplan asks by itself, whether we live or not (`[after-survey]`), and ends the call. Nobody at the hotline can
keep him from it: an operator who hangs up, on the phone or on the screen, is what begins it.
"""

from callcenter.domain.calls import Call, CallState, Direction, LegKind, LegState
from callcenter.domain.errors import RefusedError
from callcenter.domain.exchange.state import State
from callcenter.domain.exchange.track import Track
from callcenter.domain.facts import CallGradeAsked, CallGraded
from callcenter.domain.telephony import GradeAsked, GradeGiven
from callcenter.domain.wishes import AfterTalk, Then

GRADES = range(1, 6)
MOST_SECONDS = 90.0
"""He is asked twice at most, which takes the dialplan some 40 s; whoever is in it for longer is stuck there."""


def after_talk(state: State, call: Call) -> Then:
    """Say what comes after a talk that ends as it should. Whom we called back is not asked."""
    return Then.SURVEY if state.policy.survey and call.direction is Direction.INBOUND else Then.END


def asked(state: State, event: GradeAsked) -> None:
    """The talk is over, and he hears the question."""
    found = state.live(event.call_id)
    if found is not None and found[0].state is CallState.TALKING and found[0].grade_asked is None:
        state.note(CallGradeAsked(at=event.at, call_id=event.call_id))


def given(state: State, event: GradeGiven) -> None:
    """He has pressed a grade; what is none is no answer."""
    found = state.live(event.call_id)
    if found is not None and found[0].grade_asked is not None and event.grade in GRADES:
        state.note(CallGraded(at=event.at, call_id=event.call_id, grade=event.grade))


def comes_first(state: State, call: Call, track: Track) -> bool:
    """Let a talk that somebody at the hotline ends be over for all but the caller, so that he is asked.

    False where he is not to be asked: then the call is to be ended. Raises RefusedError while he is asked.
    """
    if call.grade_asked is not None and not track.ending:
        raise RefusedError("the caller is being asked for a grade; the call ends by itself in less than a minute")
    if call.state is not CallState.TALKING or track.move is not None or after_talk(state, call) is not Then.SURVEY:
        return False
    if track.operator_ended:
        return True
    if state.seat_leg_joined(call) is None:
        return False
    track.operator_ended = True
    state.want(AfterTalk(call_id=call.id, then=Then.SURVEY))
    for leg in call.legs:
        if leg.kind is not LegKind.CALLER and leg.state is not LegState.ENDED:
            state.end_leg(call.id, leg.id)
    return True
