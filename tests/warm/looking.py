"""``python -m tests.warm.looking END MODULE...``: what a process finds, as JSON; then it ends as told."""

from __future__ import annotations

import asyncio
import atexit
import gc
import importlib
import json
import locale
import logging
import os
import random
import resource
import signal
import sys
import threading
import warnings
from pathlib import Path
from typing import Any


def found() -> dict[str, Any]:
    """All that one process may find and another may not, except its number."""
    return {
        "arguments": sys.argv,
        "original": sys.orig_argv,
        "environment": dict(os.environ),
        "folder": str(Path.cwd()),
        "path": sys.path,
        "flags": str(sys.flags),
        "files": sorted(os.listdir("/proc/self/fd"))[:-1],  # noqa: PTH208 - the last is the listing's own
        "input": str(Path("/proc/self/fd/0").readlink()),
        "leads": os.getpgid(0) == os.getpid(),
        "session": os.getsid(0),
        "limits": resource.getrlimit(resource.RLIMIT_NOFILE),
        "signals": {each.name: str(signal.getsignal(each)).split(" at ")[0] for each in signal.Signals},
        "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
        "threads": [each.name for each in threading.enumerate()],
        "main": __name__ == "__main__" and sys.modules["__main__"].__dict__ is globals(),
        "logging": (logging.root.level, str(logging.root.handlers), sorted(logging.root.manager.loggerDict)),
        "warnings": str(warnings.filters),
        "gc": (gc.isenabled(), gc.get_threshold(), gc.get_freeze_count()),
        "loops": type(asyncio.get_event_loop_policy()).__name__ if sys.version_info < (3, 14) else "",
        "locale": locale.setlocale(locale.LC_ALL),
        "output": (sys.stdout.encoding, sys.stdout.line_buffering, sys.stderr.line_buffering),
        "modules": sorted(name for name in sys.modules if not name.startswith("tests.support.warm")),
    }


def outlive() -> None:
    """As a thread that Python waits for."""
    threading.main_thread().join()
    print("a thread")


def main(told: str, *modules: str) -> None:
    for module in modules:
        importlib.import_module(module)
    print(json.dumps([found(), random.random()]), flush=True)
    atexit.register(print, "at exit")
    threading.Thread(target=outlive).start()
    match told:
        case "raise":
            raise ValueError("as told")
        case "wait":
            print("waits", flush=True)
            signal.pause()
        case _:
            sys.exit(int(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
