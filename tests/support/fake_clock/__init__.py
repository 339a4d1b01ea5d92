"""Debian's libfaketime: a process whose clock differs from that of the machine.

``python -m tests.support.fake_clock`` installs it where it is missing, with Debian's package manager.
"""

from __future__ import annotations

import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The library for programs with threads.
LIBRARY = Path("/usr/lib", sysconfig.get_config_var("MULTIARCH") or "", "faketime/libfaketimeMT.so.1")


def environment(file: str) -> Mapping[str, str]:
    """Of a Python process whose clock is off by what ``file`` says at every look: `+3600`, in seconds.

    What measures durations (`time.monotonic`) is not off.
    """
    return {
        "LD_PRELOAD": str(LIBRARY),
        "FAKETIME_TIMESTAMP_FILE": file,
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "PYTHONPATH": str(Path(__file__).parent / "startup"),
    }


def lacking() -> str:
    """Why there can be none on this machine; empty if there can."""
    return "" if LIBRARY.exists() else f"there is no {LIBRARY}"
