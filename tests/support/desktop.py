"""A desktop of a test's own: it shows notifications to nobody, and clicks where the test says.

A browser hands its notifications to the service `org.freedesktop.Notifications` on the session's D-Bus, and
hears from it what was clicked. See the Desktop Notifications Specification.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import TYPE_CHECKING

from .dbus import (
    CALL,
    INTERFACE,
    MEMBER,
    PATH,
    RETURN,
    SIGNAL,
    SIGNATURE,
    Connection,
    Message,
    bus,
    written,
)
from .waiting import DEADLINE, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "org.freedesktop.Notifications"

#: What is clicked where somebody clicks on the notification itself, and on none of its buttons.
DEFAULT = "default"


@dataclass(frozen=True)
class Shown:
    """One notification, as the browser has handed it over."""

    id: int
    title: str
    body: str
    actions: list[str]


class Desktop:
    """``environment``: with which a browser finds it."""

    def __init__(self, path: Path) -> None:
        self.environment = {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={path}"}
        self.shown: list[Shown] = []
        self._connection = Connection(path, NAME)
        self._is_there = Event()
        self._thread = Thread(target=self._serve, name="desktop", daemon=True)
        self._thread.start()
        assert self._is_there.wait(DEADLINE)

    def click(self, title: str) -> None:
        """Click on the notification with this title, as soon as it is shown."""
        wait_until(lambda: any(each.title == title for each in self.shown), lambda: f"{title!r} to be shown")
        [clicked] = [each for each in self.shown if each.title == title]
        assert DEFAULT in clicked.actions
        self._tell("ActionInvoked", "us", written(clicked.id, DEFAULT))

    def close(self) -> None:
        self._connection.close()
        self._thread.join()

    def _serve(self) -> None:
        answered = 0
        for message in self._connection.messages():
            if message.kind == RETURN:
                # To `Hello`, and to the request for the name.
                answered += 1
                if answered > 1:
                    self._is_there.set()
            if message.kind == CALL and message.fields.get(INTERFACE) == NAME:
                self._answer(message)

    def _answer(self, call: Message) -> None:
        reply = self._connection.reply
        match call.fields[MEMBER]:
            case "GetCapabilities":
                reply(call, "as", written(["actions", "body", "persistence"]))
            case "GetServerInformation":
                reply(call, "ssss", written("a test", "Taskbeam", "1", "1.2"))
            case "Notify":
                body = call.reading
                _, replaced, _ = body.text(), body.number(), body.text()
                shown = Shown(replaced or len(self.shown) + 1, body.text(), body.text(), body.texts())
                reply(call, "u", written(shown.id))
                self.shown.append(shown)
            case "CloseNotification":
                reply(call)
                self._tell("NotificationClosed", "uu", written(call.reading.number(), 3))

    def _tell(self, member: str, signature: str, body: bytes) -> None:
        fields: dict[int, str | int] = {
            PATH: "/org/freedesktop/Notifications",
            INTERFACE: NAME,
            MEMBER: member,
            SIGNATURE: signature,
        }
        self._connection.send(Message(SIGNAL, fields, body))


@contextmanager
def desktop() -> Iterator[Desktop]:
    """One on a bus of its own, whose socket has a short path."""
    with TemporaryDirectory(prefix="bus-") as folder, bus(Path(folder)) as path:
        running = Desktop(path)
        try:
            yield running
        finally:
            running.close()
