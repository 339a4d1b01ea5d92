"""The login, put together: what the gateway is told of it, and its routes."""

from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import HTTPConnection

from taskbeam.gateway import Gateway, Identity

from .ownership import VISITOR, as_operator, identity_of, may, may_read_feed, may_read_own_feed
from .routes import Channel, accounts_router, session_router
from .sessions import SESSION_COOKIE, Sessions
from .store import AccountStore


class Login:
    """Accounts in a file; None: there are none.

    ``everybody``: whether whoever has not signed in may do something, too; ``operators``: and sees the
    dashboard. ``tells``: how the gateway tells of ends; ``kills``: the page may kill the worker;
    ``dashboard``: there is one.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        everybody: bool,
        operators: bool,
        tells: Collection[Channel],
        kills: bool = False,
        dashboard: bool = False,
    ) -> None:
        self._everybody, self._operators = everybody, everybody and operators
        self._tells, self._kills, self._dashboard = tells, kills, dashboard
        self._store = AccountStore(path) if path is not None else None
        self._sessions = Sessions(self._store.signing_key) if self._store is not None else None

    def for_gateway(self) -> dict[str, Any]:
        """Parameters of `Gateway`. Where not everybody may, a token says who asks without a session."""
        sessions = self._sessions
        if sessions is None:
            return {}

        async def identify(
            connection: HTTPConnection, _: Annotated[None, Depends(SESSION_COOKIE)]
        ) -> Identity | None:
            session = sessions.of(connection)
            if session is None and not self._everybody:
                return None
            found = VISITOR if session is None else identity_of(session)
            return as_operator(found) if self._operators else found

        if not self._everybody:
            return {"identify": identify, "authorize_feed": may_read_own_feed}
        return {"identify": identify, "authorize": may, "authorize_feed": may_read_feed}

    def router(self, live: Gateway) -> APIRouter:
        """Its routes; ``live`` ends what a session has opened."""
        router = session_router(self._sessions, self._tells, kills=self._kills, dashboard=self._dashboard)
        if self._store is not None and self._sessions is not None:
            router.include_router(accounts_router(live, self._store, self._sessions))
        return router
