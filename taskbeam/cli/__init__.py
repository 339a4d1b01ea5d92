"""The command `taskbeam`."""

from __future__ import annotations

import sys
from importlib.util import find_spec

__all__ = ["main"]


def main() -> None:
    """Run the command; it is part of what the extra `gateway` installs."""
    missing = [name for name in ("fastapi", "uvicorn", "pydantic_settings") if find_spec(name) is None]
    if missing:
        sys.exit(f"The command needs {', '.join(missing)}: pip install 'taskbeam[gateway]'")
    from taskbeam.cli.commands import commands

    commands()
