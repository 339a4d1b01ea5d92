"""A child reads what Celery caches, whatever the threads of its parent were reading when it was forked."""

from __future__ import annotations

import os
import threading
from typing import Any

import pytest

from tests.support.closing import close_app
from tests.support.forking import ended, forked
from tests.support.jobs import jobs_app
from tests.support.nobody import PORT
from tests.support.waiting import DEADLINE


# The test's own process has threads.
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_a_child_reads_what_a_thread_of_its_parent_is_making(monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"redis://127.0.0.1:{PORT}/0"
    app = jobs_app(url, "taskbeam+" + url)
    backend: Any = app.backend
    make, parent = backend._create_client, os.getpid()
    begun, over = threading.Event(), threading.Event()

    def make_slowly(**arguments: Any) -> Any:
        if os.getpid() == parent:
            begun.set()
            over.wait(2 * DEADLINE)
        return make(**arguments)

    monkeypatch.setattr(backend, "_create_client", make_slowly)
    thread = threading.Thread(target=lambda: backend.client)
    thread.start()
    assert begun.wait(DEADLINE)
    assert ended(forked(lambda: backend.client)) == 0
    over.set()
    thread.join()
    close_app(app)
