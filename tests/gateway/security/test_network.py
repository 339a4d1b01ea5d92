"""Who counts as one client."""

from __future__ import annotations

import pytest

from taskbeam.gateway.limits.network import network_of


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("gateway.internal", "gateway.internal"),
        ("", ""),
        (None, None),
    ],
)
def test_an_ipv6_network_is_one_client_and_every_ipv4_address_is_one(
    host: str | None, network: str | None
) -> None:
    assert network_of(host) == network
