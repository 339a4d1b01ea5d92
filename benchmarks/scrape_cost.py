"""How long a scrape of /metrics takes while 10,000 clients follow: nothing is walked through, so under 50 ms.

    python -m benchmarks.scrape_cost [CONNECTIONS]

One gateway, one task, an event stream for each client. A scrape is timed from its connection to its end.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from statistics import median

from stack.ports import LOOPBACK, kept_port
from stack.process import ManagedProcess
from stack.readiness import UrlAnswers
from stack.valkey import Valkey

CONNECTIONS, SCRAPES, LIMIT = 10_000, 30, 0.05

#: Seconds.
TIMEOUT = 60.0


def ask(port: int, method: str, path: str, body: str | None = None) -> str:
    """The body of the answer, on a connection of its own."""
    connection = HTTPConnection(LOOPBACK, port, timeout=TIMEOUT)
    connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
    answer = connection.getresponse().read().decode()
    connection.close()
    return answer


def follow(port: int, task_id: str) -> socket.socket:
    """A client that has its first bytes."""
    client = socket.create_connection((LOOPBACK, port), TIMEOUT)
    client.sendall(f"GET /tasks/{task_id}/events HTTP/1.1\r\nHost: {LOOPBACK}\r\n\r\n".encode())
    assert client.recv(65536).startswith(b"HTTP/1.1 200")
    return client


def measure(connections: int) -> list[float]:
    """Seconds of each scrape."""
    with ExitStack() as stack:
        enter = stack.enter_context
        valkey, port, metrics = enter(Valkey()), enter(kept_port()), enter(kept_port())
        settings = {
            "PORT": str(port),
            "BROKER_URL": valkey.url(0),
            "RESULT_BACKEND": f"taskbeam+{valkey.url(1)}",
            "AUTH": "open",
            "METRICS_PORT": str(metrics),
            "MAX_CONNECTIONS": str(2 * connections),
            "MAX_CONNECTIONS_PER_ADDRESS": str(2 * connections),
            "LOG_LEVEL": "warning",
        }
        env = {f"TASKBEAM_{name}": value for name, value in settings.items()}
        argv = [sys.executable, "-m", "app"]
        gateway = enter(ManagedProcess("gateway", argv, env=env, cwd=Path(__file__).parents[1]))
        gateway.wait_until(UrlAnswers(f"http://{LOOPBACK}:{port}/readyz"), TIMEOUT)
        task_id = json.loads(ask(port, "POST", "/reports", '{"user_id": 7}'))["task_id"]
        for _ in range(connections):
            enter(follow(port, task_id))
        assert f'taskbeam_connections{{transport="sse"}} {connections}.0' in ask(metrics, "GET", "/metrics")
        return [timed(metrics) for _ in range(SCRAPES)]


def timed(port: int) -> float:
    began = time.perf_counter()
    ask(port, "GET", "/metrics")
    return time.perf_counter() - began


if __name__ == "__main__":
    number = int(sys.argv[1]) if len(sys.argv) > 1 else CONNECTIONS
    taken = sorted(measure(number))
    middle, most = 1000 * median(taken), 1000 * taken[-1]
    print(f"{number:,} connections: a scrape takes {middle:.1f} ms, at most {most:.1f} ms")
    sys.exit(median(taken) >= LIMIT)
