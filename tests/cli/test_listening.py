"""One address for several processes: real sockets."""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING

import pytest

from stack.ports import LOOPBACK
from taskbeam.cli.listening import tcp_address, unix_address

if TYPE_CHECKING:
    from pathlib import Path


class TestTcp:
    def test_a_free_port_is_taken_for_all(self) -> None:
        with tcp_address(LOOPBACK, 0) as address, address.listener() as one, address.listener() as other:
            assert one.getsockname() == other.getsockname()
            assert str(address) == f"http://{LOOPBACK}:{one.getsockname()[1]}"

    @pytest.mark.skipif(sys.platform != "linux", reason="elsewhere they share one socket")
    def test_only_who_listens_gets_clients(self) -> None:
        """Neither the socket that keeps the port, nor that of a process that is not ready yet."""
        with tcp_address(LOOPBACK, 0) as address, address.listener() as one, address.listener():
            one.listen()
            one.settimeout(30)
            for _ in range(50):
                with socket.create_connection(one.getsockname()):
                    one.accept()[0].close()

    def test_a_port_of_somebody_else_is_refused(self) -> None:
        with (
            socket.create_server((LOOPBACK, 0)) as selfish,
            pytest.raises(OSError, match="in use"),
        ):
            tcp_address(LOOPBACK, selfish.getsockname()[1])

    def test_ipv6(self) -> None:
        try:
            address = tcp_address("::1", 0)
        except OSError as error:
            pytest.skip(f"this machine has no IPv6: {error}")
        with address, address.listener() as listener:
            assert listener.family == socket.AF_INET6
            assert str(address).startswith("http://[::1]:")


class TestUnix:
    def test_is_removed_in_the_end(self, tmp_path: Path) -> None:
        path = tmp_path / "socket"
        with unix_address(str(path)) as address, address.listener() as listener:
            listener.listen()
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(path))
            assert str(address) == f"unix:{path}"
        assert not path.exists()

    def test_one_that_was_left_behind_is_replaced(self, tmp_path: Path) -> None:
        path = tmp_path / "socket"
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(path))
        with unix_address(str(path)):
            assert path.is_socket()

    def test_one_that_somebody_listens_on_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "socket"
        with socket.socket(socket.AF_UNIX) as alive:
            alive.bind(str(path))
            alive.listen()
            with pytest.raises(OSError, match="in use"):
                unix_address(str(path))
        assert path.exists()

    def test_a_file_is_not_touched(self, tmp_path: Path) -> None:
        path = tmp_path / "file"
        path.write_text("precious")
        with pytest.raises(OSError, match="in use"):
            unix_address(str(path))
        assert path.read_text() == "precious"
