"""Celery's own test worker, in a thread of the test."""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from celery import _state
from celery.contrib.testing.worker import start_worker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery import Celery


@contextmanager
def thread_worker(app: Celery, **options: Any) -> Iterator[None]:
    """A worker that takes tasks until the block ends; ``options`` are of Celery's `start_worker`.

    It sets up the log of its process, where nothing below an error is written from there on, and makes its
    application everybody's. When the block has ended all that is as it was before.
    """
    state: Any = _state
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    apps = state.default_app, state._tls.current_app
    with patch.dict(os.environ):
        try:
            with start_worker(app, perform_ping_check=False, **options):
                yield
        finally:
            state.default_app, state._tls.current_app = apps
            root.setLevel(level)
            root.handlers[:] = handlers
