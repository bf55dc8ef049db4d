"""What the schema found wrong, said in plain words with what to write instead."""

from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from callcenter.ivr.flow import NODE_KINDS, Exits, Spoken
from callcenter.ivr.mistakes import listed, nearest
from callcenter.ivr.places import Path, Sheet

_NODE_DEPTH = 2
"""Places below a node begin behind `nodes` and the node's name."""

_MUST_BE = {
    "string_type": "words",
    "string_sub_type": "words",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "tuple_type": "a list",
    "dict_type": "a mapping of names to values",
    "model_type": "a mapping of names to values",
    "model_attributes_type": "a mapping of names to values",
}


def explain(model: type[BaseModel], sheet: Sheet, details: ErrorDetails) -> None:
    """Note what this error of pydantic means for the one who wrote the file."""
    path = _written_path(sheet.data, details["loc"])
    place, wrong, instead = _in_words(_model_at(model, details["loc"]), path, details)
    sheet.mistake(sheet.lines.at(place), wrong, instead)


def _in_words(owner: type[BaseModel], path: Path, details: ErrorDetails) -> tuple[Path, str, str]:
    """Give the place to point at, what is wrong there, and what to write instead."""
    given = details["input"]
    context: dict[str, Any] = details.get("ctx", {})
    name = str(path[-1]) if path else ""
    it = f"{_inside(path[:-1])}'{name}'"
    if path and isinstance(path[-1], int):
        it = f"{_inside(path[:-2])}'{path[-2]}', item {path[-1] + 1},"
    match details["type"]:
        case "mistake":
            return path, f"{_inside(path)}{context['wrong']}", context["instead"]
        case "missing":
            return path[:-1], *_missing(owner, path[:-1], name)
        case "extra_forbidden":
            known = owner.model_fields
            close = nearest(name, known)
            instead = f"write '{close}'" if close else f"take it out; known here are {listed(known)}"
            return path, f"{it} is not known", instead
        case "union_tag_invalid":
            kind = str(context["tag"])
            close = nearest(kind, NODE_KINDS)
            instead = f"write 'kind: {close}'" if close else f"write one of {listed(NODE_KINDS)}"
            return (*path, "kind"), f"{_inside(path)}there is no kind '{kind}'", instead
        case "union_tag_not_found":
            return path, f"{_inside(path)}it has no 'kind'", f"write 'kind: ...' with one of {listed(NODE_KINDS)}"
        case "too_short" | "string_too_short":
            return path, f"{it} is empty", _example(owner, name)
        case "too_long":
            return path, f"{it} holds {context['actual_length']}", f"write at most {context['max_length']}"
        case "greater_than_equal":
            return path, f"{it} is {given}", f"write {context['ge']:g} or more"
        case "less_than_equal":
            return path, f"{it} is {given}", f"write {context['le']:g} or less"
        case "literal_error" | "enum":
            allowed = [word.strip(" '") for word in str(context["expected"]).replace(" or ", ",").split(",")]
            close = nearest(str(given), allowed)
            instead = f"write '{close}'" if close else f"write {listed(repr(word) for word in allowed)}"
            is_key = details["loc"][-1] == "[key]"
            return path, f"{it} is not known" if is_key else f"{it} cannot be {_shown(given)}", instead
        case kind if kind in _MUST_BE and not path:
            return path, f"the file must hold {_MUST_BE[kind]}, not {_shown(given)}", "see ivr_flows/README.md"
        case kind if kind in _MUST_BE:
            is_number = isinstance(given, int | float) and not isinstance(given, bool)
            unquoted = kind == "string_type" and is_number
            instead = f"put it in quotes: '{given}'" if unquoted else _example(owner, name)
            return path, f"{it} must be {_MUST_BE[kind]}, not {_shown(given)}", instead
        case _:
            return path, f"{it}: {details['msg']}", "see ivr_flows/README.md"


def _missing(owner: type[BaseModel], around: Path, name: str) -> tuple[str, str]:
    if name == "next":
        return (
            f"{_inside(around)}it is a dead end: 'next' is missing",
            "write 'next: NODE', or make it a queue or hang_up node",
        )
    if name == "first_digit_seconds":
        return (
            f"{_inside(around)}it has no time-out: 'first_digit_seconds' is missing",
            "write 'first_digit_seconds: 5'",
        )
    return f"{_inside(around)}'{name}' is missing", _example(owner, name)


def _example(owner: type[BaseModel], name: str) -> str:
    found = owner.model_fields.get(name)
    if found is None or not found.examples:
        return "see ivr_flows/README.md"
    return f"write '{name}: {found.examples[0]}'"


def _inside(path: Path) -> str:
    if len(path) < _NODE_DEPTH or path[0] != "nodes":
        return ""
    below = "".join(f", {word}" for word in path[_NODE_DEPTH:] if isinstance(word, str))
    return f"node '{path[1]}'{below}: "


def _shown(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case dict():
            return "a mapping"
        case list() | tuple():
            return "a list"
        case _:
            return repr(value)


def _written_path(data: Any, loc: tuple[str | int, ...]) -> Path:
    """Turn pydantic's place into the place in the file, which knows no tags and lets a list of one stand bare."""
    path: list[str | int] = []
    here = data
    for depth, step in enumerate(loc):
        is_tag = depth == _NODE_DEPTH and loc[0] == "nodes" and step in NODE_KINDS
        if is_tag or step == "[key]" or (isinstance(step, int) and not isinstance(here, list)):
            continue
        path.append(step)
        if isinstance(here, dict):
            here = here.get(str(step))
        elif isinstance(here, list) and isinstance(step, int) and step < len(here):
            here = here[step]
        else:
            here = None
    return tuple(path)


def _model_at(model: type[BaseModel], loc: tuple[str | int, ...]) -> type[BaseModel]:
    """Find the model that owns the last step of this place."""
    if len(loc) <= _NODE_DEPTH or loc[0] != "nodes" or loc[_NODE_DEPTH] not in NODE_KINDS:
        return model
    below = loc[_NODE_DEPTH + 1 : -1]
    if not below:
        return NODE_KINDS[str(loc[_NODE_DEPTH])]
    return Exits if below[0] == "exits" else Spoken
