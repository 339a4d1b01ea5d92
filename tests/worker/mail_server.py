"""A real mail server in this process: it keeps what it takes, and says no or hangs up when told to."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from stack.ports import LOOPBACK, kept_port

NO_SUCH_USER = "550 5.1.1 No such user"
TRY_LATER = "451 4.3.0 Try again later"
HANG_UP = ""


@dataclass
class MailServer:
    """`answers` are its next replies to a message, in order; HANG_UP takes the message and says nothing.

    It has its `port` once it is running. `unknown` addresses are refused. Recipients are answered once
    `together` senders have named theirs.
    """

    port: int = 0
    messages: list[Envelope] = field(default_factory=list)
    answers: deque[str] = field(default_factory=deque)
    unknown: set[str] = field(default_factory=set)
    together: int = 1
    _waiting: int = 0
    _all_there: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"smtp://{LOOPBACK}:{self.port}"

    @contextmanager
    def running(self, **options: Any) -> Iterator["MailServer"]:
        with kept_port() as self.port:
            controller = Controller(self, hostname=LOOPBACK, port=self.port, **options)
            controller.start()
            try:
                yield self
            finally:
                controller.stop()

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.unknown:
            return NO_SUCH_USER
        await self._wait_for_the_others()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self.answers.popleft() if self.answers else "250 Taken"
        if answer in ("250 Taken", HANG_UP):
            self.messages.append(envelope)
        if answer == HANG_UP and isinstance(server.transport, asyncio.Transport):
            server.transport.abort()
        return answer

    async def _wait_for_the_others(self) -> None:
        self._waiting += 1
        if self._waiting >= self.together:
            self._all_there.set()
        await self._all_there.wait()


def only(user: str, password: str) -> Callable[..., AuthResult]:
    """An authenticator that knows one user."""

    def authenticate(
        _server: SMTP, _session: Session, _envelope: Envelope, _how: str, data: Any
    ) -> AuthResult:
        known = (data.login, data.password) == (user.encode(), password.encode())
        return AuthResult(success=known, handled=False)

    return authenticate
