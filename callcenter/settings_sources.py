"""Where settings come from: the home's file, then the environment, then flags; the later wins.

Every mistake of every source is told at once, one line each, with the place it was written at.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError
from pydantic_core import ErrorDetails

from callcenter.domain.errors import CallcenterError
from callcenter.setting_fields import CHECKOUT
from callcenter.settings import Settings, environment_name

FILE_NAME = "callcenter.toml"
"""The settings file of a home."""

_PREFIX = "CALLCENTER_"
_NOT_OURS = "CALLCENTER_TEST_"  # belongs to the tests
_TOML_LINE = re.compile(r" \(at line (\d+), column \d+\)| \(at end of document\)")
_LONGEST_SHOWN = 60  # characters of a wrong value that are repeated to the one who wrote it


class SettingsError(CallcenterError):
    """Settings that cannot be used; `lines` holds every mistake, with where it was written and what to write."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = tuple(lines)


@dataclass(frozen=True, slots=True)
class _Written:
    """One value as it was written, and where."""

    value: Any
    origin: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, and where each value came from."""

    settings: Settings
    origins: Mapping[str, str]
    """For each setting: `default`, `FILE:LINE`, `environment variable NAME` or `flag --NAME`."""

    def rows(self) -> list[tuple[str, str, str]]:
        """Give name, value and origin of every setting, secrets hidden."""
        return [
            (name, _shown(name, getattr(self.settings, name)), self.origins[name]) for name in Settings.model_fields
        ]


def load_settings(
    *, flags: Mapping[str, str | None], assignments: Sequence[str] = (), environment: Mapping[str, str]
) -> Loaded:
    """Read all sources. `flags` are settings by name (None: not given), `assignments` are `NAME=VALUE` of `--set`.

    Reads the home's file, so it blocks.

    Raises:
        SettingsError: with a line for each mistake.

    """
    mistakes: list[str] = []
    later = {**_from_environment(environment, mistakes), **_from_flags(flags, assignments, mistakes)}
    home = _home(later)
    written = {**_from_file(home / FILE_NAME, mistakes), **later}
    origins = {name: written[name].origin if name in written else "default" for name in Settings.model_fields}
    try:
        settings = Settings.model_validate(
            {name: one.value for name, one in written.items()} | _absolute(written, home)
        )
    except ValidationError as error:
        for details in error.errors(include_url=False, include_context=True):
            name = str(details["loc"][0])
            mistakes.append(f"{origins[name]}: {name} {_in_words(name, details, written[name])}; {_instead(name)}")
        raise SettingsError(mistakes) from error
    mistakes += [f"{origins[name]}: {name} is {wrong}; {instead}" for name, wrong, instead in settings.faults()]
    if mistakes:
        raise SettingsError(mistakes)
    return Loaded(settings, origins)


def cache_folder(environment: Mapping[str, str]) -> Path:
    """Give the folder that all homes of this user share: for what is large and the same for all."""
    return Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "callcenter"


def _home(later: Mapping[str, _Written]) -> Path:
    written = later.get("home")
    if written is None:
        return CHECKOUT / "var"
    if not str(written.value):
        return CHECKOUT / "var"  # told below, like every wrong value
    return expanded(written.value).absolute()


def expanded(path: str) -> Path:
    """Read `~` and `~USER` as the folder of that user; where there is none, it is an ordinary name."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def _absolute(written: Mapping[str, _Written], home: Path) -> dict[str, Path]:
    """Folders and files named in the home's file are seen from the home, others from where the command was given."""
    found = {} if "home" in written and not str(written["home"].value) else {"home": home}
    for name, one in written.items():
        if name != "home" and _is_path(name) and isinstance(one.value, str) and one.value:
            path = expanded(one.value)
            found[name] = home / path if one.origin.startswith(str(home)) else path.absolute()
    return found


def _is_path(name: str) -> bool:
    return "Path" in str(Settings.model_fields[name].annotation)


