"""Rows put into their tables by statements that are made once: to make one takes longer than to carry it out."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Insert, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from callcenter.storage.tables import Row

_Thing = TypeVar("_Thing")
_SEVERAL = 300  # rows in one statement: below SQLite's and PostgreSQL's limits on values


async def add(session: AsyncSession, row: type[Row], values: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows. Where one stands there already the store says UnfitError."""
    await _each(session, _insert(row, dialect_of(session)), values)


async def add_missing(session: AsyncSession, row: type[Row], values: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, and leave those alone whose key stands there already."""
    await _each(session, _insert_missing(row, dialect_of(session)), values)


async def put(session: AsyncSession, row: type[Row], values: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, or overwrite those whose key stands there already."""
    await _each(session, _upsert(row, dialect_of(session)), values)


def dialect_of(session: AsyncSession) -> str:
    """`sqlite` or `postgresql`."""
    return session.get_bind().dialect.name


def table_of(row: type[Row]) -> Table:
    """Give the table itself: a statement on it goes past the bookkeeping for objects, which costs as much again."""
    table = row.__table__
    assert isinstance(table, Table)
    return table


def insert_into(table: Table, dialect: str) -> postgresql.Insert | sqlite.Insert:
    """Begin an insert that may say what is to be done where a row stands there already."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def parts(things: Sequence[_Thing]) -> Iterable[Sequence[_Thing]]:
    """Give them in so many parts that each fits into one statement."""
    return (things[start : start + _SEVERAL] for start in range(0, len(things), _SEVERAL))


async def _each(session: AsyncSession, statement: Insert, values: Sequence[Mapping[str, Any]]) -> None:
    for some in parts(values):
        await session.execute(statement, [*map(dict, some)])


@cache
def _insert(row: type[Row], dialect: str) -> Insert:
    return insert_into(table_of(row), dialect)


@cache
def _insert_missing(row: type[Row], dialect: str) -> Insert:
    return insert_into(table_of(row), dialect).on_conflict_do_nothing()


@cache
def _upsert(row: type[Row], dialect: str) -> Insert:
    table = table_of(row)
    keys = [column.name for column in table.primary_key]
    statement = insert_into(table, dialect)
    others = {column.name: statement.excluded[column.name] for column in table.columns if column.name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=others)
