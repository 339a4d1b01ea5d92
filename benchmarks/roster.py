"""Who can take part on this machine, in which version, and why the others cannot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .recipes.recipe import Recipe, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .load.client import Transport


@dataclass(frozen=True, slots=True)
class Roster:
    """Those who can take part with their versions, and the names of the others with the reason."""

    versions: Mapping[Recipe, str]
    absent: Mapping[str, str]

    @classmethod
    def call(cls, recipes: Sequence[Recipe], *, obtain: bool) -> Roster:
        """Prepare all; ``obtain``: install and compile what is not there."""
        versions, absent = {}, {}
        for recipe in recipes:
            try:
                versions[recipe] = recipe.prepare(obtain=obtain)
            except UnavailableError as reason:
                absent[recipe.name] = str(reason)
        return cls(versions, absent)

    def speaking(self, transport: Transport, recipes: Sequence[Recipe]) -> list[Recipe]:
        """Those of ``recipes`` who can take part over this transport."""
        return [recipe for recipe in recipes if recipe in self.versions and transport in recipe.clients]

    @property
    def notes(self) -> list[str]:
        """For whoever reads the figures: a line each."""
        present = [f"{recipe.name}: {version}" for recipe, version in self.versions.items()]
        return present + [f"{name}: skipped, {reason}" for name, reason in self.absent.items()]
