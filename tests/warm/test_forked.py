"""What holds a forked process knows that it has ended before its server says so."""

from __future__ import annotations

import os
import signal
import socket

from tests.support.warm.forked import Forked


def test_a_signal_to_one_that_has_just_ended_is_nothing() -> None:
    pid = os.posix_spawn("/bin/true", ["true"], {})
    os.waitpid(pid, 0)
    ours, servers = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, servers:
        process = Forked(pid, ours)
        process.send_signal(signal.SIGCONT)
        assert process.poll() is None
