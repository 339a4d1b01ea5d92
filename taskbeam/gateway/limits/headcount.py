"""How many connections there are: in the process, of each network, and of each person. Pure."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from taskbeam.gateway.auth.identity import API_KEY_SOURCE
from taskbeam.gateway.limits.shared_counts import SharedCounts
from taskbeam.gateway.problems import TOO_MANY, TOO_MANY_CONNECTIONS, TaskbeamError

#: Of the connections of a process, the part that may be nobody's: sockets whose client has not said who it
#: is. The rest is kept for clients with a token, whatever strangers do.
UNIDENTIFIED_SHARE = 1 / 4


class Limits(NamedTuple):
    """Connections in this process, what one client may say per second, and what one person may have.

    Of a person, and of an API key whose tasks are nobody's, connections and subscriptions count over all
    gateways; 0 = any number.
    """

    connections: int
    per_address: int
    per_identity: int
    messages: float
    bytes: float
    subscriptions: int = 0
    per_key: int = 0
    subscriptions_per_key: int = 0

    @property
    def unidentified(self) -> int:
        """Connections whose client has not said who it is; at least one."""
        return max(1, int(self.connections * UNIDENTIFIED_SHARE))

    def connections_of(self, key: str) -> int | None:
        """How many connections may count for this `Identity.key`; None = any number."""
        return (self.per_key if key.startswith(API_KEY_SOURCE) else self.per_identity) or None

    def subscriptions_of(self, key: str) -> int | None:
        """The same of subscriptions."""
        return (self.subscriptions_per_key if key.startswith(API_KEY_SOURCE) else self.subscriptions) or None


class Headcount:
    """A connection counts once in the process, once for its network, and once for each identity it brings.

    ``connections`` and ``subscriptions`` are counted by `Identity.key`. None is nobody, and has no limit of
    its own.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._connections = 0
        self._networks: Counter[str] = Counter()
        self.connections = SharedCounts("connections", limits.connections_of)
        self.subscriptions = SharedCounts("subscriptions", limits.subscriptions_of)

    def __len__(self) -> int:
        return self._connections

    def check_process(self) -> None:
        """Raise `TaskbeamError` ``too_many_connections`` where the process has no room for one more."""
        if self._connections >= self._limits.connections:
            raise TaskbeamError(TOO_MANY_CONNECTIONS)

    def check_network(self, network: str | None) -> None:
        """Raise `TaskbeamError` ``too_many_connections`` where the network has its share."""
        if network is not None and self._networks[network] >= self._limits.per_address:
            raise TaskbeamError(TOO_MANY_CONNECTIONS, "There are too many connections from this address.")

    def check_identity(self, key: str | None) -> None:
        """Raise `TaskbeamError` ``too_many_connections`` where the identity has its share."""
        if key is not None and not self.connections.has_room(key):
            raise TaskbeamError(TOO_MANY_CONNECTIONS, "There are too many connections for this token.")

    def check_subscriptions(self, key: str | None, number: int = 1) -> None:
        """Raise `TaskbeamError` ``too_many`` where the identity has no room for so many more."""
        if key is not None and not self.subscriptions.has_room(key, number):
            raise TaskbeamError(TOO_MANY, "There are too many subscriptions for this token.")

    def count(self, network: str | None, number: int) -> None:
        """So many connections of the network more, or fewer. Networks of nobody are not kept."""
        self._connections += number
        if network is not None:
            self._networks[network] += number
            if self._networks[network] <= 0:
                del self._networks[network]
