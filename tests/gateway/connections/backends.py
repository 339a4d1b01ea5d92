"""Result backends in the forms that applications configure, each with the real server that it needs."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote

from tests.support.certificates import Authority
from tests.support.redis_server import redis_program, sentinel, server, tls_options, tls_server

from . import credentials
from .credentials import PASSWORD, USER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.support.configured import Configuration

    #: Gets a directory of its own; yields Celery's settings while the servers run.
    Backend = Callable[[Path], AbstractContextManager[Configuration]]

#: A password with what a URL has to quote.
MASTER_PASSWORD = "planted/secret@:?#%"
SENTINEL_PASSWORD = "planted-sentinel"

MASTER = "results"

#: One user of the server, who may do everything; the default user may do nothing.
ACL = ("--user", USER, "on", f">{PASSWORD}", "~*", "&*", "+@all", "--user", "default", "off")


@contextmanager
def password_in_the_url(_: Path) -> Iterator[Configuration]:
    with server("--requirepass", MASTER_PASSWORD) as port:
        yield {"result_backend": f"taskbeam+redis://:{quote(MASTER_PASSWORD, safe='')}@127.0.0.1:{port}/3"}


@contextmanager
def user_in_settings(_: Path) -> Iterator[Configuration]:
    with server(*ACL) as port:
        yield {
            "result_backend": f"taskbeam+redis://127.0.0.1:{port}/3",
            "redis_username": USER,
            "redis_password": PASSWORD,
            "redis_socket_keepalive": True,
            "redis_backend_health_check_interval": 5,
            "redis_max_connections": 2,
            "redis_retry_on_timeout": True,
            "redis_client_name": "a-worker",
        }


@contextmanager
def address_in_settings(_: Path) -> Iterator[Configuration]:
    with server() as port:
        yield {"result_backend": "taskbeam+redis://", "redis_host": "127.0.0.1", "redis_port": port}


def tls_by_url(requirement: str) -> Backend:
    @contextmanager
    def backend(directory: Path) -> Iterator[Configuration]:
        authority = Authority(directory)
        query = f"ssl_cert_reqs={requirement}"
        if requirement.lower().endswith("required"):
            query += f"&ssl_ca_certs={quote(str(authority.path), safe='')}"
        with tls_server(authority) as port:
            yield {"result_backend": f"taskbeam+rediss://127.0.0.1:{port}/3?{query}"}

    return backend


@contextmanager
def tls_by_setting(directory: Path) -> Iterator[Configuration]:
    authority = Authority(directory)
    client = authority.issue("client")
    with tls_server(authority, "--tls-auth-clients", "yes") as port:
        yield {
            "result_backend": f"taskbeam+rediss://127.0.0.1:{port}/3",
            "redis_backend_use_ssl": {
                "ssl_cert_reqs": "required",
                "ssl_ca_certs": str(authority.path),
                "ssl_certfile": str(client.certificate),
                "ssl_keyfile": str(client.key),
            },
        }


def unix_socket(scheme: str) -> Backend:
    @contextmanager
    def backend(directory: Path) -> Iterator[Configuration]:
        path = directory / "redis.sock"
        with server("--unixsocket", str(path), "--requirepass", PASSWORD):
            yield {"result_backend": f"taskbeam+{scheme}://:{PASSWORD}@{path}?virtual_host=3"}

    return backend


def credential_provider(name: str) -> Backend:
    @contextmanager
    def backend(_: Path) -> Iterator[Configuration]:
        with server(*ACL) as port:
            yield {
                "result_backend": f"taskbeam+redis://127.0.0.1:{port}/3",
                "redis_backend_credential_provider": f"{credentials.__name__}.{name}",
            }

    return backend


@contextmanager
def key_prefix(_: Path) -> Iterator[Configuration]:
    with server() as port:
        yield {
            "result_backend": f"taskbeam+redis://127.0.0.1:{port}/3",
            "result_backend_transport_options": {"global_keyprefix": "{team-a}"},
        }


@contextmanager
def expiry(_: Path) -> Iterator[Configuration]:
    with server() as port:
        yield {"result_backend": f"taskbeam+redis://127.0.0.1:{port}/3", "result_expires": 7200}


@contextmanager
def sharded(_: Path) -> Iterator[Configuration]:
    with server() as port:
        yield {
            "result_backend": f"taskbeam+redis://127.0.0.1:{port}/0",
            "taskbeam_options": {"sharded": True, "limit": 5000},
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
        addresses = (f"sentinel://:{password}@127.0.0.1:{each}/3" for each in (1, port))
        yield {
            "result_backend": "taskbeam+" + ";".join(addresses),
            "result_backend_transport_options": {
                "master_name": MASTER,
                "sentinel_kwargs": {"password": SENTINEL_PASSWORD, "socket_timeout": 1.0},
            },
            "redis_max_connections": 4,
        }


@contextmanager
def through_sentinel_with_tls(directory: Path) -> Iterator[Configuration]:
    authority = Authority(directory)
    program = redis_program(directory)
    tls = {"ssl_cert_reqs": "required", "ssl_ca_certs": str(authority.path)}
    options = tls_options(authority)
    lines = [
        f"{name.removeprefix('--')} {value}" for name, value in zip(options[::2], options[1::2], strict=True)
    ]
    with (
        tls_server(authority) as master,
        sentinel(directory, master, MASTER, *lines, "tls-replication yes", program=program) as (_, port),
    ):
        yield {
            "result_backend": f"taskbeam+sentinel://127.0.0.1:{port}/3",
            "result_backend_transport_options": {
                "master_name": MASTER,
                "sentinel_kwargs": {"ssl": True, **tls},
            },
            "redis_backend_use_ssl": tls,
        }


BACKENDS: dict[str, Backend] = {
    "password in the URL": password_in_the_url,
    "user in settings": user_in_settings,
    "address in settings": address_in_settings,
    "ssl_cert_reqs=CERT_NONE": tls_by_url("CERT_NONE"),
    "ssl_cert_reqs=none": tls_by_url("none"),
    "ssl_cert_reqs=CERT_REQUIRED": tls_by_url("CERT_REQUIRED"),
    "ssl_cert_reqs=required": tls_by_url("required"),
    "redis_backend_use_ssl": tls_by_setting,
    "unix": unix_socket("unix"),
    "socket": unix_socket("socket"),
    "credential provider": credential_provider("Blocking"),
    "credential provider for asyncio": credential_provider("Asyncio"),
    "global_keyprefix": key_prefix,
    "result_expires": expiry,
    "sharded": sharded,
    "sentinel": through_sentinel,
    "sentinel with TLS": through_sentinel_with_tls,
}
