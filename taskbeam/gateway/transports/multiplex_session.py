"""WebSocket for many tasks and feeds: the client subscribes and unsubscribes, the server answers.

Client: ``{"op": "subscribe", "task_id": …, "after": …, "token": …}``, ``unsubscribe``, ``auth``, ``ping``; of
a feed with ``feed`` instead of ``task_id``.
Server: ``subscribed``, ``unsubscribed``, ``authenticated``, ``pong``, ``error``, each under ``op``; events
have no ``op``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taskbeam.gateway import problems
from taskbeam.gateway.problems import Problem, TaskbeamError
from taskbeam.gateway.transports.messages import (
    is_about_a_topic,
    names_in,
    parse_message,
    part_of,
    topic_of,
)
from taskbeam.gateway.transports.session import close_for
from taskbeam.gateway.transports.subscription import Subscription, subscription_to
from taskbeam.journal.encode import to_json

if TYPE_CHECKING:
    from opentelemetry.trace import SpanContext

    from taskbeam.follow.hub import Hub
    from taskbeam.gateway.auth.identity import Identity
    from taskbeam.gateway.auth.socket_auth import SocketAuth
    from taskbeam.gateway.transports.session import Socket
    from taskbeam.gateway.transports.topics import Topic


class MultiplexSession:
    """The subscriptions of one socket."""

    __slots__ = (
        "_auth",
        "_closed",
        "_idle_timeout",
        "_max_subscriptions",
        "_subscriptions",
        "hub",
        "redis_timeout",
        "socket",
    )

    def __init__(
        self,
        socket: Socket,
        hub: Hub,
        auth: SocketAuth,
        max_subscriptions: int,
        *,
        auth_timeout: float,
        idle_timeout: float,
        redis_timeout: float,
    ) -> None:
        """Seconds: ``auth_timeout`` that the client has to bring a token, in the handshake or in a message;
        ``idle_timeout`` that the socket may follow nothing from then on; ``redis_timeout`` until a
        subscription is answered.
        """
        self.redis_timeout = redis_timeout
        self.socket = socket
        self.hub = hub
        self._auth = auth
        self._max_subscriptions = max_subscriptions
        self._idle_timeout = idle_timeout
        self._subscriptions: dict[Topic, Subscription] = {}
        self._closed = False
        auth.admission.attach(self)
        if auth.identity is None:
            auth.admission.expect(problems.UNAUTHENTICATED, auth_timeout)
        else:
            auth.admission.expect(problems.IDLE, idle_timeout)

    # What the guard calls.

    def dismiss(self, problem: Problem) -> None:
        self._auth.admission.told(problem)
        close_for(problem, self.socket)

    # What the socket calls.

    @property
    def number(self) -> int:
        return self._auth.admission.number

    def heard(self, size: int, frames: int = 0) -> None:
        self._auth.admission.heard(size, frames)

    def received(self, text: str) -> None:
        self._auth.admission.asked()
        if self._closed:
            return
        named: dict[str, str] = {}
        try:
            message = parse_message(text)
            named = names_in(message)
            self._obey(message)
        except TaskbeamError as error:
            self.tell(error.problem, named, error.more)

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

    @property
    def span(self) -> SpanContext | None:
        """That of the request that opened the socket, if it is traced."""
        return self._auth.span

    def answer(self, op: str, **members: Any) -> None:
        """Send a message of the server's own."""
        self.socket.send_text(to_json({"op": op, **members}).encode())

    def refuses_double(self, subscription: Subscription) -> bool:
        """End it where another one has the same feed by another name: who reads events knows but one."""
        known_as = subscription.topic.known_as
        for other in self._subscriptions.values() if known_as else ():
            if other is not subscription and other.topic.known_as == known_as:
                detail = f"The socket follows this feed already, as {other.topic.members['feed']}."
                self.ended(subscription, problems.BAD_REQUEST, detail)
                return True
        return False

    def ended(self, subscription: Subscription, problem: Problem | None, detail: str | None = None) -> None:
        """Nothing more comes of its topic; without a problem, because that has ended."""
        topic = subscription.topic
        if self._subscriptions.get(topic) is subscription:
            self._drop(subscription)
        if problem is not None:
            self.tell(problem, topic.members, detail)
        else:
            self.answer("unsubscribed", **topic.members, reason="ended")

    def tell(self, problem: Problem, named: dict[str, str], detail: str | None = None) -> None:
        """Say what is wrong with what is so named; the socket lives."""
        self._auth.admission.told(problem)
        self.answer("error", code=problem.code, message=detail or problem.title, **named)

    # What the client may ask.

    def _obey(self, message: dict[str, Any]) -> None:
        match message.get("op"):
            case "subscribe":
                self._subscribe(message)
            case "unsubscribe":
                self._unsubscribe(topic_of(message))
            case "auth":
                self._authenticate(message)
            case "ping":
                self.answer("pong")
            case _:
                raise TaskbeamError(problems.UNKNOWN_OP)

    def _subscribe(self, message: dict[str, Any]) -> None:
        topic, part, token = topic_of(message), part_of(message), message.get("token")
        before = self._subscriptions.get(topic)
        if before is None and len(self._subscriptions) >= self._max_subscriptions:
            raise TaskbeamError(problems.TOO_MANY)
        place = self._auth.place(token, before.place if before is not None else None)
        if before is not None:
            self._drop(before)
        subscription = self._subscriptions[topic] = subscription_to(topic, part, self, place)
        self._auth.admission.settle()
        identity = self._auth.identity if subscription.brought is None else subscription.brought.identity
        self._auth.ask_about(topic, identity, subscription.admit)

    def _unsubscribe(self, topic: Topic) -> None:
        subscription = self._subscriptions.get(topic)
        if subscription is not None:
            self._drop(subscription)
        self.answer("unsubscribed", **topic.members, reason="asked")

    def _authenticate(self, message: dict[str, Any]) -> None:
        """A token for the socket, or, with a ``task_id`` or ``feed``, for one subscription."""
        if is_about_a_topic(message):
            self._renew(topic_of(message), message.get("token"))
            return
        before = self._auth.identity
        identity = self._auth.authenticate(message.get("token"))
        self.answer("authenticated", expires=identity.expires)
        if before is None:
            self._may_be_idle()
        elif not identity.renews(before):
            self._judge_again(identity)

    def _judge_again(self, identity: Identity) -> None:
        """Whether the socket's subscriptions may go on with a token that is good for less."""
        for subscription in tuple(self._subscriptions.values()):
            if subscription.brought is None:
                self._auth.ask_about(subscription.topic, identity, subscription.admit)

    def _renew(self, topic: Topic, token: object) -> None:
        subscription = self._subscriptions.get(topic)
        if subscription is None:
            raise TaskbeamError(problems.BAD_REQUEST, "There is no such subscription.")
        brought = self._auth.bring(token, subscription.place)
        subscription.take(brought)
        self.answer("authenticated", **topic.members, expires=brought.identity.expires)
        self._auth.ask_about(subscription.topic, brought.identity, subscription.admit)

    def _drop(self, subscription: Subscription) -> None:
        del self._subscriptions[subscription.topic]
        subscription.cancel()
        self._may_be_idle()

    def _may_be_idle(self) -> None:
        """Whoever has brought a token may follow nothing for a while."""
        if not self._subscriptions:
            self._auth.admission.expect(problems.IDLE, self._idle_timeout)
