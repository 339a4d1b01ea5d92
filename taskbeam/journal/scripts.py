"""The two Lua scripts, with the digests under which Redis remembers them."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha1
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Script:
    """``text`` is sent once to a server that does not know ``digest`` yet (``NOSCRIPT``)."""

    text: bytes
    digest: str


def _load(name: str) -> Script:
    text = files(__package__).joinpath(name).read_bytes()
    return Script(text, sha1(text, usedforsecurity=False).hexdigest())


APPEND = _load("append.lua")
READ = _load("read.lua")
