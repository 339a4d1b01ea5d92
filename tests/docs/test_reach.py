"""The page about people whose tab is closed does what it says, as it stands there."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import expect

from stack.ports import LOOPBACK
from tests.docs.samples import commands, serving, working, write_files
from tests.push.browser import Browser
from tests.support.chromium import chromium, notifying
from tests.support.waiting import DEADLINE, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stack.valkey import Valkey

PAGE = "reach.md"
ADA = "8f14e45f"

#: A driver's profile has no push service, so this is the test's; all else is Chromium's.
SUBSCRIBES = "PushManager.prototype.subscribe = async () => ({ toJSON: () => (%s) });"


class PushService(ThreadingHTTPServer):
    """Takes whatever is sent to it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__((LOOPBACK, 0), _Take)
        self.taken: list[bytes] = []


class _Take(BaseHTTPRequestHandler):
    server: PushService

    def do_POST(self) -> None:
        self.server.taken.append(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(201)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def push_service() -> Iterator[PushService]:
    with PushService() as service:
        Thread(target=service.serve_forever, daemon=True).start()
        yield service
        service.shutdown()


def typed(program: str) -> str:
    return next(line for line in commands(PAGE) if line.startswith(program))


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory, valkey: Valkey) -> Iterator[str]:
    """The reader's application, with a worker beside it."""
    folder: Path = tmp_path_factory.mktemp("reach")
    write_files(PAGE, folder, valkey)
    assert "$(taskbeam keys vapid)" in typed("export")
    made = [str(Path(sys.executable).with_name("taskbeam")), "keys", "vapid"]
    variables = {
        "TASKBEAM_VAPID_KEY": subprocess.run(made, check=True, capture_output=True, text=True).stdout.strip(),
        "TASKBEAM_VAPID_CONTACT": typed("export").rpartition("=")[2],
        "TASKBEAM_WEBHOOK_NETWORKS": f'["{LOOPBACK}/32"]',  # where the test's push service is
    }
    with working(typed("celery"), folder), serving(typed("taskbeam serve"), folder, **variables) as running:
        yield running


def test_who_has_gone_is_told_of_the_end(origin: str) -> None:
    with push_service() as service, chromium() as shell, notifying(shell) as browser:
        device = Browser(f"http://{LOOPBACK}:{service.server_port}/send")
        context = browser.new_context(permissions=["notifications"])
        page = context.new_page()
        page.add_init_script(SUBSCRIBES % json.dumps(device.json))
        page.clock.install()
        page.goto(f"{origin}/login/{ADA}")
        page.goto(origin)
        page.get_by_role("button", name="Check the archive").click()
        expect(page.locator("#state")).to_have_text("Running")
        page.clock.fast_forward(10_000)
        page.get_by_role("button", name="Tell me").click()
        expect(page.locator("task-bell")).to_contain_text("This device will be told")
        address = page.url
        context.close()

        task_id = urlsplit(address).query.removeprefix("job=")
        asked = httpx.post(
            f"{origin}/live/tasks/{task_id}/cancel", cookies={"session": ADA}, timeout=DEADLINE
        )
        assert asked.status_code == 202
        wait_until(lambda: bool(service.taken))
        told = json.loads(device.read(service.taken[0]))["notification"]
        assert (told["title"], told["body"]) == ("Check of the archive", "Cancelled")
        assert told["navigate"] == address
