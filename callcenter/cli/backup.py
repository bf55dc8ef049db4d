"""`callcenter backup` and `callcenter restore`: a home laid aside while it works, and brought back."""

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from callcenter.cli.options import HomeOption, SetOption, loaded_settings
from callcenter.cli.screen import UNUSABLE, say, stop

_NOBODY_ELSE = 0o077
_MB = 2**20


def backup(
    folder: Annotated[Path, typer.Argument(help="Where backups are kept; each is a folder of its own in it.")],
    *,
    home: HomeOption = None,
    assignments: SetOption = None,
) -> None:
    """Copy all that a hotline must not lose, while it works: database, recordings, secrets, settings, rosters, flows.

    The list of webhooks and the broker's certificate come with them, wherever the settings say that they lie.

    Makes FOLDER/DATE-TIME. A recording that the backup before holds already is linked to, and takes no room twice.
    Delete old ones with rm -r. PostgreSQL needs pg_dump on this machine.

    \b
    Examples:
      callcenter backup /backup
      callcenter backup /backup --home /var/lib/callcenter
    """  # noqa: D301 - \b is Click's mark for lines that stay as they are
    settings = loaded_settings(home, assignments).settings
    from callcenter.backup.make import make_backup  # noqa: PLC0415 - it loads the store, which is slow

    os.umask(_NOBODY_ELSE)
    made = asyncio.run(make_backup(settings, folder.absolute()))
    manifest = made.manifest
    sounds = len(list(manifest.under("recordings")))
    say(
        f"ok: {made.folder}: the journal up to entry {manifest.journal_seq}, {sounds} recordings, "
        f"{manifest.size / _MB:.1f} MB in {len(manifest.files)} files, {made.linked} of them as in the backup before"
    )


def restore(
    folder: Annotated[Path, typer.Argument(help="A backup, or the folder that holds several: then its newest.")],
    *,
    home: HomeOption = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace what the home and the database hold; it is laid aside.")
    ] = False,
    assignments: SetOption = None,
) -> None:
    """Bring a home back from a backup. The hotline of that home must be stopped, and the home empty.

    Every file is compared with the manifest first. Rosters, flows, the list of webhooks and the broker's certificate go
    into the home, and its settings name them.

    \b
    Examples:
      callcenter restore /backup --home /var/lib/callcenter
      callcenter restore /backup/2026-11-28T020000Z --home /var/lib/callcenter --force
    """  # noqa: D301
    if home is None:
        stop("name the home that is to be restored with --home", UNUSABLE)
    from callcenter.backup.restore import restore as bring_back  # noqa: PLC0415 - as above

    os.umask(_NOBODY_ELSE)
    restored = asyncio.run(
        bring_back(
            folder.absolute(),
            home.expanduser().absolute(),
            force=force,
            assignments=assignments or (),
            environment=os.environ,
        )
    )
    for note in restored.notes:
        say(note)
    if restored.replaced is not None:
        say(f"what stood there before is in {restored.replaced}")
    say(
        f"ok: {restored.backup.name}, made {restored.manifest.made:%Y-%m-%d %H:%M:%S} UTC, is restored, the journal up "
        f"to entry {restored.manifest.journal_seq}; now: callcenter journal verify --home {home}"
    )
