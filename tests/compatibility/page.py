"""The page of the documents that says what was tried on which server."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from benchmarks.report import markdown_table

from .aspects import ASPECTS, Aspect

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .trial import Outcome

HEAD = """# Compatibility

<!-- Written by `python -m tests.compatibility`. -->

Which Redis and Valkey servers the project's own tests have passed on. `make test` runs all of them on the
Valkey of the wheel. `python -m tests.compatibility` runs those below on each server that it can obtain, and
writes this page. It takes two minutes or more for each. A number is how many tests passed.
"""

NOT_TRIED = (
    "## What was not tried\n\nWhere one minor release passes before and one after, the one between should do."
)


class Tried(NamedTuple):
    """A server, and what became of it.

    Args:
        name: make and minor release.
        release: what the program says that it is.
        source: where it is from.
        outcomes: of each aspect that it could be tried on.
        lacking: why it could not be tried on the others.
    """

    name: str
    release: str
    source: str
    outcomes: Mapping[Aspect, Outcome]
    lacking: Mapping[Aspect, str]

    @property
    def heading(self) -> str:
        return f"{self.name.split()[0]} {self.release}"


class Absent(NamedTuple):
    """A server that could not be obtained, and why."""

    name: str
    source: str
    why: str


def page(tried: Sequence[Tried], absent: Sequence[Absent]) -> str:
    """The whole page in Markdown."""
    table = [("", *(each.heading for each in tried))]
    table += [(aspect.words, *(_cell(each, aspect) for each in tried)) for aspect in ASPECTS]
    table += [("from", *(each.source for each in tried))]
    parts = [HEAD, markdown_table(table)]
    if broken := [f"- {each.heading}: `{name}`" for each in tried for name in _failed(each)]:
        parts += ["\n## What failed\n", "\n".join(broken)]
    missing = [("server", "where it was looked for", "why not"), *absent]
    if absent:
        parts += [f"\n{NOT_TRIED}\n", markdown_table(missing)]
    return "\n".join(parts) + "\n"


def _cell(tried: Tried, aspect: Aspect) -> str:
    if aspect in tried.lacking:
        return tried.lacking[aspect]
    passed, failed, skipped = tried.outcomes[aspect]
    more = [f"**{len(failed)} failed**"] * bool(failed) + [f"{skipped} skipped"] * bool(skipped)
    return ", ".join([f"{passed} passed", *more])


def _failed(tried: Tried) -> list[str]:
    return [name for outcome in tried.outcomes.values() for name in outcome.failed]
