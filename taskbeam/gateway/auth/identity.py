"""Whom a request speaks for, and what that is good for."""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """What an identity may do; a token's ``scope`` is a list of these."""

    READ = "read"
    CANCEL = "cancel"
    SEND = "send"


READ_ONLY = frozenset({Action.READ})
FOLLOW = frozenset({Action.READ, Action.CANCEL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a verified token says, or what an application's own dependency found out.

    ``subject`` is who it is about: revoking an owner ends every identity of that subject. ``tasks``,
    ``groups`` and ``owner`` are the tasks it is good for; each adds to the others. ``issued`` and
    ``expires`` are Unix seconds; None = for ever.
    """

    subject: str | None = None
    scopes: frozenset[Action] = frozenset()
    tasks: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    owner: str | None = None
    token_id: str | None = None
    issued: float = 0.0
    expires: float | None = None

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
    def key(self) -> str | None:
        """What its connections are counted under."""
        return self.subject or self.token_id

    def reader_of(self, task_id: str) -> Identity:
        """The part of it that reads one task; it is revoked with the whole, and ends with it."""
        return Identity(
            subject=self.subject,
            scopes=READ_ONLY,
            tasks=(task_id,),
            token_id=self.token_id,
            issued=self.issued,
            expires=self.expires,
        )

    def renews(self, before: Identity) -> bool:
        """Whether it is good for all that the other was, for the same subject."""
        return (
            self.subject == before.subject
            and self.scopes >= before.scopes
            and set(self.tasks) >= set(before.tasks)
            and set(self.groups) >= set(before.groups)
            and before.owner in (None, self.owner)
        )


#: Everybody, where the gateway asks nobody for a token.
ANYONE = Identity(scopes=frozenset(Action))
