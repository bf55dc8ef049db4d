"""Joins the site's settings with the rules for calling back."""

from callcenter.domain.recalls import RecallRules
from callcenter.roster import Roster
from callcenter.settings import Settings


def recall_rules(settings: Settings, roster: Roster) -> RecallRules:
    """Give the rules by which citizens are called back at this site."""
    return RecallRules(
        short_seconds=settings.recall_short_seconds,
        due_seconds=settings.recall_due_seconds,
        gap_seconds=settings.recall_gap_seconds,
        most_attempts=settings.recall_attempts,
        after_menu=settings.recall_ai,
        diallable=settings.dial_out,
        never=frozenset({settings.hotline, *(seat.extension for seat in roster.seats)}),
        refused=settings.recall_refused,
        ring_seconds=settings.recall_ring_seconds,
    )
