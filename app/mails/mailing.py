"""Mails about reports: who asks for one, and what a webhook of the gateway's makes of that."""

from __future__ import annotations

import asyncio
import math
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

from sqlalchemy.exc import SQLAlchemyError
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from taskbeam.gateway import TaskbeamError, Webhook, problems

from ..accounts.attempts import Attempts
from .asked import Asked
from .ended import Ended
from .problems import BAD_SIGNATURE, FOREIGN_ADDRESS
from .secret import kept_secret
from .words import LOST, mail_about

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from taskbeam.gateway import Gateway, Sender, SentTask

    from ..settings import Settings

    T = TypeVar("T")

#: What reports are made by, and what mails.
REPORT, MAIL, MAIL_QUEUE = "reports.generate", "emails.send", "emails"

#: Wrong addresses a minute from one sender: otherwise an address could be guessed.
WRONG_ADDRESSES = 30


class Mailing:
    """It is on where `TASKBEAM_MAIL_WEBHOOK` is set. ``settings``: of the service."""

    def __init__(self, settings: Settings, url: str) -> None:
        secret = kept_secret(settings.mail_secret_file)
        self._verifier = Verifier(secret)
        self._asked = Asked(settings.database_url)
        self._guesses = Attempts(WRONG_ADDRESSES)
        self._public_url = settings.public_url
        self._readable = settings.serves_files
        self._url = url
        #: By which the gateway tells the service how reports have ended.
        self.webhook = Webhook.model_validate({"url": url, "secret": secret, "names": (REPORT,)})

    def joined(self, settings: Settings) -> Settings:
        """The settings with this webhook among the others, and its host among those that are answered to."""
        update: dict[str, Any] = {"webhooks": (*(settings.webhooks or ()), self.webhook)}
        if settings.allowed_hosts is not None:
            update["allowed_hosts"] = (*settings.allowed_hosts, urlsplit(self._url).netloc)
        return settings.model_copy(update=update)

    async def check(self, sender: Sender, client: str, user_id: int, email: str) -> None:
        """Raise `TaskbeamError` ``foreign_address`` unless it is the user's own; or ``rate_limited``.

        ``client``: the network address that asks, for senders without a name.
        """
        guesser = sender.tenant or client
        if (wait := self._guesses.take(guesser)) > 0:
            raise TaskbeamError(problems.RATE_LIMITED, "Too many wrong addresses.", math.ceil(wait))
        if not await _stored(self._asked.is_address, user_id, email):
            raise TaskbeamError(FOREIGN_ADDRESS)
        self._guesses.give_back(guesser)

    async def send(
        self, user_id: int, owner: str | None, send: Callable[[str], Awaitable[SentTask]]
    ) -> SentTask:
        """Send a task whose end is mailed to the user: ``send`` is given its id, which is kept before.

        So there is no end that comes too early, and none whose mail is forgotten.
        """
        task_id = str(uuid4())
        await _stored(self._asked.add, task_id, user_id, owner)
        try:
            task = await send(task_id)
        except BaseException:
            with suppress(TaskbeamError):  # it is about no task, and goes by itself
                await _stored(self._asked.remove, task_id)
            raise
        if task.id != task_id:  # an earlier request's
            await _stored(self._asked.add, task.id, user_id, owner)
            await _stored(self._asked.remove, task_id)
        return task

    async def tell(self, live: Gateway, headers: Mapping[str, str], body: bytes) -> None:
        """Take a webhook, and send the mail, if somebody asked for one.

        The mail's key is the webhook's id, so a webhook that comes twice is one mail (`worker/emails`).
        Raises `TaskbeamError` ``bad_signature``, and others after which it is to be sent again.
        """
        try:
            message = self._verifier.verify(body, dict(headers))
        except (WebhookVerificationError, ValueError):  # what is no header, Base64 or JSON at all
            raise TaskbeamError(BAD_SIGNATURE) from None
        ended = Ended.of(message)
        if ended is None or ended.name != REPORT:
            return
        address = await _stored(self._asked.address, ended.task_id, ended.labels.owner)
        if address is None:
            return
        stored = ended.stored if self._readable else None
        mail = mail_about(ended.state, ended.task_id, stored, self._public_url)
        kwargs = {"to": address, "subject": mail.subject, "body": mail.body, "key": headers["webhook-id"]}
        await live.send(MAIL, kwargs=kwargs, queue=MAIL_QUEUE, owner=ended.labels.owner)
        if ended.state != LOST:  # from which a task may come back
            await _stored(self._asked.remove, ended.task_id)


async def _stored(call: Callable[..., T], *given: Any) -> T:
    """What the database answers. Raises `TaskbeamError` ``unavailable``."""
    try:
        return await asyncio.to_thread(call, *given)
    except SQLAlchemyError as error:
        raise TaskbeamError(problems.UNAVAILABLE, "The shop's database does not answer.") from error
