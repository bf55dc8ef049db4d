"""The live picture as one who watches keeps it: the snapshot of the events, and every event folded into it.

Knows only what the contract (§5) and docs/api.md say. `differences` holds it against a fresh snapshot.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from callcenter.api.document import openapi_document

Json = dict[str, Any]

_CALL = frozenset(openapi_document()["components"]["schemas"]["Call"]["properties"])
"""Fields of a call; what else stands in the data of its events is special to the event."""
_WITHOUT_SEAT = frozenset({"call.missed", "call.refused", "call.failed", "call.requeued"})
"""Name the seat that was, and the call has none any more."""
_TIME_PASSES = ("longest_wait",)
"""Changes without an event: whoever shows it counts by himself, from `since` of the one who has waited longest."""


class Picture:
    """What one who watches knows."""

    def __init__(self, snapshot: Json) -> None:
        self.calls: dict[str, Json] = {call["id"]: call for call in snapshot["calls"]}
        self.seats: dict[str, Json] = {seat["extension"]: seat for seat in snapshot["seats"]}
        self.queues: dict[str, Json] = {queue["name"]: queue for queue in snapshot["queues"]}
        self.trunks: dict[str, Json] = {trunk["name"]: trunk for trunk in snapshot["trunks"]}
        self.alarms: dict[str, Json] = {alarm["name"]: alarm for alarm in snapshot["alarms"]}

    def fold(self, kind: str, data: Json) -> None:
        """Take one event in."""
        if data.get("recovered") and "call_id" in data:
            self._change(data["call_id"], recovered=True)
        match kind:
            case "seat.changed":
                self.seats[data["extension"]] = data
            case "queue.changed":
                self.queues[data["name"]] = data
            case "trunk.changed":
                self.trunks[data["name"]] = data
            case "alarm.raised":
                self.alarms[data["name"]] = data
            case "alarm.cleared":
                self.alarms.pop(data["name"], None)
            case "ticket.changed":
                for call_id in data["call_ids"]:
                    self._change(call_id, ticket_id=data["id"])
            case "leg.changed":
                self._leg(data)
            case "recording.changed":
                self._recording(data)
            case "notes.changed":
                self._change(data["call_id"], notes=data["state"])
            case "utterance.final":
                self._words(data)
            case _ if kind.startswith("call.") or kind == "secret.changed":
                self._call(kind, data)
            case _:
                pass  # what may still change, and what is not of the live picture

    def _call(self, kind: str, data: Json) -> None:
        call = {name: value for name, value in data.items() if name in _CALL}
        if kind in _WITHOUT_SEAT:
            call["seat"] = None
        if call["state"] == "ended":
            self.calls.pop(call["id"], None)
        else:
            self.calls[call["id"]] = call

    def _change(self, call_id: str, **fields: Any) -> None:
        if call_id in self.calls:
            self.calls[call_id] = {**self.calls[call_id], **fields}

    def _leg(self, data: Json) -> None:
        leg = {name: value for name, value in data.items() if name != "recovered"}
        call = self.calls.get(leg.pop("call_id"))
        if call is not None:
            known = [each["id"] for each in call["legs"]]
            legs = [leg if each["id"] == leg["id"] else each for each in call["legs"]]
            self._change(call["id"], legs=legs if leg["id"] in known else [*legs, leg])

    def _recording(self, data: Json) -> None:
        recording = {name: value for name, value in data.items() if name != "recovered"}
        call = self.calls.get(recording.pop("call_id"))
        if call is not None:
            secrets = [] if call["recording"] is None else call["recording"]["secrets"]
            self._change(call["id"], recording={**recording, "secrets": secrets})

    def _words(self, data: Json) -> None:
        said = {name: value for name, value in data.items() if name != "recovered"}
        call = self.calls.get(said.pop("call_id"))
        if call is not None:
            others = [each for each in call["utterances"] if each["id"] != said["id"]]
            self._change(call["id"], utterances=sorted([*others, said], key=lambda each: (each["start"], each["end"])))

    def differences(self, snapshot: Json) -> list[str]:
        """Say where a fresh snapshot is another one than this; nothing where they are equal."""
        fresh = Picture(snapshot)
        return [
            line
            for part in ("calls", "seats", "queues", "trunks", "alarms")
            for line in _between(part, getattr(self, part), getattr(fresh, part))
        ]


def _between(place: str, folded: Any, fresh: Any) -> Iterator[str]:
    if isinstance(folded, Mapping) and isinstance(fresh, Mapping):
        for name in sorted({*folded, *fresh} - {*_TIME_PASSES}):
            if name not in folded or name not in fresh:
                yield f"{place}.{name} is only {'in the snapshot' if name in fresh else 'folded'}"
            else:
                yield from _between(f"{place}.{name}", folded[name], fresh[name])
    elif isinstance(folded, list) and isinstance(fresh, list) and len(folded) == len(fresh):
        for index, (one, other) in enumerate(zip(folded, fresh, strict=True)):
            yield from _between(f"{place}[{index}]", one, other)
    elif folded != fresh:
        yield f"{place} is {folded!r} folded, {fresh!r} in the snapshot"
