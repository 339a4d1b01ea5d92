"""The command `taskbeam`."""

from taskbeam.cli.commands import commands as main

__all__ = ["main"]
