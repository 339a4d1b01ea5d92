"""Which tasks an operator looks for. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from taskbeam.journal.labels import composed

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Members that a word may stand in.
_TEXTS = ("id", "name", "title", "owner", "state", "code", "ref", "message", "exception", "worker")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Each that is given has to hold. ``text``: words that all stand somewhere in the row, in any case."""

    text: str = ""
    name: str | None = None
    owner: str | None = None
    tag: str | None = None
    code: str | None = None
    exception: str | None = None

    def __post_init__(self) -> None:
        """Labels are compared as they are kept."""
        for field in ("owner", "tag"):
            if (name := getattr(self, field)) is not None:
                object.__setattr__(self, field, composed(name))

    @property
    def anything(self) -> bool:
        """Whether every task fits."""
        return self == Wanted()

    def fits(self, row: Mapping[str, Any]) -> bool:
        """Whether the row is one of those."""
        exact = (
            (self.name, row.get("name")),
            (self.owner, row.get("owner")),
            (self.code, row.get("code")),
            (self.exception, row.get("exception")),
        )
        if any(asked is not None and asked != found for asked, found in exact):
            return False
        if self.tag is not None and self.tag not in row.get("tags", ()):
            return False
        if not self.text:
            return True
        told = words_of(row)
        return all(word in told for word in self.text.casefold().split())

    @property
    def words(self) -> list[str]:
        """What stands in `words_of` each row that fits; it may stand in others, too."""
        exact = (self.name, self.owner, self.tag, self.code, self.exception)
        return [*self.text.casefold().split(), *(value.casefold() for value in exact if value)]


def words_of(row: Mapping[str, Any]) -> str:
    """All that a search looks at."""
    return " ".join([*(str(row.get(member) or "") for member in _TEXTS), *row.get("tags", ())]).casefold()
