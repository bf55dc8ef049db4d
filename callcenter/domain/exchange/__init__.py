"""The exchange: every live call, seat and queue, and what each event makes of them.

Pure: events in, facts and wishes out. All that is shown comes from the facts; what is kept beside
them (a running offer, a back-off) is only what the next decision needs.
"""

from callcenter.domain.exchange.commands import Command
from callcenter.domain.exchange.exchange import Exchange
from callcenter.domain.exchange.state import Decision, Moment, Policy

__all__ = ["Command", "Decision", "Exchange", "Moment", "Policy"]
