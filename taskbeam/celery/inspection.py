"""What a worker says of its Taskbeam when it is asked by Celery's remote control.

celery_app.control.broadcast("taskbeam", reply=True)
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from taskbeam.presence.presence import presence

if TYPE_CHECKING:
    from taskbeam.celery.journal_backend import JournalBackend

#: The command's name.
COMMAND = "taskbeam"

#: Any id will do: the name of its key ends with it.
_ANY_ID = "id"


def answer_inspection() -> None:
    """Let this worker answer. It loads Celery's worker, so whoever only sends tasks does not call it."""
    from celery.worker.control import inspect_command

    inspect_command(name=COMMAND)(_describe)


def _describe(state: Any, **_: Any) -> dict[str, Any]:
    """Describe the worker's Taskbeam."""
    return describe_backend(state.app.backend) | {"worker": presence.worker}


def describe_backend(backend: JournalBackend) -> dict[str, Any]:
    """In values that JSON knows: the version, how the keys of journals begin, and `sharded`."""
    return {
        "version": version("taskbeam"),
        "key_prefix": backend.keys(_ANY_ID).result.removesuffix(_ANY_ID),
        "sharded": backend.options.sharded,
    }
