"""Celery's own integration tests of canvases, with the results on a Redis Cluster.

    python -m tests.cluster.celerys_own [--one-server | --stock] [-- PYTEST ARGUMENTS]

The tests come from the source of the Celery that is installed, which pip downloads. Where they ask whether
the results are in Redis, ours count, too. One test of them reads the keys of a group by itself, from one
server, so on a cluster it finds none: `test_chord_on_error`. About ten minutes.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import celery

from stack.valkey import Valkey
from tests.support.gateway import ROOT
from tests.support.redis_cluster import redis_cluster

#: What these tests use of pytest beside what is installed.
PLUGINS = ("pytest-timeout", "pytest-rerunfailures")

#: The question whether the results are in Redis.
IN_REDIS = re.compile(r"startswith\('(redis(?:://)?)'\)")

READS_ONE_SERVER = "test_chord_on_error"


def main() -> int:
    """Run them; the exit code is pytest's."""
    parser = argparse.ArgumentParser(prog="python -m tests.cluster.celerys_own")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--one-server", action="store_true", help="our backend on one server")
    where.add_argument("--stock", action="store_true", help="Celery's own backend")
    parser.add_argument("pytest", nargs="*", help="arguments of pytest")
    options = parser.parse_args()
    with (
        TemporaryDirectory(prefix="celerys-own-") as folder,
        Valkey() as server,
        redis_cluster(Path(folder)) as cluster,
    ):
        tests, plugins = obtain(Path(folder))
        backend, without = f"taskbeam+{cluster.url()}", f"not {READS_ONE_SERVER}"
        if options.stock:
            backend, without = server.url(), ""
        elif options.one_server:
            backend, without = f"taskbeam+{server.url()}", ""
        return run(tests, plugins, server, backend, ["-k", without, *options.pytest])


def obtain(folder: Path) -> tuple[Path, Path]:
    """The unpacked source, and a folder with pytest's plugins."""
    pip, plugins = [sys.executable, "-m", "pip", "--quiet"], folder / "plugins"
    wanted = [f"celery=={celery.__version__}", "--no-binary", "celery", "--no-deps"]
    subprocess.run([*pip, "download", *wanted, "--dest", str(folder)], check=True)
    subprocess.run([*pip, "install", "--no-deps", "--target", str(plugins), *PLUGINS], check=True)
    archive = next(folder.glob("celery-*.tar.gz"))
    subprocess.run(["tar", "-xzf", archive, "-C", folder], check=True)  # Python 3.11.2 knows no safe filter
    source = folder / f"celery-{celery.__version__}"
    for file in (source / "t" / "integration").glob("*.py"):
        file.write_text(IN_REDIS.sub(r"startswith(('\1', 'taskbeam'))", file.read_text()))
    return source, plugins


def run(source: Path, plugins: Path, server: Valkey, backend: str, arguments: list[str]) -> int:
    """The exit code of pytest."""
    environment = {
        **os.environ,
        "TEST_BROKER": server.url(),
        "TEST_BACKEND": backend,
        "REDIS_HOST": "127.0.0.1",
        "REDIS_PORT": str(server.port),
        "PYTHONPATH": os.pathsep.join([str(source), str(ROOT), str(plugins)]),
    }
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "celery.contrib.pytest",
        "-o",
        "addopts=",
    ]
    command += ["t/integration/test_canvas.py", "--timeout", "300", *arguments]
    return subprocess.run(command, cwd=source, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
