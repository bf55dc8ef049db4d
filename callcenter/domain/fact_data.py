"""Facts as the journal keeps them: the fields of each as JSON values, and back."""

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from functools import cache
from operator import attrgetter
from typing import Any

from callcenter.domain.facts import FACT_OF_KIND, Fact


def to_data(fact: Fact) -> dict[str, Any]:
    """Give the fact's own fields as JSON values; time, call and `recovered` stand beside them in the journal."""
    of: Any = type(fact)
    written: dict[str, Any] = _fields_writer(of, beside=_BESIDE)(fact)
    return written


def from_data(kind: str, data: Mapping[str, Any], *, at: datetime, call_id: str | None, recovered: bool) -> Fact:
    """Rebuild a fact from a journal entry.

    Raises:
        ValueError: the kind is unknown or the data do not fit it.

    """
    fact_type = FACT_OF_KIND.get(kind)
    if fact_type is None:
        raise ValueError(f"unknown kind of fact: {kind}")
    of: Any = fact_type
    form = _form(of)
    values = form.read(data)
    if form.is_of_call:
        values["call_id"] = call_id
    try:
        return fact_type(at=at, recovered=recovered, **values)
    except TypeError as error:
        raise ValueError(f"entry of kind {kind} lacks a field: {error}") from error


_BESIDE = frozenset({"at", "call_id", "recovered"})


@cache
def _names(of: type) -> tuple[str, ...]:
    """Give the names of a class's fields; found out once, for each fact of each call is written with them."""
    return tuple(field.name for field in dataclasses.fields(of))


def _plain(value: Any) -> Any:
    of: Any = type(value)
    write = _writer(of)
    return value if write is None else write(value)


def _each_plain(values: tuple[Any, ...]) -> list[Any]:
    return [_plain(value) for value in values]


_Writer = Callable[[Any], Any]


@cache
def _writer(of: Any) -> _Writer | None:
    """Give how a value of this class becomes JSON; None where it is one already."""
    if of is datetime:
        return datetime.isoformat
    if issubclass(of, StrEnum):
        return attrgetter("_value_")  # `value` asks the enumeration, which takes ten times as long
    if of is tuple:
        return _each_plain
    return _fields_writer(of) if bool(dataclasses.is_dataclass(of)) else None


@cache
def _fields_writer(of: Any, *, beside: frozenset[str] = frozenset()) -> _Writer:
    """Give how the fields of a class are written, without those beside."""
    names = tuple(name for name in _names(of) if name not in beside)
    match names:
        case ():
            return lambda _: {}
        case (name,):
            get = attrgetter(name)
            return lambda value: {name: _plain(get(value))}
        case _:
            get_all = attrgetter(*names)
            return lambda value: dict(zip(names, map(_plain, get_all(value)), strict=True))


_Reader = Callable[[Any], Any]


@dataclasses.dataclass(frozen=True, slots=True)
class _Form:
    """How the values of a class are read out of JSON."""

    names: frozenset[str]
    """Its fields, without those that stand beside the data of a fact."""
    turned: tuple[tuple[str, _Reader], ...]
    """Those of them whose JSON value is not yet the value."""
    is_of_call: bool

    def read(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Give the fields that the data tell; what a later version added is left out."""
        names = self.names
        values = dict(data) if names.issuperset(data) else {name: data[name] for name in names.intersection(data)}
        for name, turn in self.turned:
            if name in values:
                values[name] = turn(values[name])
        return values


@cache
def _form(of: Any, *, beside: frozenset[str] = _BESIDE) -> _Form:
    """Give how a class is read; found out once, since a journal of a million entries is read with it."""
    hints = typing.get_type_hints(of)
    readers = {name: _reader(hints[name]) for name in _names(of) if name not in beside}
    turned = tuple((name, reader) for name, reader in readers.items() if reader is not None)
    return _Form(frozenset(readers), turned, is_of_call="call_id" in _names(of))


def _reader(wanted: Any) -> _Reader | None:
    """Give how a JSON value becomes one of this type; None where it is one already."""
    origin = typing.get_origin(wanted)
    if origin in (types.UnionType, typing.Union):
        inner = _reader(next(arg for arg in typing.get_args(wanted) if arg is not type(None)))
        return None if inner is None else lambda value: None if value is None else inner(value)
    if origin is tuple:
        each = _reader(typing.get_args(wanted)[0])
        return tuple if each is None else lambda value: tuple(map(each, value))
    if wanted is datetime:
        return datetime.fromisoformat
    if isinstance(wanted, type) and issubclass(wanted, StrEnum):
        return _of_enum(wanted)
    if isinstance(wanted, type) and dataclasses.is_dataclass(wanted):
        read = _form(wanted, beside=frozenset()).read
        return lambda value: wanted(**read(value))
    return None


def _of_enum(wanted: type[StrEnum]) -> _Reader:
    known = {each.value: each for each in wanted}  # to ask the enumeration itself takes three times as long
    return lambda value: known[value] if value in known else wanted(value)
