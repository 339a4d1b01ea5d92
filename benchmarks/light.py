"""Obtain the peers that take no minutes: for the tests.

    python -m benchmarks.light

`make bench` obtains the others, too.
"""

from __future__ import annotations

from .peers import EVERYBODY
from .roster import Roster


def main() -> None:
    """Install and compile what is not there, and say who cannot take part in the tests, and why."""
    roster = Roster.call([recipe for recipe in EVERYBODY if not recipe.heavy], obtain=True)
    for name, reason in roster.absent.items():
        print(f"{name}: {reason}")


if __name__ == "__main__":
    main()
