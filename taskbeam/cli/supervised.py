"""The link between the supervisor and each of its processes: a pair of sockets.

The process says when it is ready. When the other end is closed, the supervisor is gone, however it went:
then the process stops, too, instead of keeping the port.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

READY = b"ready"

logger = logging.getLogger(__name__)


def under_supervision(descriptor: int) -> Callable[[], None]:
    """What a process is to call in its event loop once it serves; ``descriptor`` is its end of the link."""
    link = socket.socket(fileno=descriptor)
    link.setblocking(False)

    def started() -> None:
        loop = asyncio.get_running_loop()

        def supervisor_is_gone() -> None:
            loop.remove_reader(link)
            logger.error("The parent process is gone, so this one stops, too.")
            os.kill(os.getpid(), signal.SIGTERM)

        loop.add_reader(link, supervisor_is_gone)
        with suppress(OSError):  # then it is gone already, which the reader hears
            link.send(READY)

    return started
