"""A private D-Bus, and as much of its protocol as a small service on it needs.

The D-Bus specification has what a message looks like: a header of fixed members, an array of
fields, the body.
"""

from __future__ import annotations

import os
import shutil
import socket
import struct
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING

from stack.process import ManagedProcess

from .waiting import START_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

#: Kinds of messages.
CALL, RETURN, SIGNAL = 1, 2, 4

#: Fields of a header, and how each is written: (o)bject path, (s)tring, (g) signature, (u)nsigned number.
PATH, INTERFACE, MEMBER, REPLY_TO, DESTINATION, SENDER, SIGNATURE = 1, 2, 3, 5, 6, 7, 8
FIELDS = {PATH: "o", INTERFACE: "s", MEMBER: "s", 4: "s", REPLY_TO: "u", DESTINATION: "s", SENDER: "s"}
FIELDS |= {SIGNATURE: "g", 9: "u"}

BUS = {PATH: "/org/freedesktop/DBus", INTERFACE: "org.freedesktop.DBus", DESTINATION: "org.freedesktop.DBus"}

#: A bus for whoever knows its socket, on which everybody may say everything.
CONFIGURATION = """<busconfig>
  <type>session</type>
  <listen>unix:path={path}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>
</busconfig>
"""


@dataclass
class Reading:
    """Takes values out of bytes of the little-endian form."""

    data: bytes
    at: int = 0

    def align(self, size: int) -> None:
        self.at = -(-self.at // size) * size

    def number(self) -> int:
        self.align(4)
        (found,) = struct.unpack_from("<I", self.data, self.at)
        self.at += 4
        return int(found)

    def text(self) -> str:
        return self._text(self.number())

    def byte(self) -> int:
        self.at += 1
        return self.data[self.at - 1]

    def signature(self) -> str:
        return self._text(self.byte())

    def texts(self) -> list[str]:
        end = self.number() + self.at
        found = []
        while self.at < end:
            found.append(self.text())
        return found

    def value(self, form: str) -> str | int:
        """One of those that a header has."""
        if form == "u":
            return self.number()
        return self.signature() if form == "g" else self.text()

    def _text(self, length: int) -> str:
        found = self.data[self.at : self.at + length].decode()
        self.at += length + 1
        return found


@dataclass
class Message:
    """``body``: in the form that its signature tells. ``serial``: of whoever sent it."""

    kind: int
    fields: Mapping[int, str | int]
    body: bytes = b""
    serial: int = field(default=0)

    @property
    def reading(self) -> Reading:
        return Reading(self.body)

    def encoded(self, serial: int) -> bytes:
        fields = b""
        for code, value in self.fields.items():
            fields = aligned(fields, 8) + bytes((code, 1)) + FIELDS[code].encode() + b"\0"
            fields = aligned(fields, 1 if code == SIGNATURE else 4) + written(value, short=code == SIGNATURE)
        head = struct.pack("<cBBBIII", b"l", self.kind, 0, 1, len(self.body), serial, len(fields))
        return aligned(head + fields, 8) + self.body


def aligned(data: bytes, size: int) -> bytes:
    return data + b"\0" * (-len(data) % size)


def written(*values: str | int | list[str], short: bool = False) -> bytes:
    """The values in a row, each as its kind is written. ``short``: a signature, and not a text."""
    data = b""
    for value in values:
        data = data if short else aligned(data, 4)
        if isinstance(value, int):
            data += struct.pack("<I", value)
        elif isinstance(value, list):
            members = written(*value)
            data += struct.pack("<I", len(members)) + members
        else:
            text = value.encode()
            data += struct.pack("<B" if short else "<I", len(text)) + text + b"\0"
    return data


class Connection:
    """To the bus, under a name by which others find it."""

    def __init__(self, path: Path, name: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._input = self._socket.makefile("rb")
        self._socket.sendall(b"\0AUTH EXTERNAL " + str(os.getuid()).encode().hex().encode() + b"\r\n")
        assert self._input.readline().startswith(b"OK ")
        self._socket.sendall(b"BEGIN\r\n")
        self._serial = 0
        self.send(Message(CALL, {**BUS, MEMBER: "Hello"}))
        self.send(Message(CALL, {**BUS, MEMBER: "RequestName", SIGNATURE: "su"}, written(name, 0)))

    def send(self, message: Message) -> None:
        self._serial += 1
        self._socket.sendall(message.encoded(self._serial))

    def reply(self, call: Message, signature: str = "", body: bytes = b"") -> None:
        fields: dict[int, str | int] = {REPLY_TO: call.serial, DESTINATION: call.fields[SENDER]}
        self.send(Message(RETURN, fields | ({SIGNATURE: signature} if signature else {}), body))

    def messages(self) -> Iterator[Message]:
        """All that come, until the connection is closed."""
        while head := self._input.read(16):
            _, kind, _, _, size, serial, length = struct.unpack("<cBBBIII", head)
            reading = Reading(head + self._input.read(-(-length // 8) * 8), 16)
            fields: dict[int, str | int] = {}
            while reading.at < 16 + length:
                reading.align(8)
                code, form = reading.byte(), reading.signature()
                fields[code] = reading.value(form)
            yield Message(kind, fields, self._input.read(size), serial)

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._input.close()
        self._socket.close()


@contextmanager
def bus(folder: Path) -> Iterator[Path]:
    """Run one; its socket.

    Raises:
        RuntimeError: there is no dbus-daemon.
    """
    program = shutil.which("dbus-daemon")
    if program is None:
        raise RuntimeError("no dbus-daemon: run `python -m tests.support.chromium`")
    path, configuration = folder / "bus", folder / "bus.conf"
    configuration.write_text(CONFIGURATION.format(path=path))
    listens = Event()
    argv = [program, f"--config-file={configuration}", "--nofork", "--nopidfile", "--print-address"]
    with ManagedProcess("dbus-daemon", argv, on_line=lambda _: listens.set()) as process:
        process.wait_until(listens.is_set, START_TIMEOUT)
        yield path
