"""Pages that are written by the code they tell of: `python -m scripts.generate` writes them, `--check` looks at them.

With --check the exit code is 1 when a page is stale or missing.
"""

import argparse
import importlib
import sys
from collections.abc import Callable
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent


def _of(module: str, function: str) -> Callable[[], str]:
    """Give a function that writes a page, loading its module only when it is asked to."""

    def text() -> str:
        written: str = getattr(importlib.import_module(module), function)()
        return written

    return text


def _openapi() -> str:
    document = importlib.import_module("callcenter.api.document")
    text: str = document.written(document.openapi_document())
    return text.rstrip("\n") + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "docs/settings.md": _of("callcenter.settings_page", "settings_page"),
    "docs/openapi.json": _openapi,
    "docs/grafana/hotline.json": _of("scripts.monitoring", "dashboard"),
    "docs/grafana/alerts.yml": _of("scripts.monitoring", "alerts"),
    "docs/asyncapi.json": _of("callcenter.asyncapi", "asyncapi_text"),
}
if (CHECKOUT / "scripts" / "conformance.py").exists():
    PAGES["docs/conformance.md"] = _of("scripts.conformance", "conformance")


def stale(root: Path = CHECKOUT) -> list[str]:
    """Name the pages under this folder that differ from what the code would write now, or are not there."""
    return [name for name, write in PAGES.items() if _read(root / name) != write()]


def write_all(root: Path = CHECKOUT) -> list[str]:
    """Write each page that is stale; gives their names."""
    names = stale(root)
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(PAGES[name](), encoding="utf-8")
    return names


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def main() -> int:
    """Write the pages, or look whether they are as the code would write them."""
    parser = argparse.ArgumentParser(description="Write the pages that are generated from the code.")
    parser.add_argument("--check", action="store_true", help="only look; exit code 1 when one is stale")
    if parser.parse_args().check:
        names = stale()
        for name in names:
            print(f"{name} is stale; write it anew with: scripts/generate")
        return 1 if names else 0
    for name in write_all():
        print(f"{name} written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
