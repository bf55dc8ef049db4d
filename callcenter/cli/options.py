"""Options that several commands share, and the settings they lead to."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from callcenter.settings_sources import Loaded, load_settings

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home", metavar="DIR", help="Folder that holds all that a run writes. Default: var/", show_default=False
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="NAME=VALUE", help="Any setting, see `callcenter settings show`.", show_default=False
    ),
]
FullOption = Annotated[bool, typer.Option("--full", help="Show callers' numbers whole, not only the last four digits.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, as the API gives it (nothing is hidden).")]


def loaded_settings(home: Path | None, assignments: Sequence[str] | None, **flags: str | None) -> Loaded:
    """Read the settings of this home.

    Raises:
        SettingsError: a setting is unknown or wrong.

    """
    return load_settings(
        flags={"home": None if home is None else str(home), **flags},
        assignments=assignments or (),
        environment=os.environ,
    )
