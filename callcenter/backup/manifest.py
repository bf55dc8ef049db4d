"""What one backup holds, file by file with size and hash: written last, so that what has none is no backup."""

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from callcenter.domain.errors import CallcenterError

FILE_NAME = "manifest.json"
FORMAT = 1
"""Raised when an older program would misread a backup."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_ONLY_OURS = 0o600
_MOST_NAMED = 5  # files that one message names


class BackupError(CallcenterError):
    """A backup cannot be made or used; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class KeptFile:
    """One file of a backup."""

    size: int
    """In bytes."""
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """All that is known of one backup."""

    made: datetime
    program: str
    """Version of the program that made it."""
    database: str
    """`sqlite` or `postgresql`."""
    schema: str | None
    """Version of the tables."""
    journal_seq: int
    """Number of the newest entry of the journal; 0 where there is none."""
    journal_hash: str
    files: Mapping[str, KeptFile] = field(repr=False)
    """By path below the backup's folder."""

    @property
    def size(self) -> int:
        """All files together, in bytes."""
        return sum(file.size for file in self.files.values())

    def under(self, folder: str) -> Iterator[str]:
        """Give the paths of the files in one folder of the backup."""
        return (path for path in self.files if path.startswith(f"{folder}/"))

    def write(self, folder: Path) -> None:
        """Write it into the backup's folder. Raises OSError."""
        written = {
            "format": FORMAT,
            "made": self.made.isoformat(),
            "program": self.program,
            "database": self.database,
            "schema": self.schema,
            "journal": {"seq": self.journal_seq, "hash": self.journal_hash},
            "files": {path: {"size": file.size, "sha256": file.sha256} for path, file in sorted(self.files.items())},
        }
        handle = os.open(folder / FILE_NAME, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _ONLY_OURS)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(json.dumps(written, ensure_ascii=False, indent=1) + "\n")


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a backup.

    Raises:
        BackupError: there is none, it is damaged, or a newer program wrote it.

    """
    path = folder / FILE_NAME
    try:
        found = json.loads(path.read_bytes())
        if found["format"] > FORMAT:
            raise BackupError(f"{folder} was made by a newer version ({found['program']}); restore it with that one")
        return _manifest(found)
    except FileNotFoundError:
        raise BackupError(f"{folder} is no backup: it has no {FILE_NAME}") from None
    except OSError as error:
        raise BackupError(f"{path} cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BackupError(f"{path} is damaged; take another backup") from None


def _manifest(found: Mapping[str, Any]) -> Manifest:
    files = {_inside(path): KeptFile(int(file["size"]), _hash(file["sha256"])) for path, file in found["files"].items()}
    return Manifest(
        made=datetime.fromisoformat(found["made"]),
        program=str(found["program"]),
        database=str(found["database"]),
        schema=None if found["schema"] is None else str(found["schema"]),
        journal_seq=int(found["journal"]["seq"]),
        journal_hash=str(found["journal"]["hash"]),
        files=files,
    )


def check_files(folder: Path, manifest: Manifest) -> None:
    """Read every file of a backup, and compare it with what was written. Blocks for as long as the disk takes.

    Raises:
        BackupError: names the files that are missing or changed.

    """
    wrong = [path for path, file in manifest.files.items() if not _is_as_written(folder / path, file)]
    if wrong:
        named = ", ".join(wrong[:_MOST_NAMED]) + (" …" if len(wrong) > _MOST_NAMED else "")
        raise BackupError(
            f"{folder} is damaged: {len(wrong)} of {len(manifest.files)} files are not as written: {named}"
        )


def hash_of(path: Path) -> str:
    """Give the SHA-256 of a file. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_as_written(path: Path, kept: KeptFile) -> bool:
    try:
        return path.is_file() and path.stat().st_size == kept.size and hash_of(path) == kept.sha256
    except OSError:
        return False


def _inside(path: str) -> str:
    """Refuse a path that would lead out of the folder."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts:
        raise ValueError("a path that leads elsewhere")
    return path


def _hash(value: str) -> str:
    if not _SHA256.fullmatch(value):
        raise ValueError("no hash")
    return value
