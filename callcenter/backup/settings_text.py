"""The settings file of a backup, changed so that a restored home finds its files; all else stays as it was written."""

import re
import tomllib
from pathlib import Path
from typing import Any


class SettingsText:
    """The text of a settings file, and what is written in it."""

    def __init__(self, text: str) -> None:
        """Take a text that has been read as settings before. Raises TOMLDecodeError."""
        self.written = tomllib.loads(text)
        self._text = text
        self._added = ""

    @property
    def text(self) -> str:
        """All of it, as it is now; what was added stands before the first line, since a table may begin there."""
        return self._added + self._text

    def set_to(self, setting: str, name: str) -> bool:
        """Have a setting name what lies in the home; False where it is written in a way that cannot be changed here."""
        line = f'{setting} = "{name}"  # as restored'
        if setting not in self.written:
            self._added += f"{line}\n"
            return True
        wanted = self.written | {setting: name}
        written_so = re.compile(rf"""^[ \t]*["']?{re.escape(setting)}["']?[ \t]*=.*$""", re.MULTILINE)
        for found in written_so.finditer(self._text):
            changed = f"{self._text[: found.start()]}{line}; before: {found[0].strip()}{self._text[found.end() :]}"
            if _read(changed) == wanted:  # else it was a line within the text of another setting
                self._text, self.written = changed, wanted
                return True
        return False


def read_settings_text(file: Path) -> SettingsText:
    """Read the settings of a backup; one without any has an empty text. Raises OSError and TOMLDecodeError."""
    return SettingsText(file.read_text("utf-8-sig") if file.exists() else "")


def _read(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
