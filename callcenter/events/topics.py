"""Which event goes under which topic, and what of it anybody may read (contract.md §5).

What is not named here as public is private: a field that is added one day stays inside until somebody decides.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from callcenter.domain.views import Json, moment

ONLINE, OFFLINE = "online", "offline"
AT_MOST_ONCE, AT_LEAST_ONCE = 0, 1
"""MQTT's qualities of service."""
FLEETING = frozenset({"utterance.partial"})
"""Worth nothing a moment later: sent once, and never kept for a broker that is away."""

Shape = Mapping[str, Any]
"""Public fields of an object; what is told of each: None for the value as it is, or the shape of what is inside."""


def _fields(*names: str, **inside: Shape) -> Shape:
    return dict.fromkeys(names) | inside


LEG = _fields("id", "kind", "party", "state", "outcome", "started", "answered", "joined", "ended", "call_id")
UTTERANCE = _fields("id", "side", "leg_id", "start", "end", "confidence", "live", "final", "call_id")
RECORDING = _fields("state", "started", "seconds", "call_id", secrets=_fields("began", "ended"))
NOTES = _fields("state", "call_id")
RECALL = _fields(
    *("id", "queue", "opened", "due", "overdue", "by_us", "state", "closed", "closed_by"),
    waits=_fields("call_id", "t5", "waited"),
    attempts=_fields("call_id", "seat", "asked", "dialled", "answered", "ended", "outcome"),
)
CALL = _fields(
    *("id", "direction", "state", "outcome", "queue", "seat", "held", "notes", "secret", "ticket_id", "recovered"),
    *("t0", "t1", "t2", "t3", "t4", "t5"),
    *("leg_id", "cause", "reason", "node", "ended_by", "where", "waited_ms", "on"),  # what single events add
    legs=LEG,
    utterances=UTTERANCE,
    recording=RECORDING,
)
TICKET = _fields(
    *("id", "number", "version", "state", "kind", "category", "urgency", "confidential", "notes_edited"),
    *("call_ids", "unit", "due", "created", "filed"),
)
SEAT = _fields("extension", "operator", "state", "reason", "since", "call_id", "phone", "missed")
QUEUE = _fields("name", "ready", "talking", "longest_wait", waiting=_fields("call_id", "since", "position"))
TRUNK = _fields("name", "inbound", "outbound", lines=_fields("call_id", "leg_id", "direction", "since"))
ALARM = _fields("name", "title", "severity", "detail", "advice", "since")


@dataclass(frozen=True, slots=True)
class Place:
    """Where events of one kind go."""

    branch: str
    key: str
    """Field of the data that names the thing."""
    shape: Shape
    retained: bool = False
    """The topic holds how the thing is now; nothing of it is personal, so there is no private twin."""


_OF_CALL = Place("calls", "id", CALL)
_SEAT = Place("seats", "extension", SEAT, retained=True)
_QUEUE = Place("queues", "name", QUEUE, retained=True)
_TRUNK = Place("trunks", "name", TRUNK, retained=True)
_ALARM = Place("alarms", "name", ALARM, retained=True)
PLACES: Mapping[str, Place] = {
    "seat.changed": _SEAT,
    "queue.changed": _QUEUE,
    "trunk.changed": _TRUNK,
    "alarm.raised": _ALARM,
    "alarm.cleared": _ALARM,
    "recall.changed": Place("recalls", "id", RECALL),
    "ticket.changed": Place("tickets", "id", TICKET),
    "leg.changed": Place("calls", "call_id", LEG),
    "recording.changed": Place("calls", "call_id", RECORDING),
    "notes.changed": Place("calls", "call_id", NOTES),
    "utterance.partial": Place("calls", "call_id", UTTERANCE),
    "utterance.final": Place("calls", "call_id", UTTERANCE),
}
"""Kinds that are not told as a whole call."""


class Event(Protocol):
    """Something that just happened, as everybody who watches is told it."""

    @property
    def type(self) -> str:
        """Its kind, such as `call.queued`."""
        ...

    @property
    def seq(self) -> int:
        """Its number in the stream."""
        ...

    @property
    def time(self) -> datetime:
        """When it happened."""
        ...

    @property
    def data(self) -> Json:
        """The whole object after the change, and what is special to it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How everything that is retained is, as of event `seq` of the stream."""

    seq: int
    time: datetime
    seats: Sequence[Json]
    queues: Sequence[Json]
    trunks: Sequence[Json]
    alarms: Sequence[Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is handed to the broker."""

    topic: str
    payload: bytes
    """Empty: the broker is to forget what it retains under this topic."""
    qos: int = AT_LEAST_ONCE
    retain: bool = False


class Topics:
    """The topics of one node."""

    def __init__(self, node: str, stream: str) -> None:
        self._base = f"callcenter/{node}"
        self._stream = stream

    @property
    def status(self) -> str:
        """Holds `online` while what is retained is kept up to date, else `offline`."""
        return f"{self._base}/status"

    @property
    def retained(self) -> Sequence[str]:
        """Filters of the topics that hold how a thing is now, all but the status."""
        return [f"{self._base}/{place.branch}/+" for place in (_SEAT, _QUEUE, _TRUNK, _ALARM)]

    def messages(self, event: Event) -> Iterator[Message]:
        """Give what is published of an event, in this order.

        Raises:
            KeyError: the data do not say which thing it is about.

        """
        place = PLACES.get(event.type, _OF_CALL)
        key = _level(event.data[place.key])
        qos = AT_MOST_ONCE if event.type in FLEETING else AT_LEAST_ONCE
        topic = f"{self._base}/{place.branch}/{key}"
        told = self._written(event.type, event.seq, event.time, _public(event.data, place.shape))
        cleared = event.type == "alarm.cleared"
        yield Message(topic=topic, payload=told, qos=qos, retain=place.retained and not cleared)
        if cleared:
            yield forgotten(topic)
        if not place.retained:
            whole = self._written(event.type, event.seq, event.time, event.data)
            yield Message(topic=f"{self._base}/private/{place.branch}/{key}", payload=whole, qos=qos)

    def state(self, state: State) -> Iterator[Message]:
        """Give what brings every retained topic up to date."""
        for place, things in (
            (_SEAT, state.seats),
            (_QUEUE, state.queues),
            (_TRUNK, state.trunks),
            (_ALARM, state.alarms),
        ):
            for thing in things:
                told = self._written("snapshot", state.seq, state.time, _public(thing, place.shape))
                topic = f"{self._base}/{place.branch}/{_level(thing[place.key])}"
                yield Message(topic=topic, payload=told, retain=True)

    def _written(self, kind: str, seq: int, time: datetime, data: Json) -> bytes:
        message = {"type": kind, "stream": self._stream, "seq": seq, "time": moment(time), "data": data}
        return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def forgotten(topic: str) -> Message:
    """Give what makes the broker forget a retained topic."""
    return Message(topic=topic, payload=b"", retain=True)


def _public(value: Any, shape: Shape | None) -> Any:
    """Give only what is public; an object where something simple was expected is not told, nor the other way round."""
    if isinstance(value, list):
        return [_public(item, shape) for item in value]
    if isinstance(value, Mapping):
        return None if shape is None else {k: _public(value[k], inside) for k, inside in shape.items() if k in value}
    return value if shape is None else None


def _level(name: Any) -> str:
    """Make a name fit between two slashes of a topic."""
    return re.sub(r"[/+#\x00-\x1f\x7f]", "_", str(name)) or "_"