def _from_file(path: Path, mistakes: list[str]) -> dict[str, _Written]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except UnicodeDecodeError:
        mistakes.append(f"{path}: this is not UTF-8 text; save the file as UTF-8")
        return {}
    except OSError as error:
        mistakes.append(f"{path}: the file cannot be read ({error.strerror}); check its owner and its rights")
        return {}
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _TOML_LINE.search(str(error))
        line = found[1] if found and found[1] else text.count("\n") + 1
        problem = _TOML_LINE.sub("", str(error))
        mistakes.append(f'{path}:{line}: this is not TOML: {problem}; write lines such as hotline = "12345"')
        return {}
    settings: dict[str, _Written] = {}
    for name, value in data.items():
        origin = f"{path}:{_line_of(name, text)}"
        if name == "home":
            mistakes.append(f"{origin}: home cannot be set in the home itself; use --home or CALLCENTER_HOME")
        elif name not in Settings.model_fields:
            mistakes.append(f"{origin}: there is no setting '{name}'; {_nearest_setting(name)}")
        else:
            settings[name] = _Written(value, origin)
    return settings


def _line_of(name: str, text: str) -> int:
    begins = re.compile(rf"""\s*\[?\s*["']?{re.escape(name)}["']?\s*[=.\]]""")
    for number, line in enumerate(text.splitlines(), start=1):
        if begins.match(line):
            return number
    return 1


def _from_environment(environment: Mapping[str, str], mistakes: list[str]) -> dict[str, _Written]:
    settings: dict[str, _Written] = {}
    for variable, value in sorted(environment.items()):
        if not variable.startswith(_PREFIX) or variable.startswith(_NOT_OURS):
            continue
        name = variable.removeprefix(_PREFIX).lower()
        if variable != environment_name(name) or name not in Settings.model_fields:
            close = _nearest(name)
            instead = f"write {environment_name(close)}" if close else "take it out"
            mistakes.append(f"environment variable {variable}: there is no such setting; {instead}")
        else:
            settings[name] = _Written(value, f"environment variable {variable}")
    return settings


def _from_flags(
    flags: Mapping[str, str | None], assignments: Sequence[str], mistakes: list[str]
) -> dict[str, _Written]:
    settings: dict[str, _Written] = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        name = name.strip().replace("-", "_")
        if not equals:
            mistakes.append(f"flag --set: '{assignment}' has no =; write --set NAME=VALUE")
        elif name not in Settings.model_fields:
            mistakes.append(f"flag --set: there is no setting '{name}'; {_nearest_setting(name)}")
        else:
            settings[name] = _Written(value.strip(), f"flag --set {name}")
    for name, given in flags.items():
        if given is not None:
            settings[name] = _Written(given, f"flag --{name.replace('_', '-')}")
    return settings


def _nearest(name: str) -> str | None:
    found = get_close_matches(name.lower().replace("-", "_"), Settings.model_fields, n=1, cutoff=0.6)
    return found[0] if found else None


def _nearest_setting(name: str) -> str:
    close = _nearest(name)
    return f"write {close}" if close else "take it out; `callcenter settings show` names all settings"


def _instead(name: str) -> str:
    return f"write {what_to_write(name)}"


def what_to_write(name: str) -> str:
    """Say what may be written for a setting: its range, its words, an example."""
    extra = Settings.model_fields[name].json_schema_extra
    assert isinstance(extra, dict)
    return str(extra["write"])


def is_secret(name: str) -> bool:
    """Tell whether the value of this setting is never shown."""
    return "SecretStr" in str(Settings.model_fields[name].annotation)


def _in_words(name: str, details: ErrorDetails, written: _Written) -> str:
    """Say what is wrong, beginning with "is"."""
    context: dict[str, Any] = details.get("ctx", {})
    shown = "" if is_secret(name) else repr(written.value)[:_LONGEST_SHOWN]
    match details["type"]:
        case "setting":
            wrong = str(context["wrong"])
            return f"is {wrong}" if not shown else f"is {shown}, {wrong}"
        case _:
            return f"is {shown}" if shown else "is not what it must be"


def _shown(name: str, value: Any) -> str:
    match value:
        case None:
            return "(none)"
        case SecretStr() if name in ("database_url", "mqtt_url"):
            return re.sub(r"(?<=://)([^:/@]*):[^@]*(?=@)", r"\1:***", value.get_secret_value())
        case SecretStr():
            return "***"
        case "":
            return "(none)"
        case float():
            return f"{value:g}"
        case _:
            return str(value)
