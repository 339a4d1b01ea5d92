"""The example of Next, installed from npm, built and served by Next itself: `make next`.

Not in the suite: Next is 340 MB. `test_hosts.py` has what Next does with the example, without Next.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stack.ports import kept_port
from stack.process import ManagedProcess
from stack.readiness import UrlAnswers
from tests.support.gateway import ROOT
from tests.support.waiting import START_TIMEOUT

from .examples import EXAMPLES, make_report, press_and_see, see, shop
from .visiting import quiet_visit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from stack.valkey import Valkey

BIN = Path(sys.executable).parent
ENVIRONMENT = {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "NEXT_TELEMETRY_DISABLED": "1"}


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory, valkey: Valkey) -> Iterator[str]:
    """The shop, whose own pages nobody asks for."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "dist").mkdir()
    shutil.copy(EXAMPLES / "shop.py", folder)
    with shop(folder, valkey) as running:
        yield running


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, origin: str) -> Iterator[str]:
    """The origin of Next's server."""
    folder = tmp_path_factory.mktemp("next") / "app"
    shutil.copytree(EXAMPLES / "next", folder)
    _run("npm", "pack", "--silent", "--pack-destination", str(folder), cwd=ROOT / "frontend")
    (packed,) = folder.glob("*.tgz")
    package = json.loads((folder / "package.json").read_text())
    package["dependencies"]["taskbeam"] = f"file:{packed.name}"
    (folder / "package.json").write_text(json.dumps(package))
    _run("npm", "install", "--silent", cwd=folder)
    _run("npm", "run", "build", cwd=folder, SHOP=origin)
    with kept_port() as port:
        argv = [str(BIN / "node"), "node_modules/next/dist/bin/next", "start", "--port", str(port)]
        with ManagedProcess("next", argv, env=ENVIRONMENT, cwd=folder) as process:
            process.wait_until(UrlAnswers(f"http://127.0.0.1:{port}/"), START_TIMEOUT)
            yield f"http://127.0.0.1:{port}"


def _run(*command: str, cwd: Path, **variables: str) -> None:
    subprocess.run(command, cwd=cwd, env=os.environ | ENVIRONMENT | variables, check=True)


def test_a_report_is_made(page: Page, served: str) -> None:
    with quiet_visit(page, served):
        page.goto(served)
        press_and_see(page)


def test_a_link_to_a_report(page: Page, served: str, origin: str) -> None:
    with quiet_visit(page, served):
        page.goto(f"{served}/?task={make_report(origin)}")
        see(page)
