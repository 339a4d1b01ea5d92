"""When the log says again what happens again and again."""

from __future__ import annotations


def is_milestone(times: int) -> bool:
    """Whether it is the first time, the tenth, the hundredth …"""
    return str(times).rstrip("0") == "1"
