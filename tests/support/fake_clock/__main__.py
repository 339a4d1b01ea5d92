"""Install libfaketime where it is missing."""

from __future__ import annotations

import sys

from tests.support.debian import install

from . import LIBRARY

if __name__ == "__main__":
    if not LIBRARY.exists():
        install("libfaketime")
    sys.exit(not LIBRARY.exists())
