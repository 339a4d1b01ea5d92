"""The proxies of docs/proxies/, each run with the file that the page shows, in front of gateways of a test.

``python -m tests.support.reverse_proxies`` installs those that are missing, with Debian's package manager.
Node's proxy is one of the tests' npm packages. Traefik takes part where it is installed: it is in no registry
that the tests install from, and its Go module cannot be built there, for parts of it are left out.
"""

from __future__ import annotations

import os
import shutil
import ssl
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

import psutil

from stack.ports import kept_port
from stack.process import ManagedProcess
from stack.readiness import UrlAnswers

from .certificates import Authority, Certificate
from .debian import install
from .gateway import ROOT, Gateway
from .waiting import START_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

FILES = ROOT / "docs" / "proxies"

#: The path at which each of the files puts the gateways.
PREFIX = "/live"

#: Where the files listen, and where their gateways are.
PUBLIC, UPSTREAMS = ":8080", ("127.0.0.1:8000", "127.0.0.1:8001")

DIRECTORY = "{directory}"


def path_of(program: str) -> str | None:
    """Node comes with the environment; Debian puts servers where only root looks for them."""
    places = (str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath), "/usr/sbin")
    return shutil.which(program, path=os.pathsep.join(places))


@dataclass(frozen=True)
class ReverseProxy:
    """How a proxy is started: in ``command``, ``{directory}`` is the folder with its ``files``."""

    name: str
    command: tuple[str, ...]
    files: tuple[str, ...]
    package: str | None = None
    #: How the files listen, where it is not ``:8080``.
    listens: str = PUBLIC
    #: What the files would say to compress event streams, too, instead of what they say.
    compressing_streams: tuple[str, str] | None = None
    #: What the files would say to serve TLS, instead of what they say.
    serving_tls: tuple[str, str] | None = None

    @property
    def found(self) -> bool:
        return path_of(self.command[0]) is not None


NGINX = ReverseProxy(
    "nginx",
    (
        *("nginx", "-p", DIRECTORY, "-c", f"{DIRECTORY}/nginx.conf", "-e", "stderr"),
        *("-g", f"daemon off; pid {DIRECTORY}/pid;"),
    ),
    ("nginx.conf",),
    package="nginx",
    listens="listen 8080",
    serving_tls=(
        "listen 8080;",
        "listen 8080 ssl; ssl_certificate {certificate}; ssl_certificate_key {key};",
    ),
    compressing_streams=("gzip_types application/json", "gzip_types text/event-stream application/json"),
)
HAPROXY = ReverseProxy(
    "HAProxy",
    ("haproxy", "-db", "-f", f"{DIRECTORY}/haproxy.cfg"),
    ("haproxy.cfg",),
    package="haproxy",
    compressing_streams=("type application/json", "type text/event-stream application/json"),
)
CADDY = ReverseProxy(
    "Caddy",
    ("caddy", "run", "--config", f"{DIRECTORY}/Caddyfile", "--adapter", "caddyfile"),
    ("Caddyfile",),
    package="caddy",
    serving_tls=(":8080 {", "localhost:8080 {\n\ttls {certificate} {key}\n"),
)
TRAEFIK = ReverseProxy(
    "Traefik", ("traefik", f"--configFile={DIRECTORY}/traefik.yml"), ("traefik.yml", "traefik-routes.yml")
)
EXPRESS = ReverseProxy(
    "Express", ("node", f"{DIRECTORY}/express.mjs"), ("express.mjs",), listens="listen(8080)"
)

ALL = (NGINX, HAPROXY, CADDY, TRAEFIK, EXPRESS)
INSTALLED = [each for each in ALL if each.found]

#: Caddy has a port for its administrator, which other Caddys have, too.
_ADDED = {"Caddyfile": "{\n\tadmin off\n}\n"}


class Hop(Gateway):
    """A proxy with gateways behind it, for clients that know a gateway."""

    @property
    def http(self) -> str:
        return super().http + PREFIX

    @property
    def ws(self) -> str:
        return super().ws + PREFIX

    def listens(self) -> bool:
        """Whether the port is this proxy's; the `node` of a wheel starts the real one."""
        try:
            process = psutil.Process(self.process.pid)
            family = [process, *process.children(recursive=True)]
            found = [each for member in family for each in member.net_connections("tcp")]
        except psutil.NoSuchProcess:
            return False
        return any(each.status == psutil.CONN_LISTEN and each.laddr.port == self.port for each in found)


