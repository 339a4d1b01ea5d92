"""Read what the doctor found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskbeam.cli.checks.finding import Level

if TYPE_CHECKING:
    from collections.abc import Iterable

    from taskbeam.cli.checks.finding import Finding


def amiss(findings: Iterable[Finding]) -> list[tuple[str, Level]]:
    """What is not well. Whatever that is, it comes with what to do."""
    found = [finding for finding in findings if finding.level is not Level.OK]
    assert all(finding.do for finding in found)
    return [(finding.subject, finding.level) for finding in found]


def words(findings: Iterable[Finding]) -> str:
    """All that is said."""
    return "\n".join(f"{finding.what} {finding.do}" for finding in findings)
