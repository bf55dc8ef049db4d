"""`scripts/soak`: the whole soak on a hotline of its own, told as it goes; exit code 1 where anything was not well."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.soak import page
from tests.soak.report import Report
from tests.soak.soak import SETTINGS, Load, soak
from tests.soak.staff import write_roster
from tests.support.running_hotline import Ports, RunningHotline

SEATS = 24


def main() -> int:
    """Run it; the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__)
    parser.add_argument("--calls", type=int, default=5000, help="how many calls (default 5000)")
    parser.add_argument("--seconds", type=float, help="end by time instead, after so many seconds")
    parser.add_argument("--rate", type=float, default=3.0, help="callers each second, on the average (default 3)")
    parser.add_argument("--seats", type=int, default=SEATS, help=f"seats on duty (default {SEATS})")
    parser.add_argument("--kill-every", type=float, default=60.0, help="seconds between two kills (default 60)")
    parser.add_argument("--seed", type=int, default=1, help="another order of the same mix")
    parser.add_argument("--write", action="store_true", help="put the report into docs/soak.md")
    given = parser.parse_args()
    load = Load(
        calls=None if given.seconds else given.calls,
        seconds=given.seconds,
        rate=given.rate,
        at_once=given.seats + given.seats // 2,
        kill_every=given.kill_every,
        seed=given.seed,
    )
    report = _on_a_hotline_of_its_own(load, given.seats)
    print(report)
    if given.write:
        page.write(str(report), arguments=sys.argv[1:])
    return 1 if report.faults else 0


def _on_a_hotline_of_its_own(load: Load, seats: int) -> Report:
    with tempfile.TemporaryDirectory(prefix="callcenter-soak-") as folder:
        running = RunningHotline(Ports.number(4), agents_folder=write_roster(Path(folder), seats), **SETTINGS)
        keep = False
        try:
            running.start()
            report = asyncio.run(soak(running, load, tell=lambda line: print(line, flush=True)))
            running.stop()
            if keep := bool(report.faults):
                print(f"its home, with journal and logs, is kept in {running.folder}")
            return report
        finally:
            running.kill()
            if not keep:
                running.remove()


if __name__ == "__main__":
    sys.exit(main())
