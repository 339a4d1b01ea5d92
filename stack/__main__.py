"""`python -m stack`: everything on this machine, live at one address until Ctrl-C."""

from __future__ import annotations

import sys

from pydantic import ValidationError

from .console import Console
from .launcher import launch
from .settings import Settings


def main() -> int:
    console = Console(sys.stdout, sys.stderr)
    try:
        settings = Settings()
    except ValidationError as invalid:
        for error in invalid.errors():
            name = str(error["loc"][0]).upper().removeprefix("TASKBEAM_")
            console.complain(f"TASKBEAM_{name}: {error['msg']}")
        return 1
    return launch(settings, console)


if __name__ == "__main__":
    sys.exit(main())
