"""A RabbitMQ node of the tests' own: a process, with its files in a folder, and nothing that outlives it.

``python -m tests.support.rabbitmq`` installs Debian's package where it is missing. Of it only the programs
are used, not its service: another node on the machine has another name, other ports, and another `epmd`, the
daemon by which nodes of Erlang find each other. A node that finds none would start one, for good.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from stack.ports import LOOPBACK, kept_port, listeners
from stack.process import ManagedProcess

from .debian import install
from .waiting import DEADLINE, START_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Debian's own programs; those in the PATH become the user of the service first.
PROGRAMS = Path("/usr/lib/rabbitmq/bin")

FOUND = (PROGRAMS / "rabbitmq-server").exists() and shutil.which("epmd") is not None

#: What the node says when it takes connections.
READY = "Server startup complete"

USER, PASSWORD = "guest", "guest"

#: As many tests may have one for themselves.
VIRTUAL_HOSTS = 16

#: No thread of the node waits busily for work, and it is found from this machine alone.
ERLANG = "+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}"

#: The limits are those of a machine of whatever size.
CONFIGURATION = """
listeners.tcp.1 = {address}:{port}
load_definitions = {definitions}
vm_memory_high_watermark.absolute = 1GB
disk_free_limit.absolute = 1MB
log.console = true
log.console.level = info
"""

#: What the other file cannot say: how often a channel looks for late acknowledgements, in milliseconds.
ADVANCED = "[{rabbit, [{channel_tick_interval, 500}]}]."


class RabbitMQ:
    """A node that runs; ``port`` is where it takes AMQP."""

    def __init__(self, port: int, environment: dict[str, str]) -> None:
        self.port = port
        self._environment = environment
        self._numbers = count(1)

    def url(self, port: int | None = None) -> str:
        """A virtual host that nobody else has, with queues and broadcasts of its own.

        ``port``: another one of this machine, where a relay listens.
        """
        number = next(self._numbers)
        assert number <= VIRTUAL_HOSTS, "more tests than virtual hosts"
        return f"amqp://{USER}:{PASSWORD}@{LOOPBACK}:{port or self.port}/{number}"

    @contextmanager
    def consumer_timeout(self, milliseconds: int) -> Iterator[None]:
        """Channels that are opened in this block are closed when an acknowledgement takes longer."""
        self._evaluate(f"application:set_env(rabbit, consumer_timeout, {milliseconds}).")
        try:
            yield
        finally:
            self._evaluate("application:unset_env(rabbit, consumer_timeout).")

    def _evaluate(self, expression: str) -> None:
        command = [str(PROGRAMS / "rabbitmqctl"), "eval", expression]
        subprocess.run(
            command,
            env={**os.environ, **self._environment},
            check=True,
            capture_output=True,
            timeout=DEADLINE,
        )


@contextmanager
def running_rabbitmq() -> Iterator[RabbitMQ]:
    """Run a node until the block ends.

    Raises:
        RuntimeError: it is not installed.
    """
    if not FOUND:
        raise RuntimeError("no RabbitMQ: run `python -m tests.support.rabbitmq`")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="rabbitmq-")))
        port, names, nodes = (stack.enter_context(kept_port()) for _ in range(3))
        environment = _environment(folder, names, nodes)
        epmd = stack.enter_context(ManagedProcess("epmd", ["epmd"], env=environment))
        epmd.wait_until(lambda: listeners(names) > 0, DEADLINE)
        (folder / "definitions.json").write_text(json.dumps(_definitions()))
        (folder / "enabled_plugins").write_text("[].")
        (folder / "advanced.config").write_text(ADVANCED)
        (folder / "rabbitmq.conf").write_text(
            CONFIGURATION.format(address=LOOPBACK, port=port, definitions=folder / "definitions.json")
        )
        lines: list[str] = []
        node = ManagedProcess(
            "rabbitmq",
            [str(PROGRAMS / "rabbitmq-server")],
            env=environment,
            cwd=folder,  # where it writes why it crashed
            on_line=lines.append,
        )
        stack.callback(node.kill)  # nothing of it is kept
        node.wait_until(lambda: any(READY in line for line in lines), START_TIMEOUT)
        yield RabbitMQ(port, environment)


def _environment(folder: Path, names: int, nodes: int) -> dict[str, str]:
    """``names``: the port of epmd. ``nodes``: that on which other nodes, and its own tools, find the node."""
    return {
        "HOME": str(folder),  # with the cookie that only its own tools know
        "ERL_EPMD_PORT": str(names),
        "ERL_EPMD_ADDRESS": LOOPBACK,
        "RABBITMQ_NODENAME": "tests@localhost",
        "RABBITMQ_DIST_PORT": str(nodes),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_GENERATED_CONFIG_DIR": str(folder / "config"),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": ERLANG,
    }


def _definitions() -> dict[str, object]:
    """One user, who may do everything in every virtual host; what the node is to have when it starts."""
    salt = b"salt"
    hashed = base64.b64encode(salt + hashlib.sha256(salt + PASSWORD.encode()).digest()).decode()
    hosts = [str(number) for number in range(1, VIRTUAL_HOSTS + 1)]
    everything = dict.fromkeys(("configure", "write", "read"), ".*")
    return {
        "users": [
            {
                "name": USER,
                "password_hash": hashed,
                "hashing_algorithm": "rabbit_password_hashing_sha256",
                "tags": ["administrator"],
            }
        ],
        "vhosts": [{"name": host} for host in hosts],
        "permissions": [{"user": USER, "vhost": host, **everything} for host in hosts],
    }


if __name__ == "__main__" and not FOUND:
    install("rabbitmq-server")
