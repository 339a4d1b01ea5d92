"""Signing up, in and out. Other sites' pages are refused by their `Origin`, as everywhere in the service."""

import asyncio
import math
from collections.abc import Collection
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field, SecretStr

from taskbeam.gateway import JSON_ONLY, AnswersHead, Gateway, Problem, TaskbeamError, documented, problems

from .attempts import Attempts
from .passwords import LONGEST, NOBODYS, SHORTEST, hash_password, is_password
from .sessions import SESSION_COOKIE, Sessions, drop_cookie, set_cookie
from .store import AccountStore

WRONG_PASSWORD = Problem("wrong_password", 401, 4401, "There is no account with this name and password.")
NAME_TAKEN = Problem("name_taken", 409, 4400, "There is an account with this name already.")

#: Attempts a minute, for one name from anywhere and from one address for any name.
PER_NAME, PER_ADDRESS = 5, 30

#: In the document: these need no session.
_FOR_EVERYBODY: dict[str, Any] = {"security": []}

#: Hashes that are made at once: each takes a core.
_AT_ONCE = 2

_PROBLEMS = (
    problems.FOREIGN_ORIGIN,
    problems.UNSUPPORTED_MEDIA_TYPE,
    problems.INVALID_REQUEST,
    problems.UNKNOWN_HOST,
    problems.RATE_LIMITED,
    problems.INTERNAL,
)


#: A way in which the gateway tells of the end of a job.
Channel = Literal["push", "webhook"]


class Credentials(BaseModel):
    """Who wants to sign in."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9](?:[a-z0-9._-]{0,38}[a-z0-9])?$", examples=["ada"])]
    password: Annotated[SecretStr, Field(min_length=SHORTEST, max_length=LONGEST)]


class SignedIn(BaseModel):
    """Who has signed in, and whether anybody can."""

    offered: bool = True
    account: Annotated[str | None, Field(description="The account's name; null: nobody has signed in.")]


class Visit(SignedIn):
    """Also what the page around need not ask for in vain."""

    tells: Annotated[list[Channel], Field(description="How the gateway tells people that a job has ended.")]
    kills: Annotated[bool, Field(description="Whether the page may kill the worker: on one's own machine.")]
    dashboard: Annotated[bool, Field(description="Whether the gateway has its operators' page.")]


class Doorman:
    """Checks passwords, a few at a time and so many a minute."""

    def __init__(self, store: AccountStore) -> None:
        self._store = store
        self._by_name, self._by_address = Attempts(PER_NAME), Attempts(PER_ADDRESS)
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def sign_up(self, credentials: Credentials, address: str) -> None:
        """Add an account; raises `TaskbeamError` ``name_taken`` or ``rate_limited``."""
        self._admit(self._by_address, address)
        if await asyncio.to_thread(self._store.password_of, credentials.name) is not None:
            raise TaskbeamError(NAME_TAKEN)
        async with self._turns:
            kept = await asyncio.to_thread(hash_password, credentials.password.get_secret_value())
        if not await asyncio.to_thread(self._store.add, credentials.name, kept):
            raise TaskbeamError(NAME_TAKEN)

    async def sign_in(self, credentials: Credentials, address: str) -> None:
        """Check a password; raises `TaskbeamError` ``wrong_password`` or ``rate_limited``."""
        self._admit(self._by_address, address)
        self._admit(self._by_name, credentials.name)
        kept = await asyncio.to_thread(self._store.password_of, credentials.name)
        password = credentials.password.get_secret_value()
        async with self._turns:
            right = await asyncio.to_thread(is_password, password, kept or NOBODYS)
        if kept is None or not right:
            raise TaskbeamError(WRONG_PASSWORD)
        self._by_name.forgive(credentials.name)

    @staticmethod
    def _admit(attempts: Attempts, key: str) -> None:
        if (wait := attempts.take(key)) > 0:
            raise TaskbeamError(problems.RATE_LIMITED, "Too many attempts.", math.ceil(wait))


def accounts_router(live: Gateway, store: AccountStore, sessions: Sessions) -> APIRouter:
    """The routes of accounts; ``live`` ends what a session has opened when it is signed out."""
    router = APIRouter(tags=["accounts"], route_class=AnswersHead)
    doorman = Doorman(store)

    async def begin(request: Request, response: Response, account: str) -> SignedIn:
        _, cookie = await asyncio.to_thread(sessions.begin, account)
        set_cookie(request, response, cookie)
        response.headers["Cache-Control"] = "no-store"
        return SignedIn(account=account)

    @router.post(
        "/account",
        status_code=201,
        dependencies=[JSON_ONLY],
        responses=documented(*_PROBLEMS, NAME_TAKEN),
        operation_id="create_account",
        openapi_extra=_FOR_EVERYBODY,
    )
    async def create_account(request: Request, response: Response, credentials: Credentials) -> SignedIn:
        """Make an account, and sign in: the answer's cookie is the session."""
        await doorman.sign_up(credentials, _address(request))
        return await begin(request, response, credentials.name)

    @router.post(
        "/session",
        dependencies=[JSON_ONLY],
        responses=documented(*_PROBLEMS, WRONG_PASSWORD),
        operation_id="sign_in",
        openapi_extra=_FOR_EVERYBODY,
    )
    async def sign_in(request: Request, response: Response, credentials: Credentials) -> SignedIn:
        """Sign in: the answer's cookie is the session, for twelve hours."""
        await doorman.sign_in(credentials, _address(request))
        return await begin(request, response, credentials.name)

    @router.delete(
        "/session",
        status_code=204,
        dependencies=[Depends(SESSION_COOKIE)],
        responses=documented(
            problems.FOREIGN_ORIGIN, problems.UNKNOWN_HOST, problems.INTERNAL, problems.UNAVAILABLE
        ),
        operation_id="sign_out",
    )
    async def sign_out(request: Request) -> Response:
        """Sign out: the session ends everywhere, and what it has opened within a second."""
        session = sessions.of(request)
        if session is not None:
            await live.revoke(tokens=[session.id])
        response = Response(status_code=204, headers={"Cache-Control": "no-store"})
        drop_cookie(request, response)
        return response

    return router


def session_router(
    sessions: Sessions | None, tells: Collection[Channel], *, kills: bool, dashboard: bool
) -> APIRouter:
    """Who has signed in; None: the service has no accounts. The others: see `Visit`."""
    router = APIRouter(tags=["accounts"], route_class=AnswersHead)

    @router.get(
        "/session",
        responses=documented(problems.UNKNOWN_HOST),
        operation_id="get_session",
        openapi_extra=_FOR_EVERYBODY,
    )
    async def get_session(request: Request, response: Response) -> Visit:
        """Who has signed in."""
        session = sessions.of(request) if sessions is not None else None
        response.headers["Cache-Control"] = "no-store"
        return Visit(
            offered=sessions is not None,
            account=session.account if session is not None else None,
            tells=list(tells),
            kills=kills,
            dashboard=dashboard,
        )

    return router


def _address(request: Request) -> str:
    return request.client.host if request.client is not None else ""
