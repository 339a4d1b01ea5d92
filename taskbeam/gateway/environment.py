"""Which `TASKBEAM_…` variables nobody reads: a misspelt one would be ignored in silence."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from taskbeam.gateway.settings import CelerySettings, GatewaySettings, ServerSettings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PREFIX = "TASKBEAM_"

#: Settings of the command `taskbeam`.
OF_THE_COMMAND = frozenset({"workers"})

#: From 0 to 1: how like a setting's a name is that was meant for it, both without the prefix.
LIKENESS = 0.75


def unknown_variables(
    environment: Mapping[str, str], more: Iterable[str] = (), *, only_misspelt: bool = False
) -> list[str]:
    """A line for each variable that no setting has, with the one that may be meant.

    ``more``: names of further settings, of an application's own, in lower case. ``only_misspelt``: leave out
    those that look like no setting: they may be for another process.
    """
    fields = {
        *GatewaySettings.model_fields,
        *ServerSettings.model_fields,
        *CelerySettings.model_fields,
        *OF_THE_COMMAND,
        *more,
    }
    known = {name.upper() for name in fields}
    given = {name.removeprefix(PREFIX) for name in environment if name.startswith(PREFIX)}
    lines = []
    for name in sorted(given - known):
        close = get_close_matches(name, known, n=1, cutoff=LIKENESS)
        if only_misspelt and not close:
            continue
        meant = f"did you mean {PREFIX}{close[0]}?" if close else "no setting has a name like it."
        lines.append(f"{PREFIX}{name} is set, and nothing reads it: {meant}")
    return lines
