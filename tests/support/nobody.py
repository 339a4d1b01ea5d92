"""An address that refuses every connection, as long as a test likes."""

from __future__ import annotations

from stack.ports import LOOPBACK

#: That of tcpmux (RFC 1078), which nothing serves, and which no system gives to whoever takes any port.
PORT = 1

#: Where a Redis server would be.
REDIS = f"redis://{LOOPBACK}:{PORT}"
