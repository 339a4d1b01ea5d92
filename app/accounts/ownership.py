"""What is whose: an account's tasks are its own, and nobody's are everybody's, where the service is open."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from taskbeam.gateway import FOLLOW, Action, FeedKind, FeedName, Identity, Sender, Task

if TYPE_CHECKING:
    from .sessions import Session

#: Before an account's name. The owners of tokens and API keys are named otherwise, such as `user-123`.
_PREFIX = "account-"

#: Whoever has not signed in, where the service is open to everybody.
VISITOR = Identity(scopes=frozenset(Action))

#: The task of those who may see all tasks on the dashboard.
_DASHBOARD = "taskbeam.dashboard"


def owner_of(account: str) -> str:
    """The owner of an account's tasks."""
    return f"{_PREFIX}{account}"


def is_account(owner: str | None) -> bool:
    """Whether an owner is an account."""
    return owner is not None and owner.startswith(_PREFIX)


def identity_of(session: Session) -> Identity:
    """Whom a session stands for: it sends and follows its account's tasks, until it ends or is revoked."""
    owner = owner_of(session.account)
    return Identity(
        subject=owner,
        owner=owner,
        scopes=FOLLOW | {Action.SEND},
        token_id=session.id,
        issued=session.began,
        expires=session.ends,
    )


def as_operator(identity: Identity) -> Identity:
    """The same, with the dashboard. What it may do elsewhere stays as it is."""
    return replace(identity, tasks=(_DASHBOARD,))


def may(identity: Identity, action: Action, task: Task) -> bool:  # noqa: ARG001
    """For `Gateway(authorize=…)` of an open service: all tasks but those of other accounts."""
    owner = task.labels.owner
    return not is_account(owner) or owner == identity.owner


def may_read_feed(identity: Identity, feed: FeedName) -> bool:
    """For `Gateway(authorize_feed=…)` of an open service: all feeds but those with other accounts' tasks.

    A tree's name does not say whose it is, so nobody reads one.
    """
    owner = _owner_of(feed)
    if is_account(owner):
        return owner == identity.owner
    return feed.kind is not FeedKind.TREE


def may_read_own_feed(identity: Identity, feed: FeedName) -> bool:
    """For `Gateway(authorize_feed=…)` of one that asks for tokens: as ever, and the groups of one's own."""
    if Action.READ not in identity.scopes:
        return False
    owner = _owner_of(feed)
    return (owner is not None and owner == identity.owner) or str(feed) in identity.feeds


def _owner_of(feed: FeedName) -> str | None:
    """Whose tasks a feed has, as far as its name says: that of a group that a batch has sent does."""
    if feed.kind is FeedKind.OWNER:
        return feed.of
    owner, marked, _ = feed.of.partition("~")
    return owner if feed.kind is FeedKind.GROUP and marked else None


def orders_for_anybody(sender: Sender) -> bool:
    """Whether it may order reports about each user: accounts do, and visitors of an open service."""
    return is_account(sender.owner) or sender.identity in (VISITOR, as_operator(VISITOR))
