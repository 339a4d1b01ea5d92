"""Compile the program, where that is possible."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from . import Helm, lacking

if __name__ == "__main__":
    if why := lacking():
        print(f"The Helm chart will not be tried: {why}.", file=sys.stderr)
    else:
        with TemporaryDirectory() as directory:
            Helm(Path(directory))
