"""Names for the ids that pass between parts, so that one is never taken for another."""

from collections.abc import Callable
from typing import NewType

CallId = NewType("CallId", str)
"""The UUID that the dialplan stamps on a citizen's call; recordings, Asterisk's variables and the journal share it."""

LegId = NewType("LegId", str)
"""One party of a call. The caller's leg has the call's id; every other leg has the id we gave its channel."""

TicketId = NewType("TicketId", str)
"""UUIDv7 of a ticket; people see its number instead."""

RecallId = NewType("RecallId", str)
"""The obligation to call one number back. An attempt has the `CallId` of the call that it becomes on the answer."""

NewId = Callable[[], str]
"""Makes a fresh id. Given from outside, since the domain has neither clock nor chance."""
