"""An identity of an application's own users, and what a revocation means to it."""

from __future__ import annotations

import time

from taskbeam.gateway.auth.identity import FOLLOW, Action, Identity
from taskbeam.gateway.auth.revoked import Revocation, Revoked


def after_a_revocation_of_ada_a_minute_ago() -> Revoked:
    revoked = Revoked(3600.0)
    revoked.learn([Revocation("owner:ada", time.time() - 60)])
    return revoked


def test_an_owner_reads_and_cancels_what_is_theirs() -> None:
    identity = Identity.for_owner("ada")
    assert (identity.subject, identity.owner, identity.scopes) == ("ada", "ada", FOLLOW)
    assert Identity.for_owner("ada", frozenset({Action.READ})).scopes == {Action.READ}


def test_an_owner_comes_back_after_a_revocation_and_an_old_session_does_not() -> None:
    revoked = after_a_revocation_of_ada_a_minute_ago()
    assert not revoked.concerns(Identity.for_owner("ada"))
    assert revoked.concerns(Identity.for_owner("ada", issued=time.time() - 3600))
    assert not revoked.concerns(Identity.for_owner("bob", issued=time.time() - 3600))
