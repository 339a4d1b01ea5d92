"""API keys over HTTP, for whoever has one that manages the others (`taskbeam keys create --admin`).

Such a key is made and revoked by the command alone: over HTTP it can do nothing to another one of its kind,
so that one which was stolen makes no more of them.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Header, Path, Query, Response
from pydantic import ConfigDict, Field, PositiveFloat
from starlette.requests import HTTPConnection

from taskbeam.gateway import problems
from taskbeam.gateway.auth.api_key import ApiKey, KeyRights, KeyText, Name, Names
from taskbeam.gateway.auth.api_keys import NoSuchKeyError
from taskbeam.gateway.auth.audit import Actor
from taskbeam.gateway.dependencies import RuntimeDep
from taskbeam.gateway.http.answer_body import AnswerBody
from taskbeam.gateway.http.answers import described
from taskbeam.gateway.http.negotiation import JSON_ONLY
from taskbeam.gateway.http.problem_details import documented
from taskbeam.gateway.http.route import GatewayRoute
from taskbeam.gateway.http.security_schemes import API_KEY
from taskbeam.gateway.problems import TaskbeamError
from taskbeam.gateway.runtime import Runtime

T = TypeVar("T")


def _not_kept(response: Response) -> None:
    response.headers["Cache-Control"] = "no-store"


router = APIRouter(prefix="/keys", tags=["keys"], route_class=GatewayRoute, dependencies=[Depends(_not_kept)])

#: Seconds that a secret may stay good after its key was rotated: 90 days.
MAX_GRACE = 90 * 86_400

KeyId = Annotated[str, Path(min_length=1, max_length=64, description="The key's id.")]

_PROBLEMS = (
    problems.UNAUTHENTICATED,
    problems.FORBIDDEN,
    problems.INVALID_REQUEST,
    problems.UNKNOWN_HOST,
    problems.INTERNAL,
    problems.UNAVAILABLE,
)
_CREATE = (*_PROBLEMS, problems.FOREIGN_ORIGIN, problems.UNSUPPORTED_MEDIA_TYPE)
_KEPT = ("Cache-Control",)
_CHANGE = documented(*_CREATE, problems.NOT_FOUND) | {200: described("The key.", *_KEPT)}


class KeyRequest(KeyRights):
    """The key that is asked for."""

    expires_in: PositiveFloat | None = Field(default=None, description="Seconds from now; else never.")


class KeyAnswer(AnswerBody):
    """An API key, without its secret. Times are in Unix seconds."""

    model_config = ConfigDict(title="ApiKey")

    id: str
    name: Name
    owners: Names | None = Field(default=None, description="Whose tasks it may send; absent: anybody's.")
    queues: Names | None = Field(default=None, description="To which queues; absent: to any.")
    tasks: Names | None = Field(default=None, description="Which tasks, by their names; absent: any.")
    admin: bool = Field(description="It manages keys, and sends nothing.")
    created: float
    expires: float | None = None
    revoked: float | None = None
    last_used: float | None = Field(default=None, description="About when.")


class NewKeyAnswer(KeyAnswer):
    """An API key with its text, which is shown only now."""

    model_config = ConfigDict(title="NewApiKey")

    key: str = Field(description="What the header `X-API-Key` is to have.")


class KeyList(AnswerBody):
    """All keys, the oldest first."""

    keys: list[KeyAnswer]


class Manager:
    """Whoever manages keys by the request, and does so from there."""

    def __init__(self, key: ApiKey, address: str) -> None:
        self._key = key
        self.actor = Actor(f"key:{key.id}", address)

    async def change(self, gateway: Runtime, key_id: str, do: Callable[[str], Awaitable[T]]) -> T:
        """Do it to a key that may be changed; raises `TaskbeamError` ``not_found`` or ``forbidden``."""
        key = await gateway.guard.api_keys.get(key_id)
        if key is None:
            raise TaskbeamError(problems.NOT_FOUND, "There is no such key.")
        if key.admin and key.id != self._key.id:
            raise TaskbeamError(problems.FORBIDDEN, "Change this key by the command `taskbeam keys`.")
        try:
            return await do(key.id)
        except NoSuchKeyError:
            raise TaskbeamError(problems.NOT_FOUND, "The key was revoked.") from None


async def _manager(
    connection: HTTPConnection,
    gateway: RuntimeDep,
    _: Annotated[None, Depends(API_KEY)],
    x_api_key: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Manager:
    key = await gateway.guard.api_keys.find(x_api_key or "")
    if key is None:
        raise TaskbeamError(problems.UNAUTHENTICATED, "This needs an API key that manages keys.")
    if not key.admin:
        raise TaskbeamError(problems.FORBIDDEN, "This API key sends tasks, and manages no keys.")
    return Manager(key, connection.client.host if connection.client is not None else "unknown")


ManagerDep = Annotated[Manager, Depends(_manager)]


@router.get(
    "",
    operation_id="list_api_keys",
    response_model_exclude_none=True,
    responses=documented(*_PROBLEMS) | {200: described("All keys.", *_KEPT)},
)
async def list_keys(gateway: RuntimeDep, _: ManagerDep) -> KeyList:
    """All keys, also those that expired or were revoked."""
    return KeyList(keys=[_answer(key, used) for key, used in await gateway.guard.api_keys.all()])


@router.post(
    "",
    operation_id="create_api_key",
    status_code=201,
    response_model_exclude_none=True,
    dependencies=[JSON_ONLY],
    responses=documented(*_CREATE) | {201: described("The key.", *_KEPT)},
)
async def create_key(gateway: RuntimeDep, manager: ManagerDep, wanted: KeyRequest) -> NewKeyAnswer:
    """Make a key, which sends tasks. Its text is in this answer alone."""
    rights = KeyRights.model_validate(wanted.model_dump(exclude={"expires_in"}))
    made = await gateway.guard.api_keys.create(manager.actor, rights, lifetime=wanted.expires_in)
    return _new(*made)


@router.post(
    "/{key_id}/rotate",
    operation_id="rotate_api_key",
    response_model_exclude_none=True,
    responses=_CHANGE,
)
async def rotate_key(
    gateway: RuntimeDep,
    manager: ManagerDep,
    key_id: KeyId,
    grace: Annotated[
        float, Query(ge=0, le=MAX_GRACE, description="Seconds for which the text before stays good.")
    ] = 0,
) -> NewKeyAnswer:
    """Give a key another text, which is in this answer alone."""
    keys = gateway.guard.api_keys
    return _new(*await manager.change(gateway, key_id, lambda key: keys.rotate(manager.actor, key, grace)))


@router.post(
    "/{key_id}/revoke",
    operation_id="revoke_api_key",
    response_model_exclude_none=True,
    responses=_CHANGE,
)
async def revoke_key(gateway: RuntimeDep, manager: ManagerDep, key_id: KeyId) -> KeyAnswer:
    """End a key, from the next request on, and within a second whatever came of it."""
    keys, longest = gateway.guard.api_keys, gateway.settings.max_token_lifetime
    ended = await manager.change(gateway, key_id, lambda key: keys.revoke(manager.actor, key, longest))
    return _answer(ended, None)


def _answer(key: ApiKey, used: float | None) -> KeyAnswer:
    return KeyAnswer.model_validate(key.model_dump() | {"last_used": used})


def _new(key: ApiKey, text: KeyText) -> NewKeyAnswer:
    return NewKeyAnswer.model_validate(key.model_dump() | {"key": str(text)})
