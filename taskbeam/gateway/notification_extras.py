"""What notifications need beside the gateway: extras that most installations do not have."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from taskbeam.connections.configuration_error import CeleryConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def notification_extras() -> Iterator[None]:
    """Import in the block what they bring; raises `CeleryConfigurationError` with what to install."""
    try:
        yield
    except ImportError as error:
        raise CeleryConfigurationError(
            'TASKBEAM_WEBHOOKS and TASKBEAM_VAPID_KEY need the extras "notify" and "push": '
            f'pip install "taskbeam[notify,push]" ({error})'
        ) from error
