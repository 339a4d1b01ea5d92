"""The URL of a cluster: `rediscluster://user:password@h1:7000,h2:7001`; with TLS `redisscluster://`."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

from taskbeam.cluster.slot_map import Address

#: Each scheme, and that of one server which is reached in the same way.
SCHEMES = {"rediscluster": "redis", "redisscluster": "rediss"}

#: Where a server listens that names no port.
PORT = 6379


class ClusterUrl(NamedTuple):
    """The servers that are asked first, and the URL of the first of them alone."""

    startup_nodes: tuple[Address, ...]
    server: str


def parse_cluster_url(url: str) -> ClusterUrl:
    """Read the URL. Raises `ValueError` where it names no server, a port is none, or it has a database."""
    scheme, _, rest = url.partition("://")
    place, mark, query = rest.partition("?")
    authority, slash, database = place.partition("/")
    credentials, at, hosts = authority.rpartition("@")
    if database.strip("/") not in ("", "0"):
        raise ValueError(f"a Redis Cluster has no database but 0, and the URL names {database}")
    nodes = tuple(_address(host.strip()) for host in hosts.split(","))
    return ClusterUrl(nodes, f"{SCHEMES[scheme]}://{credentials}{at}{nodes[0]}{slash}{mark}{query}")


def hidden_password(url: str) -> str:
    """The URL as it may be logged."""
    scheme, separator, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    credentials, at, hosts = authority.rpartition("@")
    user, colon, _ = credentials.partition(":")
    shown = f"{user}{colon}**" if colon else user
    return f"{scheme}{separator}{shown}{at}{hosts}{slash}{path.partition('?')[0]}"


def _address(host: str) -> Address:
    parts = urlsplit(f"//{host}")
    if not parts.hostname:
        raise ValueError("the URL of a Redis Cluster names its servers: rediscluster://host:port,host:port")
    return Address(parts.hostname, parts.port or PORT)
