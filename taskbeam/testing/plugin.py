"""Fixtures for pytest, which finds them by the entry point ``pytest11``.

Every run of pytest where Taskbeam is installed imports it, so it loads nothing until a fixture is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from celery import Celery

    from taskbeam.testing.journals import Recording


@pytest.fixture
def taskbeam_app() -> Celery:
    """The application under test: Celery's current one. Override it in your ``conftest.py``."""
    from celery.app import app_or_default

    app: Celery = app_or_default()
    return app


@pytest.fixture
def taskbeam_journal(taskbeam_app: Celery) -> Iterator[Recording]:
    """What the tasks of `taskbeam_app` tell while the test runs (`taskbeam.testing.Recording`)."""
    from taskbeam.testing.journals import recording

    with recording(taskbeam_app) as made:
        yield made
