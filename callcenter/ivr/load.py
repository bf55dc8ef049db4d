"""Flow files from the disk: read, validated, and every mistake told at once with its line."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from pydantic_core import to_json

from callcenter.ivr.explain import explain
from callcenter.ivr.flow import FIELDS, MOST_NODES, WAY_FIELDS, Calendar, Flow, HoursNode, Node
from callcenter.ivr.mistakes import Mistake, nearest
from callcenter.ivr.places import Lines, Sheet, read_sheet
from callcenter.ivr.places import Path as Place

LARGEST_FILE = 256 * 1024
"""Bytes; the largest shipped flow has 4 kB, and what is much larger is no flow."""


_Model = TypeVar("_Model", bound=BaseModel)
_NODE: TypeAdapter[Node] = TypeAdapter(Annotated[Node, Field(discriminator="kind")])


@dataclass(frozen=True, slots=True)
class Draft:
    """A flow as far as it meets the schema, so that what is whole can be checked beside what is not."""

    name: str | None
    start: str | None
    operator: str | None
    nodes: dict[str, Node]
    broken: dict[str, list[tuple[tuple[str, ...], str]]]
    """Nodes that do not meet the schema, each with its ways on as far as they can be read."""


@dataclass(slots=True)
class Loaded:
    """One flow file as far as it could be read; `flow` is None when the schema is not met."""

    file: str
    flow: Flow | None = None
    draft: Draft | None = None
    lines: Lines = field(default_factory=lambda: Lines({}))
    mistakes: list[Mistake] = field(default_factory=list)

    def mistake(self, place: Place, wrong: str, instead: str) -> None:
        """Note a mistake at the line of this place."""
        self.mistakes.append(Mistake(self.file, self.lines.at(place), wrong, instead))


def load_folder(folder: Path) -> list[Loaded]:
    """Load every `*.yaml` of the folder, by name. A folder without flows gives nothing; reads files, so it blocks."""
    calendars: dict[str, tuple[Calendar | None, list[Mistake]]] = {}
    loaded = []
    for path in sorted(folder.glob("*.yaml")):
        one = load_flow(path)
        if one.flow is not None:
            _join_calendars(one, folder / "calendars", calendars)
        loaded.append(one)
    return loaded


def load_flow(path: Path) -> Loaded:
    """Load one file without its calendars. Never raises for what the file holds."""
    sheet = _read(path)
    loaded = Loaded(str(path), lines=sheet.lines, mistakes=sheet.mistakes)
    if sheet.data is not None:
        loaded.flow = _validated(Flow, sheet)
        if loaded.flow is not None:
            whole = loaded.flow
            loaded.draft = Draft(whole.name, whole.start, whole.operator, dict(whole.nodes), {})
        elif isinstance(sheet.data, dict) and len(sheet.data.get("nodes") or ()) <= MOST_NODES:
            loaded.draft = _draft(sheet.data)
    return loaded


def _draft(data: dict[str, Any]) -> Draft:
    nodes: dict[str, Node] = {}
    broken: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    written = data.get("nodes")
    for node_id, raw in written.items() if isinstance(written, dict) else ():
        try:
            nodes[node_id] = _NODE.validate_json(to_json(raw))
        except ValidationError:
            broken[node_id] = list(_readable_ways(raw))
    start, operator, name = (
        value if isinstance(value := data.get(key), str) else None for key in ("start", "operator", "name")
    )
    return Draft(name, start, operator, nodes, broken)


def _readable_ways(raw: object) -> Iterator[tuple[tuple[str, ...], str]]:
    if not isinstance(raw, dict):
        return
    for field_name in WAY_FIELDS:
        if isinstance(target := raw.get(field_name), str):
            yield (field_name,), target
    for field_name in ("keys", "exits"):
        if isinstance(inner := raw.get(field_name), dict):
            yield from (((field_name, key), target) for key, target in inner.items() if isinstance(target, str))


def load_calendar(path: Path) -> tuple[Calendar | None, list[Mistake]]:
    """Load one calendar; None when it does not meet the schema. Never raises for what the file holds."""
    sheet = _read(path)
    return (None if sheet.data is None else _validated(Calendar, sheet)), sheet.mistakes


def _read(path: Path) -> Sheet:
    try:
        raw = path.read_bytes()
    except OSError as error:
        sheet = Sheet(str(path))
        sheet.mistake(1, f"the file cannot be read ({error.strerror})", "check its owner and its rights")
        return sheet
    if len(raw) > LARGEST_FILE:
        sheet = Sheet(str(path))
        sheet.mistake(1, f"the file has more than {LARGEST_FILE // 1024} kB", "write a smaller flow")
        return sheet
    return read_sheet(str(path), raw, fields=FIELDS)


def _join_calendars(loaded: Loaded, folder: Path, known: dict[str, tuple[Calendar | None, list[Mistake]]]) -> None:
    flow = loaded.flow
    assert flow is not None
    nodes = dict(flow.nodes)
    for node_id, node in flow.nodes.items():
        if not isinstance(node, HoursNode) or node.calendar is None:
            continue
        place = ("nodes", node_id, "calendar")
        path = folder / f"{node.calendar}.yaml"
        if not path.is_file():
            close = nearest(node.calendar, (other.stem for other in folder.glob("*.yaml")))
            instead = f"write '{close}'" if close else f"make the file calendars/{node.calendar}.yaml"
            loaded.mistake(place, f"there is no calendar '{node.calendar}'", instead)
            continue
        if node.calendar not in known:
            known[node.calendar] = load_calendar(path)
        calendar, mistakes = known[node.calendar]
        loaded.mistakes += [mistake for mistake in mistakes if mistake not in loaded.mistakes]
        if calendar is not None:
            # What the node itself says of a day wins over the calendar.
            worked = {
                day: weekday for day, weekday in calendar.make_up_workdays.items() if day not in node.holidays
            } | node.make_up_workdays
            off = {day for day in calendar.holidays if day not in node.make_up_workdays} | set(node.holidays)
            nodes[node_id] = node.model_copy(update={"holidays": tuple(sorted(off)), "make_up_workdays": worked})
    loaded.flow = flow.model_copy(update={"nodes": nodes})


def _validated(model: type[_Model], sheet: Sheet) -> _Model | None:
    try:
        # By way of JSON, since only there strict pydantic takes a list for a tuple and a word for an enum.
        return model.model_validate_json(to_json(sheet.data))
    except ValidationError as error:
        for details in error.errors(include_url=False):
            explain(model, sheet, details)
    return None
