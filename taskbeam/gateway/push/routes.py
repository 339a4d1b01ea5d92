"""Asking to be told by Web Push: about one task, or about all of an owner's."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path
from pydantic import BaseModel, ConfigDict, Field

from taskbeam.gateway import problems
from taskbeam.gateway.auth.identity import Action
from taskbeam.gateway.dependencies import CallerDep, RuntimeDep
from taskbeam.gateway.http.answer_body import AnswerBody
from taskbeam.gateway.http.answers import described
from taskbeam.gateway.http.negotiation import JSON_ONLY
from taskbeam.gateway.http.problem_details import IDENTITY_PROBLEMS, documented
from taskbeam.gateway.http.route import GatewayRoute
from taskbeam.gateway.http.tasks import TaskId
from taskbeam.gateway.problems import TaskbeamError
from taskbeam.gateway.push.service import PushService
from taskbeam.gateway.runtime import Runtime
from taskbeam.push.browser_name import browser_name
from taskbeam.push.presentation import Presentation
from taskbeam.push.subscription import PushSubscription


async def _known(caller: CallerDep) -> None:
    """Who asks is asked before what for."""
    caller.require_anybody()


#: For whoever asks, and for everybody.
router = APIRouter(tags=["push"], route_class=GatewayRoute, dependencies=[Depends(_known)])
public = APIRouter(tags=["push"], route_class=GatewayRoute)

DeviceId = Annotated[
    str, Path(pattern=r"^push_[0-9a-f]{32}$", description="The device, as asking for it was answered.")
]
#: What a browser says of itself; each of them says so, and no page can.
UserAgent = Annotated[str | None, Header(include_in_schema=False)]

_OTHERS = (
    problems.INVALID_REQUEST,
    problems.UNKNOWN_HOST,
    problems.INTERNAL,
    problems.UNAVAILABLE,
)
_READ = (*IDENTITY_PROBLEMS, problems.FORBIDDEN, *_OTHERS)
_CHANGE = (*_READ, problems.FOREIGN_ORIGIN, problems.UNSUPPORTED_MEDIA_TYPE)
_KEPT = ("Cache-Control",)


class PushKey(AnswerBody):
    """What a browser subscribes with."""

    key: str | None = Field(
        default=None,
        description="The `applicationServerKey`: a point of P-256 in Base64 of URLs (RFC 8292). Absent: the "
        "gateway does not push, and has no other of these calls.",
    )


class DeviceRequest(BaseModel):
    """A browser that wants to be told."""

    model_config = ConfigDict(json_schema_extra={"title": "DeviceRequest"})

    subscription: PushSubscription
    presentation: Presentation


class DeviceAnswer(AnswerBody):
    """A device that is told."""

    model_config = ConfigDict(title="DeviceKept")

    device: str = Field(description="Its id. Whoever knows it may forget a device that is nobody's.")


class DeviceRow(AnswerBody):
    """One of an owner's devices. Times are in Unix seconds."""

    model_config = ConfigDict(title="Device")

    device: str
    browser: str = Field(
        description="What its browser is called, such as `Firefox on Linux`, by what it said when it last "
        "asked; `Unknown browser` where that does not tell."
    )
    service: str = Field(description="The push service's host.")
    every: bool = Field(description="It is told of all of the owner's tasks.")
    created: float = Field(description="When it first asked to be told of something.")
    heard: float = Field(description="When it last asked to be told of something.")
    sent: float | None = Field(default=None, description="When its push service last took a message.")
    failed: float | None = Field(default=None, description="When it last did not.")
    error: str | None = Field(default=None, description="Why not.")
    disabled: str | None = Field(default=None, description="Why nothing is sent to it any more.")


class DeviceList(AnswerBody):
    """An owner's devices, the one that was heard of longest ago first."""

    devices: list[DeviceRow]


@public.get(
    "/push/key",
    operation_id="get_push_key",
    response_model_exclude_none=True,
    responses=documented(*_OTHERS) | {200: described("The key.", *_KEPT)},
    openapi_extra={"security": []},
)
async def key(gateway: RuntimeDep) -> PushKey:
    """The public key with which a browser subscribes. When it changes, subscribe anew."""
    return PushKey(key=gateway.push.key if gateway.push is not None else None)


@router.put(
    "/tasks/{task_id}/push",
    operation_id="ask_for_push",
    dependencies=[JSON_ONLY],
    responses=documented(*_CHANGE, problems.UNKNOWN_TASK, problems.TOO_MANY)
    | {200: described("It is told.", *_KEPT)},
)
async def ask(
    gateway: RuntimeDep,
    caller: CallerDep,
    task_id: TaskId,
    wanted: DeviceRequest,
    user_agent: UserAgent = None,
) -> DeviceAnswer:
    """Let a device be told when the task ends; at once, where it has ended."""
    identity = await caller.require(Action.READ, task_id)
    browser = browser_name(user_agent)
    # Whoever has a token for this task alone is nobody whose devices are listed, whatever its subject.
    told = _push(gateway).devices.tell(
        task_id, wanted.subscription, wanted.presentation, identity.owner, browser
    )
    return DeviceAnswer(device=await told)


@router.delete(
    "/tasks/{task_id}/push/{device}",
    operation_id="withdraw_push",
    status_code=204,
    responses=documented(*_CHANGE, problems.UNKNOWN_TASK)
    | {204: described("It is not told, unless that was on its way.", *_KEPT)},
)
async def withdraw(gateway: RuntimeDep, caller: CallerDep, task_id: TaskId, device: DeviceId) -> None:
    """Let a device not be told of the task: a tab in front of its user has shown the end, for instance."""
    await caller.require(Action.READ, task_id)
    await _push(gateway).devices.withdraw(device, task_id)


@router.get(
    "/push",
    operation_id="list_devices",
    response_model_exclude_none=True,
    responses=documented(*_READ, problems.UNKNOWN_FEED) | {200: described("The devices.", *_KEPT)},
)
async def devices(gateway: RuntimeDep, caller: CallerDep) -> DeviceList:
    """The devices of whoever asks, with what came of the last message to each."""
    return DeviceList(devices=[DeviceRow(**row) for row in await _push(gateway).rows(caller.require_owner())])


@router.put(
    "/push",
    operation_id="ask_for_all_pushes",
    dependencies=[JSON_ONLY],
    responses=documented(*_CHANGE, problems.UNKNOWN_FEED) | {200: described("It is told.", *_KEPT)},
)
async def ask_for_all(
    gateway: RuntimeDep, caller: CallerDep, wanted: DeviceRequest, user_agent: UserAgent = None
) -> DeviceAnswer:
    """Let a device be told of the end of each task of whoever asks."""
    owner = caller.require_owner()
    browser = browser_name(user_agent)
    kept = _push(gateway).devices.keep(wanted.subscription, wanted.presentation, owner, browser, every=True)
    return DeviceAnswer(device=await kept)


@router.delete(
    "/push/{device}",
    operation_id="forget_device",
    status_code=204,
    responses=documented(*_CHANGE, problems.NOT_FOUND) | {204: described("It is told nothing.", *_KEPT)},
)
async def forget(gateway: RuntimeDep, caller: CallerDep, device: DeviceId) -> None:
    """Forget a device of whoever asks: at logout, before somebody else signs in."""
    identity = caller.require_anybody()
    devices = _push(gateway).devices
    if await devices.find(device, identity.owner) is None:
        raise TaskbeamError(problems.NOT_FOUND, "There is no such device.")
    await devices.forget(device)


def _push(gateway: Runtime) -> PushService:
    push = gateway.push
    assert push is not None  # else these routes are not there
    return push
