"""The hash chain over the journal: one entry changed, moved or taken out, and every later hash is wrong."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
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


def canonical(data: Mapping[str, Any]) -> str:
    """Write the data of a fact in the one form that is hashed and stored."""
    return json.dumps(data, ensure_ascii=True, separators=(",", ":"), sort_keys=True)


def chained(after: Link, *, time: datetime, call_id: str | None, kind: str, data: str, recovered: bool) -> Chained:
    """Hang one more entry on the chain."""
    seq = after.seq + 1
    return Chained(
        seq=seq,
        time=time,
        call_id=call_id,
        kind=kind,
        data=data,
        recovered=recovered,
        previous=after.hash,
        hash=entry_hash(
            seq=seq, time=time, call_id=call_id, kind=kind, data=data, recovered=recovered, previous=after.hash
        ),
    )


def entry_hash(
    *, seq: int, time: datetime, call_id: str | None, kind: str, data: str, recovered: bool, previous: str
) -> str:
    """SHA-256 over everything an entry says and the hash of the one before it."""
    text = json.dumps([seq, microseconds(time), call_id, kind, data, recovered, previous], ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def is_whole(entry: Chained) -> bool:
    """The entry says what was hashed."""
    return entry.hash == entry_hash(
        seq=entry.seq,
        time=entry.time,
        call_id=entry.call_id,
        kind=entry.kind,
        data=entry.data,
        recovered=entry.recovered,
        previous=entry.previous,
    )


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
