"""Writes docs/settings.md from the settings themselves, so that the page cannot be wrong."""

from pydantic_core import PydanticUndefined

from callcenter.setting_fields import CHECKOUT
from callcenter.settings import Settings, environment_name
from callcenter.settings_sources import FILE_NAME, is_secret, what_to_write

_FLAGS = ("home", "http", "sip", "rtp", "ami", "trunk", "flow", "public_address", "mqtt_own_port")
"""Settings with a flag of their own; all others are given by --set."""

_HEAD = f"""# Settings

<!-- Generated from callcenter/setting_fields.py by `python -m callcenter.settings_page`; do not edit. -->

A setting is written in `{FILE_NAME}` in the home, in the environment, or as a flag; the later wins.

```toml
# var/{FILE_NAME}
hotline = "12345"
flow = "menu"
wrap_up_seconds = 45
```

```sh
CALLCENTER_WRAP_UP_SECONDS=45 scripts/run --flow menu --set area_code=022
```

`scripts/callcenter settings show` tells each value and where it came from. An unknown or wrong setting is named
with its place and what to write instead, and nothing is started. Folders named in the file are seen from the home.

| setting | default | may be | meaning |
| --- | --- | --- | --- |
"""


def settings_page() -> str:
    """Give the page, Markdown."""
    return _HEAD + "".join(_row(name) for name in Settings.model_fields) + _tail()


def _row(name: str) -> str:
    field = Settings.model_fields[name]
    default = field.default
    assert default is not PydanticUndefined
    if default is None or default == "":
        shown = "none"
    elif name in ("home", "flows_folder", "agents_folder"):
        shown = f"`{default.relative_to(CHECKOUT)}/` of the checkout"
    else:
        shown = f"`{default}`"
    meaning = field.description or ""
    if is_secret(name):
        meaning += " Never shown."
    cells = [f"`{name}`", shown, what_to_write(name), meaning]
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |\n"


def _tail() -> str:
    flags = ", ".join(f"`--{name.replace('_', '-')}`" for name in _FLAGS)
    return f"""
Flags of their own: {flags}; every other setting by `--set NAME=VALUE`.
The environment variable of a setting is its name in capitals behind `CALLCENTER_`, for example
`{environment_name("database_url")}`.
"""


if __name__ == "__main__":
    print(settings_page(), end="")  # noqa: T201 - this is what it is for
