"""WebSocket for many tasks: the client subscribes and unsubscribes, the server answers and sends events.

Client: ``{"op": "subscribe", "task_id": …, "after": …, "token": …}``, ``unsubscribe``, ``auth``, ``ping``.
Server: ``subscribed``, ``unsubscribed``, ``authenticated``, ``pong``, ``error``, each under ``op``; events
have no ``op``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbeam.gateway import problems
from taskbeam.gateway.problems import Problem, TaskbeamError
from taskbeam.gateway.transports.messages import cursor_of, is_text, parse_message, task_id_of
from taskbeam.gateway.transports.subscription import Subscription
from taskbeam.journal.encode import to_json

if TYPE_CHECKING:
    from taskbeam.follow.hub import Hub
    from taskbeam.gateway.auth.socket_auth import SocketAuth
    from taskbeam.gateway.transports.session import Socket


class MultiplexSession:
    """The subscriptions of one socket."""

    __slots__ = (
        "_auth",
        "_closed",
        "_hub",
        "_idle_timeout",
        "_max_subscriptions",
        "_subscriptions",
        "socket",
    )

    def __init__(
        self, socket: Socket, hub: Hub, auth: SocketAuth, max_subscriptions: int, idle_timeout: float
    ) -> None:
        """``idle_timeout``: seconds that the socket may follow nothing."""
        self.socket = socket
        self._hub = hub
        self._auth = auth
        self._max_subscriptions = max_subscriptions
        self._idle_timeout = idle_timeout
        self._subscriptions: dict[str, Subscription] = {}
        self._closed = False
        auth.admission.attach(self)
        auth.admission.expect(problems.IDLE, idle_timeout)

    # What the guard calls.

    def dismiss(self, problem: Problem) -> None:
        self.socket.close(problem.close, problem.code)

    # What the socket calls.

    def heard(self, size: int) -> None:
        self._auth.admission.heard(size)

    def received(self, text: str) -> None:
        self._auth.admission.asked()
        if self._closed:
            return
        task_id: object = None
        try:
            message = parse_message(text)
            task_id = message.get("task_id")
            self._obey(message)
        except TaskbeamError as error:
            self.tell(error.problem, task_id if is_text(task_id) else None, error.more)

    def pause(self) -> None:
        for subscription in self._subscriptions.values():
            subscription.pause()

    def resume(self) -> None:
        for subscription in tuple(self._subscriptions.values()):
            subscription.resume()

    def closed(self) -> None:
        self._closed = True
        self._auth.close()
        for subscription in self._subscriptions.values():
            subscription.cancel()
        self._subscriptions.clear()

    # What a subscription calls.

    def answer(self, op: str, **members: Any) -> None:
        """Send a message of the server's own."""
        self.socket.send_text(to_json({"op": op, **members}).encode())

    def ended(self, subscription: Subscription, problem: Problem | None) -> None:
        """Nothing more comes of the task; without a problem, because it has ended."""
        task_id = subscription.task_id
        if self._subscriptions.get(task_id) is subscription:
            self._drop(subscription)
        if problem is not None:
            self.tell(problem, task_id)
        else:
            self.answer("unsubscribed", task_id=task_id, reason="ended")

    def tell(self, problem: Problem, task_id: str | None, detail: str | None = None) -> None:
        """Say what is wrong; the socket lives."""
        members = {"task_id": task_id} if task_id is not None else {}
        self.answer("error", code=problem.code, message=detail or problem.title, **members)

    # What the client may ask.

    def _obey(self, message: dict[str, Any]) -> None:
        match message.get("op"):
            case "subscribe":
                self._subscribe(message)
            case "unsubscribe":
                self._unsubscribe(task_id_of(message))
            case "auth":
                self._authenticate(message)
            case "ping":
                self.answer("pong")
            case _:
                raise TaskbeamError(problems.UNKNOWN_OP)

    def _subscribe(self, message: dict[str, Any]) -> None:
        task_id, after, token = task_id_of(message), cursor_of(message), message.get("token")
        identity = self._auth.identity if token is None else self._auth.verify(token)
        if identity is None:
            raise TaskbeamError(problems.UNAUTHENTICATED)
        before = self._subscriptions.get(task_id)
        if before is not None:
            self._drop(before)
        elif len(self._subscriptions) >= self._max_subscriptions:
            raise TaskbeamError(problems.TOO_MANY)
        own = None if token is None else self._auth.watch(identity)
        subscription = self._subscriptions[task_id] = Subscription(self, self._hub, task_id, after, own)
        self._auth.admission.settle()
        self._auth.ask(identity, task_id, subscription.admit)

    def _unsubscribe(self, task_id: str) -> None:
        subscription = self._subscriptions.get(task_id)
        if subscription is not None:
            self._drop(subscription)
        self.answer("unsubscribed", task_id=task_id, reason="asked")

    def _authenticate(self, message: dict[str, Any]) -> None:
        """A token for the socket, or, with a ``task_id``, for one subscription."""
        if "task_id" in message:
            self._renew(task_id_of(message), message.get("token"))
            return
        before = self._auth.identity
        identity = self._auth.authenticate(message.get("token"))
        self.answer("authenticated", expires=identity.expires)
        if before is None or identity.renews(before):
            return
        for subscription in tuple(self._subscriptions.values()):
            if subscription.admission is None:
                self._auth.ask(identity, subscription.task_id, subscription.admit)

    def _renew(self, task_id: str, token: object) -> None:
        subscription = self._subscriptions.get(task_id)
        if subscription is None:
            raise TaskbeamError(problems.BAD_REQUEST, "There is no subscription to this task.")
        identity = self._auth.verify(token)
        if subscription.admission is not None:
            subscription.admission.leave()
        subscription.admission = self._auth.watch(identity)
        subscription.admission.attach(subscription)
        self.answer("authenticated", task_id=task_id, expires=identity.expires)
        self._auth.ask(identity, task_id, subscription.admit)

    def _drop(self, subscription: Subscription) -> None:
        del self._subscriptions[subscription.task_id]
        subscription.cancel()
        if not self._subscriptions:
            self._auth.admission.expect(problems.IDLE, self._idle_timeout)
