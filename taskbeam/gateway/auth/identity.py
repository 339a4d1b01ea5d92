"""Whom a request speaks for, and what that is good for."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from enum import StrEnum

from taskbeam.journal.feeds.names import normal_name
from taskbeam.journal.labels import label


class Action(StrEnum):
    """What an identity may do; a token's ``scope`` is a list of these.

    ``CANCEL`` asks a task to stop, ``TERMINATE`` may end its process by signal.
    """

    READ = "read"
    CANCEL = "cancel"
    TERMINATE = "terminate"
    SEND = "send"


#: Seconds that the clocks of whoever signs and of the gateway may differ: a token is taken that much earlier
#: and later than its times say.
LEEWAY = 5.0

#: Seconds for which a token may be taken beyond the longest life of one: it begins, lasts and ends that much
#: later. What revokes it is known for as long.
OVERTIME = 3 * LEEWAY

#: What the id of an API key follows in `Identity.sources`.
API_KEY_SOURCE = "key:"

READ_ONLY = frozenset({Action.READ})
FOLLOW = frozenset({Action.READ, Action.CANCEL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a verified token says, or what an application's own dependency found out.

    ``subject`` is who it is about: revoking an owner ends every identity of that subject. ``tasks``,
    ``groups`` and ``owner`` are the tasks it is good for; each adds to the others. ``feeds`` are names of
    feeds that it is good for, beside its owner's. ``issued`` and ``expires`` are Unix seconds; None = for
    ever. ``sources`` are the `revocable_by` of whatever it came of.

    One that may send sends ``uses`` tasks at the most, and only those whose name is in ``names``; None = any.
    """

    subject: str | None = None
    scopes: frozenset[Action] = frozenset()
    tasks: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    owner: str | None = None
    token_id: str | None = None
    issued: float = 0.0
    expires: float | None = None
    sources: tuple[str, ...] = ()
    uses: int | None = None
    names: tuple[str, ...] | None = None
    feeds: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """A name that cannot be a label is nobody's: `ValueError`. Others are compared as labels are."""
        for field in ("subject", "owner"):
            if (name := getattr(self, field)) is not None:
                object.__setattr__(self, field, label(name))
        if self.feeds:
            object.__setattr__(self, "feeds", tuple(map(normal_name, self.feeds)))

    @classmethod
    def for_owner(
        cls, owner: str, scopes: frozenset[Action] = FOLLOW, issued: float | None = None
    ) -> Identity:
        """Whoever may follow all of an owner's tasks: what an application's `identify` returns for a user.

        ``issued``: since when the login holds, in Unix seconds; by default since now. Revoking the owner ends
        what was issued before.
        """
        return cls(
            subject=owner, owner=owner, scopes=scopes, issued=time.time() if issued is None else issued
        )

    @property
    def ends(self) -> float | None:
        """Until when it is taken, and its connections live."""
        return None if self.expires is None else self.expires + LEEWAY

    @property
    def key(self) -> str | None:
        """Whom its connections count for: ``owner:…``, else ``token:…`` or ``key:…``; None: nobody.

        That is its subject, else the owner of its tasks, else the token or API key that it came of, else
        the token itself. So all tokens of one person count together, however many there are.
        """
        owner = self.subject or self.owner
        if owner:
            return f"owner:{owner}"
        if self.sources:
            return self.sources[-1]
        return self.token_id and f"token:{self.token_id}"

    @property
    def revocable_by(self) -> tuple[str, ...]:
        """Each name whose revocation ends it: `token:…` at once, `owner:…` if it was issued before."""
        token = () if self.token_id is None else (f"token:{self.token_id}",)
        owners = (f"owner:{name}" for name in (self.subject, self.owner) if name is not None)
        return tuple(dict.fromkeys((*token, *owners, *self.sources)))

    def part(
        self, scopes: frozenset[Action], tasks: tuple[str, ...] = (), feeds: tuple[str, ...] = ()
    ) -> Identity:
        """The part of it that is good for these tasks and feeds, with those of ``scopes`` that it has itself.

        It is revoked with the whole, ends with it, and can be revoked alone: it has an id of its own as soon
        as it is signed.
        """
        return Identity(
            subject=self.subject or self.owner,
            scopes=self.scopes & scopes,
            tasks=tasks,
            feeds=feeds,
            issued=self.issued,
            expires=self.expires,
            sources=self.revocable_by,
        )

    def reader_of(self, task_id: str) -> Identity:
        """The part of it that reads one task; the same token in another form, with the same id."""
        return replace(self.part(READ_ONLY, tasks=(task_id,)), token_id=self.token_id)

    def reader_of_feed(self, feed: str) -> Identity:
        """The same of one feed."""
        return replace(self.part(READ_ONLY, feeds=(feed,)), token_id=self.token_id)

    def renews(self, before: Identity) -> bool:
        """Whether it is good for all that the other was, for the same subject."""
        return (
            self.subject == before.subject
            and self.scopes >= before.scopes
            and set(self.tasks) >= set(before.tasks)
            and set(self.groups) >= set(before.groups)
            and set(self.feeds) >= set(before.feeds)
            and before.owner in (None, self.owner)
        )


#: Everybody, where the gateway asks nobody for a token.
ANYONE = Identity(scopes=frozenset(Action))
