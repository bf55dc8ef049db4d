"""The hash chain over the journal: one entry changed, moved or taken out, and every later hash is wrong."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from callcenter.domain.ids import CallId
from callcenter.domain.records import Entry
from callcenter.storage.tables import microseconds


@dataclass(frozen=True, slots=True)
class Link:
    """The end of a chain: number and hash of its newest entry."""

    seq: int
    hash: str


START = Link(0, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chained:
    """An entry with its place in the chain, as it is stored."""

    seq: int
    time: datetime
    call_id: str | None
    kind: str
    data: str
    """Canonical JSON, ASCII only, so that every database keeps it to the letter."""
    recovered: bool
    previous: str
    hash: str
    said: str | None = field(default=None, compare=False, repr=False)
    """What was hashed, where it has just been: it need not be written out again to be put into a file."""

    @property
    def link(self) -> Link:
        """What the next entry hangs on."""
        return Link(self.seq, self.hash)

    @property
    def entry(self) -> Entry:
        """The entry as others see it."""
        return Entry(
            seq=self.seq,
            time=self.time,
            call_id=None if self.call_id is None else CallId(self.call_id),
            kind=self.kind,
            data=json.loads(self.data),
            recovered=self.recovered,
        )


_encoder = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), sort_keys=True)


def canonical(data: Mapping[str, Any]) -> str:
    """Write the data of a fact in the one form that is hashed and stored."""
    return _encoder.encode(data)


def chained(after: Link, *, time: datetime, call_id: str | None, kind: str, data: str, recovered: bool) -> Chained:
    """Hang one more entry on the chain."""
    seq = after.seq + 1
    said = _written([seq, microseconds(time), call_id, kind, data, recovered, after.hash])
    return Chained(
        seq=seq,
        time=time,
        call_id=call_id,
        kind=kind,
        data=data,
        recovered=recovered,
        previous=after.hash,
        hash=_digest(said),
        said=said,
    )


def said_by(entry: Chained) -> str:
    """Write out everything that is hashed of an entry: all it says, and the hash of the one before it."""
    return entry.said or _said(entry)


def _said(entry: Chained) -> str:
    at = microseconds(entry.time)
    return _written([entry.seq, at, entry.call_id, entry.kind, entry.data, entry.recovered, entry.previous])


def _written(said: Sequence[object]) -> str:
    return json.dumps(said, ensure_ascii=True)


def _digest(said: str) -> str:
    return hashlib.sha256(said.encode("ascii")).hexdigest()


def is_whole(entry: Chained) -> bool:
    """The entry says what was hashed."""
    return entry.hash == _digest(_said(entry))


def moved(entry: Chained, after: Link) -> Chained:
    """Hang the same entry on another chain."""
    return chained(
        after,
        time=entry.time,
        call_id=entry.call_id,
        kind=entry.kind,
        data=entry.data,
        recovered=entry.recovered,
    )
