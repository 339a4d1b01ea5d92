"""Taskbeam: every Celery job, live in the browser."""

from typing import TYPE_CHECKING, Any

from taskbeam.celery.labels import labelled
from taskbeam.celery.output import output, write
from taskbeam.celery.payloads import Payloads
from taskbeam.celery.progress import emit, log, progress
from taskbeam.celery.run import Cancelled
from taskbeam.celery.step import step
from taskbeam.journal.failures import PublicError
from taskbeam.journal.stored import Stored, stored

if TYPE_CHECKING:
    from taskbeam.waiting import afollow, aresult

__all__ = [
    "Cancelled",
    "Payloads",
    "PublicError",
    "Stored",
    "__version__",
    "afollow",
    "aresult",
    "emit",
    "labelled",
    "log",
    "output",
    "progress",
    "step",
    "stored",
    "write",
]

__version__ = "0.2.0"


def __getattr__(name: str) -> Any:
    """What a worker does not need is loaded by whoever asks for it (PEP 562)."""
    if name in {"afollow", "aresult"}:
        from taskbeam import waiting

        return getattr(waiting, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
