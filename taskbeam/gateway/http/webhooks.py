"""The webhooks of whoever asks: services that are told how all tasks of an owner end."""

from collections.abc import AsyncIterator
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, ConfigDict, Field

from taskbeam.gateway import problems
from taskbeam.gateway.auth.api_key import Names
from taskbeam.gateway.dependencies import CallerDep, RuntimeDep
from taskbeam.gateway.http.answer_body import AnswerBody
from taskbeam.gateway.http.answers import described
from taskbeam.gateway.http.negotiation import JSON_ONLY
from taskbeam.gateway.http.problem_details import OWNER_PROBLEMS, documented
from taskbeam.gateway.http.route import GatewayRoute
from taskbeam.gateway.problems import TaskbeamError
from taskbeam.notifications.health import Health
from taskbeam.notifications.target import Filter, Target
from taskbeam.notifications.targets import NoSuchTargetError
from taskbeam.notifications.webhooks import NoSuchDeliveryError, TooManyWebhooksError, Webhooks
from taskbeam.outgoing.endpoint import LONGEST, BadEndpointError

State = Literal["SUCCESS", "FAILURE", "REVOKED", "IGNORED", "REJECTED", "LOST"]


async def _owner(caller: CallerDep) -> str:
    return caller.require_owner()


OwnerDep = Annotated[str, Depends(_owner)]


async def _webhooks(gateway: RuntimeDep, _: OwnerDep) -> AsyncIterator[Webhooks]:
    webhooks = gateway.webhooks
    assert webhooks is not None  # else these routes are not there
    try:
        yield webhooks
    except NoSuchTargetError:
        raise TaskbeamError(problems.NOT_FOUND, "There is no such webhook.") from None


WebhooksDep = Annotated[Webhooks, Depends(_webhooks)]

#: Who asks is asked before what for.
router = APIRouter(
    prefix="/webhooks", tags=["webhooks"], route_class=GatewayRoute, dependencies=[Depends(_owner)]
)

WebhookId = Annotated[
    str, Path(pattern=r"^webhook_[A-Za-z0-9_-]{1,64}$", description="The webhook, as it was made.")
]
MessageId = Annotated[str, Path(pattern=r"^msg_[0-9a-f]{32}$", description="A message's `webhook-id`.")]

_CHANGE = (*OWNER_PROBLEMS, problems.FOREIGN_ORIGIN, problems.UNSUPPORTED_MEDIA_TYPE)
_ONE = (*_CHANGE, problems.NOT_FOUND)
_KEPT = ("Cache-Control",)


class WebhookRequest(BaseModel):
    """The webhook that is asked for. What is left out chooses all."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(max_length=LONGEST, description="Where messages go: https, at a public address.")
    states: frozenset[State] | None = Field(default=None, description="Of ends in which states it is told.")
    names: Names | None = Field(default=None, description="Of tasks with which names; `reports.*` fits more.")
    tags: Names | None = Field(default=None, description="Of tasks that have one of these tags.")

    @property
    def wanted(self) -> Filter:
        """Which ends these are."""
        tags = None if self.tags is None else frozenset(self.tags)
        return Filter(states=self.states, names=self.names, tags=tags)


class WebhookAnswer(AnswerBody):
    """A webhook, without its secrets. Times are in Unix seconds."""

    model_config = ConfigDict(title="Webhook")

    webhook: str = Field(description="Its id.")
    url: str
    states: list[State] | None = None
    names: list[str] | None = None
    tags: list[str] | None = None
    created: float
    sent: float | None = Field(default=None, description="When it last took a message.")
    failed: float | None = Field(default=None, description="When it last did not.")
    error: str | None = Field(default=None, description="Why not.")
    disabled: str | None = Field(default=None, description="Why nothing is sent to it any more.")


class NewWebhookAnswer(WebhookAnswer):
    """A webhook with its secret, which is shown only now."""

    model_config = ConfigDict(title="NewWebhook")

    secret: str = Field(description="Verifies its messages (Standard Webhooks).")


class WebhookList(AnswerBody):
    """An owner's webhooks, the oldest first."""

    webhooks: list[WebhookAnswer]


class TrialAnswer(AnswerBody):
    """What came of a trial."""

    taken: bool
    answer: str = Field(description="Such as `HTTP 204`, or why there was none.")


class DeliveryRow(AnswerBody):
    """One try to tell a webhook of an end."""

    model_config = ConfigDict(title="Delivery")

    message: str = Field(description="Its `webhook-id`, the same for each try.")
    task_id: str
    event: str = Field(description="The id of the task's last event.")
    tries: int = Field(description="The how manieth try it was.")
    at: float = Field(description="When, in Unix seconds.")
    taken: bool
    answer: str


class DeliveryList(AnswerBody):
    """The last tries, the newest first."""

    deliveries: list[DeliveryRow]


