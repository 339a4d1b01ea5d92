"""Loaded by an interpreter that starts with a fake clock, before anything else (`site`).

Python sleeps until a time of the monotonic clock, and libfaketime refuses that where this clock is not faked.
"""

import select
import time
from typing import SupportsIndex


def _sleep(seconds: float | SupportsIndex, /) -> None:
    select.select((), (), (), float(seconds))


time.sleep = _sleep
