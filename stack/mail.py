"""`python -m stack.mail`: a mail server that sends nothing on, keeps each message as a file and shows it.

It listens where TASKBEAM_SMTP_URL says (default smtp://127.0.0.1:1025) and takes every sender and recipient.
"""

from __future__ import annotations

import asyncio
import itertools
import signal
from datetime import datetime
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

from aiosmtpd.smtp import SMTP

from .ports import LOOPBACK
from .settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from aiosmtpd.smtp import Envelope, Session

DEFAULT_PORT = 1025


class Mailbox:
    """Keeps messages in `folder`, where any mail program can open them (.eml), and tells each in one line."""

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._say = say

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.original_content or b""
        path = self._keep(content)
        subject = message_from_bytes(content, policy=policy.default)["Subject"]
        self._say(f"to {', '.join(envelope.rcpt_tos)}: {subject} ({path})")
        return f"250 Kept as {path.name}"

    def _keep(self, content: bytes) -> Path:
        """Store the message under the time of its arrival, and a number if there are several."""
        arrival = f"{datetime.now():%Y-%m-%d-%H%M%S}"
        for number in itertools.count(1):
            path = self._folder / f"{arrival}-{number}.eml"
            try:
                with path.open("xb") as file:
                    file.write(content)
            except FileExistsError:
                continue
            break
        return path


async def serve(mailbox: object, host: str, port: int, ready: Callable[[], None]) -> None:
    """Take messages for `mailbox` until SIGTERM or SIGINT; `ready` is called as soon as it listens.

    Raises OSError where it cannot listen.
    """
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = await loop.create_server(lambda: SMTP(mailbox, hostname="localhost", loop=loop), host, port)
    ready()
    await stop.wait()
    server.close()  # from Python 3.12 on, waiting for it would mean waiting for every client to leave


def main() -> None:
    settings = Settings()
    url = settings.smtp_url
    host, port = (LOOPBACK, DEFAULT_PORT) if url is None else (url.host or LOOPBACK, url.port or DEFAULT_PORT)

    def say(text: str) -> None:
        print(text, flush=True)

    mailbox = Mailbox(settings.mail_dir, say)
    asyncio.run(serve(mailbox, host, port, lambda: say(f"smtp://{host}:{port} ready.")))


if __name__ == "__main__":
    main()
