"""May this identity read that feed? It is decided by the feed's name alone, before anything is looked up.

A feed that somebody may not read is not there for them, whether it has tasks or not: ``unknown_feed``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from taskbeam.background.log_fields import about
from taskbeam.gateway.auth.identity import Action, Identity
from taskbeam.gateway.problems import INTERNAL, UNKNOWN_FEED, TaskbeamError
from taskbeam.journal.feeds.names import FeedKind, FeedName

if TYPE_CHECKING:
    from taskbeam.gateway.auth.policy import Authorize
    from taskbeam.gateway.problems import Problem

logger = logging.getLogger(__name__)

#: As ``authorize``, about reading a feed.
AuthorizeFeed = Callable[[Identity, FeedName], bool]

#: Whose feed `owner:me` is: that of whoever asks.
ME = "me"


def any_feed(identity: Identity, feed: FeedName) -> bool:  # noqa: ARG001
    """Development: whoever knows its name."""
    return True


def no_feed(identity: Identity, feed: FeedName) -> bool:  # noqa: ARG001
    """Where an application decides about tasks by itself, and has said nothing of feeds."""
    return False


def feed_by_token(identity: Identity, feed: FeedName) -> bool:
    """Whoever may read all tasks of an owner or a group reads its feed; others what the token names."""
    if Action.READ not in identity.scopes:
        return False
    own = feed.kind is FeedKind.OWNER and feed.of == identity.owner
    group = feed.kind is FeedKind.GROUP and feed.of in identity.groups
    return own or group or str(feed) in identity.feeds


class FeedAccess:
    """The policy about feeds."""

    def __init__(
        self, authorize: Authorize | None, authorize_feed: AuthorizeFeed | None, *, open_to_all: bool
    ) -> None:
        """What an application gave the gateway; one that replaces the policy of tasks replaces both."""
        own_default = any_feed if open_to_all else feed_by_token
        self._authorize = authorize_feed or (own_default if authorize is None else no_feed)

    def require(self, identity: Identity, name: str) -> FeedName:
        """The feed of this name; raises `TaskbeamError` with what `refusal` says."""
        feed = feed_called(name, identity)
        refusal = self.refusal(identity, feed)
        if refusal is not None:
            raise TaskbeamError(refusal)
        return feed

    def refusal(self, identity: Identity, feed: FeedName) -> Problem | None:
        """None if it may; ``unknown_feed``, or ``internal_error`` where the application's policy fails."""
        try:
            answer: object = self._authorize(identity, feed)
            if not isinstance(answer, bool):  # a coroutine, for instance, would be taken for a yes
                raise TypeError(f"authorize_feed returned {type(answer).__name__!r}, and not a bool")
        except Exception:
            logger.exception("authorize_feed(…) failed for the feed %s; it is refused.", feed, extra=about())
            return INTERNAL
        return None if answer else UNKNOWN_FEED


def feed_called(name: str, identity: Identity) -> FeedName:
    """The feed that the identity calls so; raises `TaskbeamError` ``unknown_feed`` for no feed's name."""
    try:
        feed = FeedName.parse(name)
    except ValueError:
        raise TaskbeamError(UNKNOWN_FEED) from None
    if feed != FeedName(FeedKind.OWNER, ME):
        return feed
    owner = identity.owner or identity.subject
    if owner is None:
        raise TaskbeamError(UNKNOWN_FEED)
    return FeedName(FeedKind.OWNER, owner)
