"""Run benchmarks: python -m benchmarks [NAME...] [--write]. On a machine that does nothing else."""

import argparse
import asyncio
import importlib
import logging

import structlog

from benchmarks.chapter import Chapter, write

ALL = (
    "choice",
    "ami_events",
    "journal",
    "calls_per_second",
    "call_cost",
    "talk_seconds",
    "whole_calls",
    "answer_times",
    "facts_out",
    "footprint",
    "figures",
    "voices",
)


def main() -> None:
    """Run those that were asked for, one after the other."""
    asked = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    asked.add_argument("names", nargs="*", choices=[*ALL, []], help="all of them where none is named")
    asked.add_argument("--write", action="store_true", help="put what was found into docs/performance.md")
    asked.add_argument("--runs", type=int, help="how often each is measured, instead of its own number")
    given = asked.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    for name in given.names or ALL:
        benchmark = importlib.import_module(f"benchmarks.{name}")
        if given.runs:
            vars(benchmark)["RUNS"] = given.runs
        with asyncio.Runner(loop_factory=getattr(benchmark, "LOOP", None)) as runner:
            chapter: Chapter = runner.run(benchmark.measure())
        print(chapter.text, flush=True)
        if given.write:
            write([chapter])


if __name__ == "__main__":
    main()
