"""On one's own machine: the worker may be killed, to see what becomes of its jobs."""

from __future__ import annotations

import os
import signal
from ipaddress import ip_address
from typing import TYPE_CHECKING

from fastapi import APIRouter, Response

if TYPE_CHECKING:
    from .settings import Settings


def kills_worker(settings: Settings) -> bool:
    """Whether `python -m stack` has started this process, where nobody but this machine reaches it.

    A proxy on this machine reaches a loopback address for everybody: whoever asks for tokens has others than
    himself in mind.
    """
    ours = settings.stack_pid == os.getppid() and _is_loopback(settings.host)
    return ours and settings.auth == "open"


def development_router() -> APIRouter:
    """For a service whose worker may be killed; any other has no such route."""
    router = APIRouter(include_in_schema=False)

    @router.post("/development/kill-worker", status_code=202)
    def kill_worker() -> Response:
        """Ask for SIGKILL for the worker with all its processes, and for another one."""
        os.kill(os.getppid(), signal.SIGUSR1)
        return Response(status_code=202, headers={"Cache-Control": "no-store"})

    return router


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
