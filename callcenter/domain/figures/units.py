"""Figure 11: units brought into calls."""

from collections.abc import Sequence

from callcenter.domain.figures.figure import Figure, count, mean, ratio, total
from callcenter.domain.figures.records import AttemptOutcome, CallRecord, Constants


def attempts(asked: Sequence[CallRecord], constants: Constants) -> list[Figure]:
    """11 Calls with an attempt, attempts by outcome, how many succeeded, and how long a unit took to come."""
    answered = [call for call in asked if call.t4 is not None]
    tries = [attempt for call in answered for attempt in call.attempts]
    joined = [attempt for attempt in tries if attempt.connected is not None]
    good = [
        attempt
        for attempt in joined
        if attempt.outcome is AttemptOutcome.CONNECTED
        and attempt.connected is not None
        and (attempt.ended is None or attempt.ended - attempt.connected >= constants.bridged_at_least)
    ]
    took = [attempt.connected - attempt.asked for attempt in joined if attempt.connected is not None]
    return [
        ratio("11a", sum(bool(call.attempts) for call in answered), len(answered)),
        *(
            count(f"11b_{outcome.value}", sum(attempt.outcome is outcome for attempt in tries))
            for outcome in AttemptOutcome
        ),
        ratio("11c", len(good), len(tries)),
        mean("11d", total(took), len(took)),
    ]
