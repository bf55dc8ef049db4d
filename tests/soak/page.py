"""docs/soak.md: what the last whole soak came to, written by the run."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

PAGE = Path("docs/soak.md")
_TEXT = """# The soak

Made by `{command}` on {day} (commit {commit}, {cores} cores, Python {python}); nothing here is written by hand.

Short calls of every sort to a hotline of its own, by real phones: plain ones, some left with a unit, some of three,
some given up at a random step. In the second half the controller is killed once a minute. At the end the journal is
held against what those in the calls saw, and whatever is left counts as stuck. Five minutes of it run with the tests,
see [what it survives](reliability.md).

```
{report}
```
"""


def write(report: str, *, arguments: list[str], page: Path = PAGE) -> None:
    """Put this report into the page, with the command that it came from."""
    said = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    text = _TEXT.format(
        command=" ".join(["scripts/soak", *arguments]),
        day=datetime.now(UTC).date().isoformat(),
        commit=said.stdout.strip() or "unknown",
        cores=os.cpu_count(),
        python=platform.python_version(),
        report=report,
    )
    page.write_text(text, "utf-8")
