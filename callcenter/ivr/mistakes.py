"""A mistake in a flow file, told so that the one who wrote the file can put it right."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import NoReturn

from pydantic_core import PydanticCustomError


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """One thing that is wrong in one place. Written `FILE:LINE: what is wrong; what to write instead`."""

    file: str
    line: int
    """First line is 1."""
    wrong: str
    instead: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.wrong}; {self.instead}"


def refuse(wrong: str, instead: str) -> NoReturn:
    """Refuse a value while it is validated, in the two halves that a mistake is told in."""
    raise PydanticCustomError("mistake", "{wrong}; {instead}", {"wrong": wrong, "instead": instead})


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Give the known word that was most likely meant, or None when nothing comes close."""
    found = get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return found[0] if found else None


def listed(words: Iterable[str]) -> str:
    """Give the words as a list for reading: `a, b or c`."""
    ordered = list(words)
    if len(ordered) < 2:  # noqa: PLR2004 - a list for reading begins with two
        return "".join(ordered)
    return f"{', '.join(ordered[:-1])} or {ordered[-1]}"
