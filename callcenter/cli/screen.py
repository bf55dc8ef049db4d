"""What people see of the command line: tables, and how an error ends a command."""

import json
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

import typer

from callcenter.domain.numbers import masked

FAILED = 1
"""Exit code: the hotline says no, or something was found to be wrong."""
UNUSABLE = 2
"""Exit code: the command, its settings or its home cannot be used; nothing was done."""


def say(line: str) -> None:
    """Print one line."""
    typer.echo(line)


def stop(lines: str | Iterable[str], code: int) -> NoReturn:
    """Print to the error stream and end with this exit code."""
    for line in [lines] if isinstance(lines, str) else lines:
        typer.echo(f"callcenter: {line}", err=True)
    raise typer.Exit(code)


def say_json(value: object) -> None:
    """Print for programs."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")


def say_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows under their heads, columns under each other also where Chinese stands in them."""
    lines = [list(head), *[list(row) for row in rows]]
    widths = [max(_width(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        cells = [cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True)]
        typer.echo("  ".join(cells).rstrip())


def number_shown(number: str | None, *, full: bool) -> str:
    """Show a caller's number: its last four digits, or all of it for those who ask."""
    if number is None:
        return "-"
    return number if full else masked(number)


def cell(value: Any) -> str:
    """Show a value in a table."""
    match value:
        case None | "":
            return "-"
        case bool():
            return "yes" if value else "no"
        case Mapping() | list():
            return json.dumps(value, ensure_ascii=False)
        case _:
            return str(value)


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)
