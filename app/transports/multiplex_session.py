"""WebSocket for many tasks: the client subscribes and unsubscribes, the server answers and sends events.

Client: ``{"op": "subscribe", "task_id": …, "after": …}``, ``unsubscribe``, ``ping``.
Server: ``subscribed``, ``unsubscribed``, ``pong``, ``error``, each under ``op``; events have no ``op``.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, TypeGuard

from taskbeam import errors
from taskbeam.encode import to_json
from taskbeam.errors import Problem, TaskbeamError
from taskbeam.events import EventId

from ..ends import PROBLEMS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..channel import End
    from ..event import Event
    from ..hub import Hub
    from .session import Socket


#: Half of a character, which JSON can spell as an escape, and UTF-8 cannot.
_SURROGATE = re.compile("[\ud800-\udfff]")


class Subscription:
    """One task on the socket."""

    __slots__ = ("_session", "_task_id", "admitted", "follower")

    def __init__(self, session: MultiplexSession, hub: Hub, task_id: str, after: EventId | None) -> None:
        self._session = session
        self._task_id = task_id
        self.admitted = False
        self.follower = hub.follow(task_id, after, self)

    def deliver(self, events: Sequence[Event]) -> None:
        if not self.admitted:
            self.admitted = True
            self._session.answer("subscribed", task_id=self._task_id)
        self._session.socket.send_events(events)

    def finish(self, end: End) -> None:
        self._session.ended(self._task_id, self, end)


class MultiplexSession:
    """The subscriptions of one socket."""

    def __init__(self, socket: Socket, hub: Hub, max_subscriptions: int) -> None:
        self.socket = socket
        self._hub = hub
        self._max_subscriptions = max_subscriptions
        self._subscriptions: dict[str, Subscription] = {}

    # What the socket calls.

    def received(self, text: str) -> None:
        task_id: object = None
        try:
            message = _parse(text)
            task_id = message.get("task_id")
            self._obey(message)
        except TaskbeamError as error:
            self._refuse(error.problem, task_id if _is_text(task_id) else None, error.detail)

    def pause(self) -> None:
        for subscription in self._subscriptions.values():
            subscription.follower.pause()

    def resume(self) -> None:
        for subscription in tuple(self._subscriptions.values()):
            subscription.follower.resume()

    def closed(self) -> None:
        for subscription in self._subscriptions.values():
            subscription.follower.cancel()
        self._subscriptions.clear()

    # What a subscription calls.

    def answer(self, op: str, **members: Any) -> None:
        """Send a message of the server's own."""
        self.socket.send_text(to_json({"op": op, **members}).encode())

    def ended(self, task_id: str, subscription: Subscription, end: End) -> None:
        """The task's stream is over."""
        if self._subscriptions.get(task_id) is subscription:
            del self._subscriptions[task_id]
        problem = PROBLEMS.get(end)
        if problem is not None:
            self._refuse(problem, task_id)
        else:
            self.answer("unsubscribed", task_id=task_id, reason="ended")

    # What the client may ask.

    def _obey(self, message: dict[str, Any]) -> None:
        match message.get("op"):
            case "subscribe":
                self._subscribe(_task_id(message), _cursor(message))
            case "unsubscribe":
                self._unsubscribe(_task_id(message))
            case "ping":
                self.answer("pong")
            case _:
                raise TaskbeamError(errors.UNKNOWN_OP)

    def _subscribe(self, task_id: str, after: EventId | None) -> None:
        before = self._subscriptions.pop(task_id, None)
        if before is not None:
            before.follower.cancel()
        elif len(self._subscriptions) >= self._max_subscriptions:
            raise TaskbeamError(errors.TOO_MANY)
        self._subscriptions[task_id] = Subscription(self, self._hub, task_id, after)

    def _unsubscribe(self, task_id: str) -> None:
        subscription = self._subscriptions.pop(task_id, None)
        if subscription is not None:
            subscription.follower.cancel()
        self.answer("unsubscribed", task_id=task_id, reason="asked")

    def _refuse(self, problem: Problem, task_id: str | None, detail: str | None = None) -> None:
        members = {"task_id": task_id} if task_id is not None else {}
        self.answer("error", code=problem.code, message=detail or problem.title, **members)


def _parse(text: str) -> dict[str, Any]:
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TaskbeamError(errors.BAD_JSON) from error
    if not isinstance(message, dict):
        raise TaskbeamError(errors.BAD_JSON)
    return message


def _task_id(message: dict[str, Any]) -> str:
    task_id = message.get("task_id")
    if not _is_text(task_id):
        raise TaskbeamError(errors.BAD_REQUEST, "task_id is to be a string.")
    return task_id


def _is_text(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and not _SURROGATE.search(value)


def _cursor(message: dict[str, Any]) -> EventId | None:
    after = message.get("after")
    if after is None:
        return None
    if not isinstance(after, str):
        raise TaskbeamError(errors.BAD_CURSOR)
    return EventId.parse(after)
