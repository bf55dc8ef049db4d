"""Facts as the journal keeps them: the fields of each as JSON values, and back."""

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from functools import cache, partial
from typing import Any

from callcenter.domain.facts import FACT_OF_KIND, Fact


def to_data(fact: Fact) -> dict[str, Any]:
    """Give the fact's own fields as JSON values; time, call and `recovered` stand beside them in the journal."""
    of: Any = type(fact)
    return {name: _plain(getattr(fact, name)) for name in _names(of) if name not in _BESIDE}


def from_data(kind: str, data: Mapping[str, Any], *, at: datetime, call_id: str | None, recovered: bool) -> Fact:
    """Rebuild a fact from a journal entry.

    Raises:
        ValueError: the kind is unknown or the data do not fit it.

    """
    fact_type = FACT_OF_KIND.get(kind)
    if fact_type is None:
        raise ValueError(f"unknown kind of fact: {kind}")
    of: Any = fact_type
    readers = _readers(of)
    values = {name: readers[name](value) for name, value in data.items() if name in readers and name not in _BESIDE}
    if "call_id" in readers:
        values["call_id"] = call_id
    try:
        return fact_type(at=at, recovered=recovered, **values)
    except TypeError as error:
        raise ValueError(f"entry of kind {kind} lacks a field: {error}") from error


_BESIDE = frozenset({"at", "call_id", "recovered"})
_PLAIN = frozenset({str, int, float, bool, type(None)})


@cache
def _names(of: type) -> tuple[str, ...]:
    """Give the names of a class's fields; found out once, for each fact of each call is written with them."""
    return tuple(field.name for field in dataclasses.fields(of))


def _plain(value: Any) -> Any:
    of = type(value)
    if of in _PLAIN:
        return value
    if of is datetime:
        return value.isoformat()
    if isinstance(value, StrEnum):
        return value.value
    if dataclasses.is_dataclass(of):
        return {name: _plain(getattr(value, name)) for name in _names(of)}
    if of is tuple:
        return [_plain(item) for item in value]
    return value


_Reader = Callable[[Any], Any]


@cache
def _readers(of: type) -> Mapping[str, _Reader]:
    """Give how each field of a class is read; found out once, since a journal of a million entries is read with it."""
    hints = typing.get_type_hints(of)
    return {name: _reader(hints[name]) for name in _names(of)}


def _reader(wanted: Any) -> _Reader:
    """Give how a JSON value becomes one of this type."""
    origin = typing.get_origin(wanted)
    if origin in (types.UnionType, typing.Union):
        inner = _reader(next(arg for arg in typing.get_args(wanted) if arg is not type(None)))
        return lambda value: None if value is None else inner(value)
    if origin is tuple:
        inner = _reader(typing.get_args(wanted)[0])
        return lambda value: tuple(map(inner, value))
    if wanted is datetime:
        return datetime.fromisoformat
    if isinstance(wanted, type) and issubclass(wanted, StrEnum):
        return wanted
    if isinstance(wanted, type) and dataclasses.is_dataclass(wanted):
        return partial(_read, wanted)
    return _as_it_is


def _read(wanted: type, value: Mapping[str, Any]) -> Any:
    readers = _readers(wanted)
    return wanted(**{name: readers[name](item) for name, item in value.items() if name in readers})


def _as_it_is(value: Any) -> Any:
    return value
