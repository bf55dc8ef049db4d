"""What a store gives back: entries of the journal, pages of lists, and what stands on the disk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from callcenter.domain.facts import Fact
from callcenter.domain.ids import CallId

Item = TypeVar("Item")

Stretches = Sequence[tuple[float, float]]
"""Of a recording, from and to, in its seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of the journal."""

    seq: int
    time: datetime
    call_id: CallId | None
    kind: str
    data: Mapping[str, Any]
    recovered: bool


@dataclass(frozen=True, slots=True)
class Numbered:
    """A fact with its number in the journal."""

    seq: int
    fact: Fact


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Part of a list, in the list's order."""

    items: Sequence[Item]
    next: str | None
    """Where the next page begins; None at the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundSeen:
    """What stands on the disk of a recording."""

    exists: bool
    size_bytes: int
