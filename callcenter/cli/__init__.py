"""The command line: `callcenter --help`."""

from callcenter.cli.program import main

__all__ = ["main"]
