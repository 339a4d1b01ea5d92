"""The table of a campaign: fault by transport."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .checker import Findings
    from .fault import Fault
    from .trial import Outcome

HEAD = (
    *("fault", "transport", "clients", "events", "lost", "twice", "disorder", "forked"),
    *("untrue", "no end", "gaps told", "dropped, told", "silence", "errors shown"),
)


def row(fault: str, transport: str, found: Findings) -> str:
    """A line of Markdown."""
    errors = ", ".join(f"{code} {count}" for code, count in sorted(found.errors.items()))
    cells = (
        *(fault, transport, found.clients, found.events, found.lost, found.twice, found.disorder),
        *(found.forks, found.untrue, found.endless, found.gaps, found.dropped),
        *(f"{found.silence:.1f} s", errors or "–"),
    )
    return "| " + " | ".join(map(str, cells)) + " |"


def index(faults: Iterable[Fault]) -> str:
    """The faults, what each is, and what a client may meet of it, as docs/reliability.md has them."""
    lines = [f"| {each.name} | {each.what} | {', '.join(sorted(each.may)) or '–'} |" for each in faults]
    return "\n".join(["| fault | what happens | a client may meet |", "|---|---|---|", *lines])


def head() -> str:
    """The first two lines."""
    return f"| {' | '.join(HEAD)} |\n|{'---|' * len(HEAD)}"


def rows(outcome: Outcome) -> str:
    """A line for each transport."""
    return "\n".join(row(outcome.fault.name, transport, found) for transport, found in outcome.met.items())


def verdict(outcomes: Iterable[Outcome]) -> str:
    """What was broken, or that nothing was."""
    broken = [f"{each.fault.name}: {', '.join(each.broken)}" for each in outcomes if each.broken]
    return "\n".join(["BROKEN:", *broken]) if broken else "Nothing was broken."
