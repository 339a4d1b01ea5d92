"""`python -m app.revoke --token ID --owner NAME`: end tokens before their time, on every gateway.

It reads the gateway's settings. Live connections are cut within a second; new ones are refused.
"""

from __future__ import annotations

import argparse
import asyncio
import sys

from redis.exceptions import RedisError

from taskbeam.gateway.auth.revocation import revoke
from taskbeam.gateway.connections.celery_application import celery_application
from taskbeam.gateway.connections.journal import journal_backend, journal_redis

from .settings import Settings


async def run(settings: Settings, tokens: list[str], owners: list[str]) -> None:
    """Raises redis-py's errors."""
    redis = journal_redis(journal_backend(celery_application(settings)), settings.redis_timeout)
    try:
        await revoke(redis, settings.max_token_lifetime, tokens=tokens, owners=owners)
    finally:
        await redis.aclose()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m app.revoke", description=__doc__)
    parser.add_argument("--token", action="append", default=[], metavar="JTI", help="a token's id, its jti")
    parser.add_argument(
        "--owner",
        action="append",
        default=[],
        metavar="NAME",
        help="all tokens about an owner issued until now",
    )
    arguments = parser.parse_args()
    if not arguments.token and not arguments.owner:
        parser.error("name a token or an owner")
    try:
        asyncio.run(run(Settings(), arguments.token, arguments.owner))
    except (RedisError, OSError) as error:
        print(f"Redis did not take it: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
