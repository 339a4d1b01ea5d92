"""Talking to a mail server (RFC 5321), in two steps: before DATA nothing can have been sent."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import unquote, urlsplit

from .errors import NotNowError, RefusedError

# How long to wait for each answer. RFC 5321 §4.5.3.2 would allow minutes, a job's time limit does not.
ANSWER_SECONDS = 20.0

PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


class Conversation:
    """An open connection on which one message can be sent."""

    def __init__(self, client: smtplib.SMTP) -> None:
        self._client = client

    def address(self, sender: str, to: str) -> None:
        """Say who writes to whom. Raises RefusedError, NotNowError, and OSError for a lost connection."""
        _accept("the sender", *self._client.mail(sender))
        _accept(f"the recipient {to}", *self._client.rcpt(to))

    def hand_over(self, content: bytes) -> str:
        """Return the server's reply when it has taken the message and answers for it.

        Raises RefusedError or NotNowError where it has said that it did not take it. Any other error (OSError
        where the connection is lost) leaves open whether it did (RFC 1047).
        """
        try:
            code, reply = self._client.data(content)
        except smtplib.SMTPDataError as refusal:  # it did not even want to see the message
            code, reply = refusal.smtp_code, _bytes(refusal.smtp_error)
        return _accept("the message", code, reply)


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where messages are handed over, and how."""

    scheme: str
    host: str
    port: int
    user: str | None = None
    password: str = field(default="", repr=False)

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Read `smtp://[user:password@]host[:port]`.

        `smtps:` speaks TLS from the start, `smtp+starttls:` before anything else is said.
        Raises ValueError for any other URL; the message does not repeat it, since it may hold a password.
        """
        parts = urlsplit(url)
        if parts.scheme not in PORTS or not parts.hostname:
            raise ValueError("An SMTP URL is smtp://, smtp+starttls:// or smtps:// and a host.")
        user = None if parts.username is None else unquote(parts.username)
        port = parts.port or PORTS[parts.scheme]
        return cls(parts.scheme, parts.hostname, port, user, unquote(parts.password or ""))

    @contextmanager
    def connect(self) -> Iterator[Conversation]:
        """Open a conversation. Raises NotNowError where the server wants none with us, else OSError."""
        client = self._client()
        try:
            self._introduce(client)
            yield Conversation(client)
            with suppress(OSError):  # all is said: a server that does not wait for our goodbye may go
                client.quit()
        finally:
            client.close()

    def _client(self) -> smtplib.SMTP:
        try:
            if self.scheme == "smtps":
                context = ssl.create_default_context()
                return smtplib.SMTP_SSL(self.host, self.port, timeout=ANSWER_SECONDS, context=context)
            return smtplib.SMTP(self.host, self.port, timeout=ANSWER_SECONDS)
        except smtplib.SMTPResponseException as refusal:
            raise _not_us(refusal) from refusal

    def _introduce(self, client: smtplib.SMTP) -> None:
        try:
            if self.scheme == "smtp+starttls":
                client.starttls(context=ssl.create_default_context())
            client.ehlo_or_helo_if_needed()
            if self.user is not None:
                client.login(self.user, self.password)
        except smtplib.SMTPResponseException as refusal:
            raise _not_us(refusal) from refusal


def _accept(what: str, code: int, reply: bytes) -> str:
    """Return the reply if it is a yes (2yz). Reply codes: RFC 5321 §4.2.1."""
    text = reply.decode(errors="replace")
    if 200 <= code < 300:
        return text
    kind = RefusedError if 500 <= code < 600 else NotNowError
    raise kind(what, code, text)


def _not_us(refusal: smtplib.SMTPResponseException) -> NotNowError:
    """A refused greeting or password is no fault of the message, so it is worth a try when that is mended."""
    return NotNowError(
        "our connection", refusal.smtp_code, _bytes(refusal.smtp_error).decode(errors="replace")
    )


def _bytes(text: bytes | str) -> bytes:
    return text.encode() if isinstance(text, str) else text