class TlsHop(Hop):
    """One that serves TLS, by the name of this machine."""

    @property
    def http(self) -> str:
        return f"https://localhost:{self.port}{PREFIX}"

    @property
    def ws(self) -> str:
        return f"wss://localhost:{self.port}{PREFIX}"


class Tls(NamedTuple):
    """What a proxy shows to its clients, and what these trust."""

    certificate: Certificate
    context: ssl.SSLContext

    @classmethod
    def made_in(cls, directory: Path) -> Self:
        """Make an authority, and a certificate for this machine."""
        authority = Authority(directory)
        certificate = authority.issue("proxy")
        return cls(certificate, ssl.create_default_context(cafile=str(authority.path)))

    def change(self, proxy: ReverseProxy) -> dict[str, str]:
        """What is replaced in the proxy's files."""
        assert proxy.serving_tls is not None
        old, new = proxy.serving_tls
        return {
            old: new.replace("{certificate}", str(self.certificate.certificate)).replace(
                "{key}", str(self.certificate.key)
            )
        }


@contextmanager
def running(
    proxy: ReverseProxy,
    directory: Path,
    *gateways: Gateway,
    changes: Mapping[str, str] | None = None,
    tls: Tls | None = None,
) -> Iterator[Hop]:
    """Run ``proxy`` in front of ``gateways``, one or two; it is ready when the block begins.

    Args:
        proxy: the proxy, which is installed.
        directory: an empty folder for its files.
        gateways: where it finds the gateways; without a second one, the first stands for both.
        changes: what is replaced in its files, each of which must be there.
        tls: with it, the proxy serves TLS.
    """
    replaced = dict(changes or {}) | (tls.change(proxy) if tls is not None else {})
    # Caddy would keep what it has been told in the home directory.
    env = {"XDG_DATA_HOME": str(directory), "XDG_CONFIG_HOME": str(directory)}
    with kept_port() as port:
        argv = _prepared(proxy, directory, port, gateways, replaced)
        with ManagedProcess(proxy.name, argv, env=env, cwd=directory) as process:
            hop = Hop(process, port) if tls is None else TlsHop(process, port)
            answers = UrlAnswers(f"{hop.http}/readyz", tls.context if tls is not None else None)
            process.wait_until(lambda: answers() and hop.listens(), START_TIMEOUT)
            yield hop


def _prepared(
    proxy: ReverseProxy,
    directory: Path,
    port: int,
    gateways: Sequence[Gateway],
    changes: Mapping[str, str],
) -> list[str]:
    """Write the files; returns the command."""
    addresses = [f"127.0.0.1:{gateway.port}" for gateway in (*gateways, gateways[0])]
    replaced = dict(changes) | dict(zip(UPSTREAMS, addresses, strict=False))
    replaced[proxy.listens] = proxy.listens.replace("8080", str(port))
    _write(proxy.files, directory, replaced)
    program = path_of(proxy.command[0]) or proxy.command[0]
    return [program, *(part.replace(DIRECTORY, str(directory)) for part in proxy.command[1:])]


def _write(names: Sequence[str], directory: Path, replaced: Mapping[str, str]) -> None:
    texts = {name: (FILES / name).read_text() for name in names}
    for old, new in replaced.items():
        # Express has one gateway behind it.
        assert old == UPSTREAMS[1] or any(old in text for text in texts.values()), f"no {old!r} in {names}"
        texts = {name: text.replace(old, new) for name, text in texts.items()}
    for name, text in texts.items():
        (directory / name).write_text(_ADDED.get(name, "") + text)
    modules = directory / "node_modules"
    if not modules.is_symlink():
        modules.symlink_to(ROOT / "node_modules")


if __name__ == "__main__":
    missing = [each.package for each in ALL if each.package is not None and not each.found]
    if missing:
        install(*missing)
