"""Which event goes under which topic, and what of it anybody may read (contract.md §5).

What is not named here as public is private: a field that is added one day stays inside until somebody decides.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from callcenter.domain.facts import FACT_OF_KIND
from callcenter.domain.figures.scope import TODAY
from callcenter.domain.letters import Letter
from callcenter.domain.views import Json, moment

ONLINE, OFFLINE = "online", "offline"
AT_MOST_ONCE, AT_LEAST_ONCE = 0, 1
"""MQTT's qualities of service."""
FLEETING_SECONDS = 10
"""How long a broker may hold partial words for somebody who is slow."""
JSON_TYPE, TEXT_TYPE = "application/json", "text/plain"

Shape = Mapping[str, Any]
"""Public fields of an object; what is told of each: None for the value as it is, or the shape of what is inside."""


def _fields(*names: str, **inside: Shape) -> Shape:
    return dict.fromkeys(names) | inside


LEG = _fields(
    "id", "kind", "party", "state", "outcome", "started", "answered", "joined", "ended", "call_id", "recovered"
)
UTTERANCE = _fields("id", "side", "leg_id", "start", "end", "confidence", "live", "final", "call_id", "recovered")
RECORDING = _fields("state", "started", "seconds", "call_id", "recovered", secrets=_fields("began", "ended"))
NOTES = _fields("state", "call_id", "recovered")
RECALL = _fields(
    *("id", "queue", "opened", "due", "overdue", "by_us", "state", "closed", "closed_by"),
    waits=_fields("call_id", "t5", "waited"),
    attempts=_fields("call_id", "seat", "asked", "dialled", "answered", "ended", "outcome"),
)
CALL = _fields(
    *("id", "direction", "state", "outcome", "queue", "seat", "held", "notes", "secret", "ticket_id"),
    *("grade_asked", "recovered"),
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
VALUE = _fields("number", "name", "value", "numerator", "denominator", "recovered")
FIGURES = _fields("name", "from", "to", "seq", "provisional", figures=VALUE)
QUEUE_FIGURES = _fields("queue", **FIGURES)
SEAT_FIGURES = _fields("seat", **FIGURES)
ALARM = _fields("name", "title", "severity", "detail", "advice", "since")


@dataclass(frozen=True, slots=True)
class Place:
    """Where events of one kind go."""

    branch: str
    """Levels of the topic, before that of the thing."""
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
_FIGURES = Place("figures", "name", FIGURES, retained=True)
_QUEUE_FIGURES = Place("figures/queues", "queue", QUEUE_FIGURES, retained=True)
_SEAT_FIGURES = Place("figures/seats", "seat", SEAT_FIGURES, retained=True)
PLACES: Mapping[str, Place] = {
    "seat.changed": _SEAT,
    "queue.changed": _QUEUE,
    "trunk.changed": _TRUNK,
    "figures.changed": _FIGURES,
    "queue_figures.changed": _QUEUE_FIGURES,
    "seat_figures.changed": _SEAT_FIGURES,
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
_OF_THE_JOURNAL = frozenset({"ticket.stands", "clock.stepped"})
KINDS = (frozenset(FACT_OF_KIND) | frozenset(PLACES)) - _OF_THE_JOURNAL
"""Every kind of event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How everything that is retained is, as of event `seq` of the stream."""

    seq: int
    time: datetime
    seats: Sequence[Json]
    queues: Sequence[Json]
    trunks: Sequence[Json]
    alarms: Sequence[Json]
    figures: Sequence[Json]
    """As they were told last; none before they were told for the first time."""
    queue_figures: Sequence[Json]
    seat_figures: Sequence[Json]
    figures_follow: bool
    """Figures that are not told yet will be, one after the other."""

    def retained(self) -> Iterator[tuple[Place, Json]]:
        """Give each thing with its place."""
        for place, things in (
            (_SEAT, self.seats),
            (_QUEUE, self.queues),
            (_TRUNK, self.trunks),
            (_ALARM, self.alarms),
            (_FIGURES, self.figures),
            (_QUEUE_FIGURES, self.queue_figures),
            (_SEAT_FIGURES, self.seat_figures),
        ):
            for thing in things:
                yield place, thing


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is handed to the broker."""

    topic: str
    payload: bytes
    """Empty: the broker is to forget what it retains under this topic."""
    qos: int = AT_LEAST_ONCE
    retain: bool = False
    content_type: str = JSON_TYPE
    properties: Sequence[tuple[str, str]] = ()
    """MQTT 5's user properties."""
    expires_seconds: int | None = None


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
        branches = dict.fromkeys(place.branch for place in PLACES.values() if place.retained)
        return [f"{self._base}/{branch}/+" for branch in branches]

    def told_later(self, state: State) -> Iterator[str]:
        """Give the topics of figures that follow by and by; what an earlier controller told holds until then."""
        if state.figures_follow:
            yield f"{self._base}/{_FIGURES.branch}/{TODAY}"
            for place, figures, things in (
                (_QUEUE, _QUEUE_FIGURES, state.queues),
                (_SEAT, _SEAT_FIGURES, state.seats),
            ):
                for thing in things:
                    yield f"{self._base}/{figures.branch}/{_level(thing[place.key])}"

    def messages(self, letter: Letter, *, as_it_is: bool = True) -> Iterator[Message]:
        """Give what is published of an event, in this order.

        `as_it_is`: it tells how the thing is now; else how it was, and the broker is not to retain it.

        Raises:
            KeyError: the data do not say which thing it is about.

        """
        place = place_of(letter.type)
        key = _level(letter.data[place.key])
        topic = f"{self._base}/{place.branch}/{key}"
        retain = place.retained and as_it_is
        cleared = letter.type == "alarm.cleared"
        yield self._told(letter, topic, _public(letter.data, place.shape), retain=retain and not cleared)
        if cleared:
            yield Message(topic=topic, payload=b"", retain=as_it_is)
        if not place.retained:
            yield self._told(letter, f"{self._base}/private/{place.branch}/{key}", letter.data)

    def _told(self, letter: Letter, topic: str, data: Json, *, retain: bool = False) -> Message:
        properties = [("id", letter.id), ("type", letter.type)]
        return Message(
            topic=topic,
            payload=written(letter, data),
            qos=AT_MOST_ONCE if letter.is_fleeting else AT_LEAST_ONCE,
            retain=retain,
            properties=[*properties, ("redelivered", "true")] if letter.redelivered else properties,
            expires_seconds=FLEETING_SECONDS if letter.is_fleeting else None,
        )

    def state(self, state: State) -> Iterator[Message]:
        """Give what brings every retained topic up to date."""
        for place, thing in state.retained():
            message = {"type": "snapshot", "stream": self._stream, "seq": state.seq, "time": moment(state.time)}
            topic = f"{self._base}/{place.branch}/{_level(thing[place.key])}"
            yield Message(
                topic=topic,
                payload=_in_json(message | {"data": _public(thing, place.shape)}),
                retain=True,
                properties=[("type", "snapshot")],
            )


def written(letter: Letter, data: Json) -> bytes:
    """Write an event as it is told outside, with what of its data the receiver may read."""
    return _in_json(
        {
            "type": letter.type,
            "id": letter.id,
            "stream": letter.stream,
            "seq": letter.seq,
            "time": moment(letter.time),
            "data": data,
        }
    )


def is_kind(text: str) -> bool:
    """Whether this is a kind of event, or the beginning of some, such as `call.`."""
    return text in KINDS or (text.endswith(".") and any(kind.startswith(text) for kind in KINDS))


def place_of(kind: str) -> Place:
    """Say where events of this kind go."""
    return PLACES.get(kind, _OF_CALL)


def public_of(kind: str, data: Json) -> Json:
    """Give what everybody may read of an event's data."""
    told: Json = _public(data, place_of(kind).shape)
    return told


def _in_json(message: Json) -> bytes:
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
