"""The watchdog alone: ``python -m taskbeam.presence redis://host/1``. Every gateway has one already."""

from __future__ import annotations

import argparse
import asyncio
import logging

from redis.asyncio import Redis

from taskbeam.presence.watchdog import DEFAULT_GRACE, DEFAULT_INTERVAL, Watchdog


async def watch(url: str, interval: float, grace: float) -> None:
    """Sweep until cancelled."""
    async with Redis.from_url(url) as redis:
        await Watchdog(redis, grace).run(interval)


def main() -> None:
    """Read the command line and watch."""
    parser = argparse.ArgumentParser(prog="python -m taskbeam.presence", description=__doc__)
    parser.add_argument("url", help="the server of the result backend, such as redis://host/1")
    parser.add_argument("--interval", type=float, default=DEFAULT_INTERVAL, help="seconds between sweeps")
    parser.add_argument("--grace", type=float, default=DEFAULT_GRACE, help="seconds from STALLED to LOST")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    asyncio.run(watch(options.url, options.interval, options.grace))


if __name__ == "__main__":
    main()