@router.get(
    "",
    operation_id="list_webhooks",
    response_model_exclude_none=True,
    responses=documented(*OWNER_PROBLEMS) | {200: described("The webhooks.", *_KEPT)},
)
async def list_webhooks(webhooks: WebhooksDep, owner: OwnerDep) -> WebhookList:
    """The webhooks of whoever asks, with what came of the last messages."""
    return WebhookList(
        webhooks=[WebhookAnswer.model_validate(_row(*row)) for row in await webhooks.rows(owner)]
    )


@router.post(
    "",
    operation_id="create_webhook",
    status_code=201,
    response_model_exclude_none=True,
    dependencies=[JSON_ONLY],
    responses=documented(*_CHANGE, problems.TOO_MANY) | {201: described("The webhook.", *_KEPT)},
)
async def create_webhook(webhooks: WebhooksDep, owner: OwnerDep, wanted: WebhookRequest) -> NewWebhookAnswer:
    """Let a service be told of the ends of the tasks of whoever asks. Its secret is in this answer alone."""
    try:
        return _new(await webhooks.create(owner, wanted.url, wanted.wanted))
    except BadEndpointError as error:
        raise TaskbeamError(problems.INVALID_REQUEST, f"The URL cannot be used: {error}") from None
    except TooManyWebhooksError:
        raise TaskbeamError(problems.TOO_MANY, "This owner has as many webhooks as one may have.") from None


@router.post(
    "/{webhook}/rotate",
    operation_id="rotate_webhook",
    response_model_exclude_none=True,
    responses=documented(*_ONE) | {200: described("The webhook.", *_KEPT)},
)
async def rotate_webhook(webhooks: WebhooksDep, owner: OwnerDep, webhook: WebhookId) -> NewWebhookAnswer:
    """Give it another secret. The one before signs, too, until the next time."""
    return _new(await webhooks.rotate(owner, webhook))


@router.post(
    "/{webhook}/enable",
    operation_id="enable_webhook",
    response_model_exclude_none=True,
    responses=documented(*_ONE) | {200: described("The webhook.", *_KEPT)},
)
async def enable_webhook(webhooks: WebhooksDep, owner: OwnerDep, webhook: WebhookId) -> WebhookAnswer:
    """Send to one again that was disabled. What was given up meanwhile can be replayed."""
    return WebhookAnswer.model_validate(_row(await webhooks.enable(owner, webhook)))


@router.post(
    "/{webhook}/test",
    operation_id="test_webhook",
    responses=documented(*_ONE) | {200: described("What came of it.", *_KEPT)},
)
async def try_webhook(webhooks: WebhooksDep, owner: OwnerDep, webhook: WebhookId) -> TrialAnswer:
    """Send it a message of the type `webhook.test`, now."""
    answer = await webhooks.test(owner, webhook)
    return TrialAnswer(taken=answer.taken, answer=str(answer))


@router.get(
    "/{webhook}/deliveries",
    operation_id="list_deliveries",
    responses=documented(*OWNER_PROBLEMS, problems.NOT_FOUND) | {200: described("The tries.", *_KEPT)},
)
async def list_deliveries(webhooks: WebhooksDep, owner: OwnerDep, webhook: WebhookId) -> DeliveryList:
    """The last 50 tries to tell it."""
    found = await webhooks.deliveries(owner, webhook)
    return DeliveryList(deliveries=[DeliveryRow(**each.model_dump(exclude={"target"})) for each in found])


@router.post(
    "/{webhook}/deliveries/{message}/replay",
    operation_id="replay_delivery",
    status_code=204,
    responses=documented(*_ONE) | {204: described("It is sent.", *_KEPT)},
)
async def replay_delivery(
    webhooks: WebhooksDep, owner: OwnerDep, webhook: WebhookId, message: MessageId
) -> None:
    """Send a message once more, under its id, whatever came of it."""
    try:
        await webhooks.replay(owner, webhook, message)
    except NoSuchDeliveryError:
        raise TaskbeamError(problems.NOT_FOUND, "The message, or its task, is not kept any more.") from None


@router.delete(
    "/{webhook}",
    operation_id="delete_webhook",
    status_code=204,
    responses=documented(*_ONE) | {204: described("It is told nothing.", *_KEPT)},
)
async def delete_webhook(webhooks: WebhooksDep, owner: OwnerDep, webhook: WebhookId) -> None:
    """Forget it, and what is due to it."""
    await webhooks.remove(owner, webhook)


def _row(target: Target, health: Health | None = None) -> dict[str, object]:
    wanted, seen = target.wanted, health or Health()
    return {
        "webhook": target.id,
        "url": target.url,
        "states": None if wanted.states is None else sorted(wanted.states),
        "names": wanted.names,
        "tags": None if wanted.tags is None else sorted(wanted.tags),
        "created": target.created,
        "sent": seen.sent,
        "failed": seen.failed,
        "error": seen.error,
        "disabled": target.disabled,
    }


def _new(target: Target) -> NewWebhookAnswer:
    return NewWebhookAnswer.model_validate(_row(target) | {"secret": target.secrets[0]})
