"""What a unit IS: a department or street that handles what citizens ask for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One unit as the site's roster names it."""

    id: str
    name: str
    number: str
    parent: str | None = None
