"""Which packages Taskbeam needs, and which are installed."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

if TYPE_CHECKING:
    from collections.abc import Iterator

OWN = "taskbeam"
EXTRA = "gateway"


@dataclass(frozen=True, slots=True)
class Package:
    """``installed``: its version, None = it is not there. ``needed``: such as ">=5.0.1,<9"."""

    name: str
    installed: str | None
    needed: str

    @property
    def fits(self) -> bool:
        """Whether what is installed is what is needed; a release before its final one counts."""
        return self.installed is not None and SpecifierSet(self.needed).contains(
            self.installed, prereleases=True
        )


def needed_packages() -> Iterator[Package]:
    """Python itself, and all that Taskbeam's metadata names for a gateway; nothing where it has none."""
    try:
        required = requires(OWN) or []
        python = metadata(OWN)["Requires-Python"]
    except PackageNotFoundError:  # it is imported from a folder
        return
    yield Package("Python", platform.python_version(), python)
    for line in required:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": EXTRA}):
            yield Package(requirement.name, _installed(requirement.name), str(requirement.specifier))


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
