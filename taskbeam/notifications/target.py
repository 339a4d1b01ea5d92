"""Who can be told: a service's webhook, or a person's device. Pure."""

from __future__ import annotations

import secrets
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from taskbeam.journal.labels import composed
from taskbeam.notifications.task_pattern import fits
from taskbeam.push.browser_name import UNKNOWN
from taskbeam.push.presentation import Presentation  # noqa: TC001 - pydantic reads it

if TYPE_CHECKING:
    from taskbeam.notifications.ended import Ended

Kind = Literal["webhook", "push"]


class Filter(BaseModel):
    """Which ends a target is told of; None = whatever it is.

    - ``states``: final ones.
    - ``names``: of tasks, each spelt out, or by its beginning, such as ``reports.*``.
    - ``tags``: one of them is enough.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    states: frozenset[str] | None = None
    names: tuple[str, ...] | None = None
    tags: frozenset[Annotated[str, AfterValidator(composed)]] | None = None

    def wants(self, ended: Ended) -> bool:
        """Whether this end is one of them."""
        return (
            (self.states is None or ended.state in self.states)
            and (self.names is None or any(fits(name, ended.name or "") for name in self.names))
            and (self.tags is None or not self.tags.isdisjoint(ended.labels.tags))
        )


class Target(BaseModel):
    """One of them.

    - ``id``: begins with its kind. ``owner``: whose it is; None = the application's own.
    - ``url``: where messages go.
    - ``every``: it is told of all tasks of its owner (of all tasks, without one), and not only of those for
      which it was asked.
    - ``wanted``: of which ends.
    - ``secrets``: of a webhook, the newest first; each signs. ``keys``: of a device, `p256dh` and `auth`.
    - ``presentation``: of a device, where a click leads, and the words.
    - ``browser``: of a device, what its browser is called.
    - ``disabled``: why nothing is sent to it; None = it is not.
    - ``created``: when it was there first. ``heard``: when a device last asked to be told of something;
      None = when it was there first. Unix times, in seconds.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    kind: Kind
    owner: str | None
    url: str
    every: bool
    created: float
    heard: float | None = None
    wanted: Filter = Field(default_factory=Filter)
    secrets: tuple[str, ...] = ()
    keys: dict[str, str] = Field(default_factory=dict)
    presentation: Presentation | None = None
    browser: str = UNKNOWN
    disabled: str | None = None

    @property
    def last_heard(self) -> float:
        """When it was last heard of, in Unix seconds."""
        return self.created if self.heard is None else self.heard

    @property
    def slot(self) -> str | None:
        """What at most one target may have: a device is its latest owner's alone. None: there may be many."""
        return sha256(self.url.encode()).hexdigest() if self.kind == "push" else None

    @classmethod
    def new_id(cls, kind: Kind) -> str:
        """A name that nobody can guess."""
        return f"{kind}_{secrets.token_urlsafe(15)}"

    def is_told(self, ended: Ended) -> bool:
        """Whether it is to be told of this end."""
        if self.disabled is not None:
            return False
        if self.id in ended.asked_by:
            return True
        of_its_owner = self.owner is None or self.owner == ended.labels.owner
        return self.every and of_its_owner and self.wanted.wants(ended)

    def changed(self, **members: object) -> Self:
        """The same target with other members."""
        return self.model_copy(update=members)
