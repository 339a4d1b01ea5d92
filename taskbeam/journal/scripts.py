"""The two Lua scripts, with the digests under which Redis remembers them."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha1
from importlib.resources import files

from taskbeam.journal.limits import DEFAULT_KEEP, DEFAULT_LIMIT


@dataclass(frozen=True, slots=True)
class Script:
    """``text`` is sent once to a server that does not know ``digest`` yet (``NOSCRIPT``)."""

    text: bytes
    digest: str


def _load(*parts: str, **constants: int) -> Script:
    """``constants`` are locals that the parts find set."""
    given = "".join(f"local {name} = {value}\n" for name, value in constants.items())
    text = given.encode() + b"".join(files(__package__).joinpath(part).read_bytes() for part in parts)
    return Script(text, sha1(text, usedforsecurity=False).hexdigest())


APPEND = _load("queue.lua", "append.lua", DEFAULT_LIMIT=DEFAULT_LIMIT, DEFAULT_KEEP=DEFAULT_KEEP)
READ = _load("read.lua")
