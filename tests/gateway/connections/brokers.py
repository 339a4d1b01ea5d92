"""Brokers on Redis in the forms that applications configure, each with the real server that it needs."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote

from tests.support.certificates import Authority
from tests.support.redis_server import sentinel, server, tls_server

from .backends import MASTER, MASTER_PASSWORD, SENTINEL_PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.configured import Configuration

    from .backends import Backend


@contextmanager
def plain(_: Path) -> Iterator[Configuration]:
    with server("--requirepass", MASTER_PASSWORD) as port:
        yield {"broker_url": f"redis://:{quote(MASTER_PASSWORD, safe='')}@127.0.0.1:{port}/2"}


@contextmanager
def reading_apart(_: Path) -> Iterator[Configuration]:
    """What is read from is another address than what is written to."""
    with server() as port:
        yield {
            "broker_write_url": f"redis://127.0.0.1:{port}/2",
            "broker_read_url": f"redis://localhost:{port}/2",
        }


@contextmanager
def prefixed(_: Path) -> Iterator[Configuration]:
    with server() as port:
        yield {
            "broker_url": f"redis://127.0.0.1:{port}/2",
            "broker_transport_options": {
                "global_keyprefix": "{a*b}",
                "priority_steps": [0, 5],
                "sep": ":",
                "max_connections": 3,
            },
        }


@contextmanager
def unix_socket(directory: Path) -> Iterator[Configuration]:
    path = directory / "redis.sock"
    with server("--unixsocket", str(path)):
        yield {"broker_url": f"redis+socket://{path}?virtual_host=2"}


@contextmanager
def tls_by_url(directory: Path) -> Iterator[Configuration]:
    authority = Authority(directory)
    query = f"ssl_cert_reqs=CERT_REQUIRED&ssl_ca_certs={quote(str(authority.path), safe='')}"
    with tls_server(authority) as port:
        yield {"broker_url": f"rediss://127.0.0.1:{port}/2?{query}"}


@contextmanager
def tls_by_setting(directory: Path) -> Iterator[Configuration]:
    authority = Authority(directory)
    client = authority.issue("client")
    with tls_server(authority, "--tls-auth-clients", "yes") as port:
        yield {
            "broker_url": f"redis://127.0.0.1:{port}/2",
            "broker_use_ssl": {
                "ssl_cert_reqs": "required",
                "ssl_ca_certs": str(authority.path),
                "ssl_certfile": str(client.certificate),
                "ssl_keyfile": str(client.key),
            },
        }


@contextmanager
def through_sentinel(directory: Path) -> Iterator[Configuration]:
    """Of two sentinels the first is away."""
    with (
        server("--requirepass", MASTER_PASSWORD) as master,
        sentinel(
            directory,
            master,
            MASTER,
            f"requirepass {SENTINEL_PASSWORD}",
            f'sentinel auth-pass {MASTER} "{MASTER_PASSWORD}"',
        ) as (_, port),
    ):
        password = quote(MASTER_PASSWORD, safe="")
        yield {
            "broker_url": ";".join(f"sentinel://:{password}@127.0.0.1:{each}/2" for each in (1, port)),
            "broker_transport_options": {
                "master_name": MASTER,
                "sentinel_kwargs": {"password": SENTINEL_PASSWORD},
            },
        }


BROKERS: dict[str, Backend] = {
    "password in the URL": plain,
    "broker_read_url": reading_apart,
    "global_keyprefix": prefixed,
    "socket": unix_socket,
    "ssl_cert_reqs": tls_by_url,
    "broker_use_ssl": tls_by_setting,
    "sentinel": through_sentinel,
}
