"""Where Celery's own client is refused, the gateway's is, too: what makes a connection safe is not lost."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import redis as redis_py

from taskbeam.connections.journal import journal_backend, journal_redis
from tests.support.certificates import Authority
from tests.support.configured import configured
from tests.support.redis_server import sentinel, server, tls_server

from .backends import ACL, MASTER, SENTINEL_PASSWORD
from .credentials import USER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from celery import Celery

    from tests.support.configured import Configuration

    from .backends import Backend

PATIENCE = 60.0


@contextmanager
def another_authority(directory: Path) -> Iterator[Configuration]:
    other = Authority(directory, "other")
    with tls_server(Authority(directory)) as port:
        yield {
            "result_backend": f"taskbeam+rediss://127.0.0.1:{port}/0"
            f"?ssl_cert_reqs=CERT_REQUIRED&ssl_ca_certs={other.path}"
        }


@contextmanager
def no_authority(directory: Path) -> Iterator[Configuration]:
    with tls_server(Authority(directory)) as port:
        yield {
            "result_backend": f"taskbeam+rediss://127.0.0.1:{port}/0",
            "redis_backend_use_ssl": {"ssl_cert_reqs": "required"},
        }


@contextmanager
def no_client_certificate(directory: Path) -> Iterator[Configuration]:
    with tls_server(Authority(directory), "--tls-auth-clients", "yes") as port:
        yield {"result_backend": f"taskbeam+rediss://127.0.0.1:{port}/0?ssl_cert_reqs=none"}


@contextmanager
def wrong_password(_: Path) -> Iterator[Configuration]:
    with server(*ACL) as port:
        yield {"result_backend": f"taskbeam+redis://{USER}:other@127.0.0.1:{port}/0"}


def behind_sentinel(*, password: str, others: int, name: str) -> Backend:
    @contextmanager
    def backend(directory: Path) -> Iterator[Configuration]:
        with (
            server() as master,
            sentinel(directory, master, MASTER, f"requirepass {SENTINEL_PASSWORD}") as (_, port),
        ):
            yield {
                "result_backend": f"taskbeam+sentinel://127.0.0.1:{port}/0",
                "result_backend_transport_options": {
                    "master_name": name,
                    "sentinel_kwargs": {"password": password, "retry": None},
                    "min_other_sentinels": others,
                },
            }

    return backend


REFUSED: dict[str, Backend] = {
    "another authority": another_authority,
    "no authority": no_authority,
    "no client certificate": no_client_certificate,
    "wrong password": wrong_password,
    "wrong password of the sentinel": behind_sentinel(password="other", others=0, name=MASTER),
    "too few sentinels": behind_sentinel(password=SENTINEL_PASSWORD, others=1, name=MASTER),
    "another master": behind_sentinel(password=SENTINEL_PASSWORD, others=0, name="other"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_both_are_refused(name: str, tmp_path: Path) -> None:
    with REFUSED[name](tmp_path) as conf, configured(conf) as app:
        with pytest.raises(redis_py.ConnectionError):
            journal_backend(app).client.ping()
        with pytest.raises(redis_py.ConnectionError) as refused:
            asyncio.run(_ping(app))
    assert SENTINEL_PASSWORD not in str(refused.value)
    assert len(str(refused.value)) < 300


async def _ping(app: Celery) -> None:
    redis = journal_redis(journal_backend(app), PATIENCE)
    try:
        await redis.ping()
    finally:
        await redis.aclose()
