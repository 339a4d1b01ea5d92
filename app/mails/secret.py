"""The secret by which the service knows the webhooks that are its own gateway's."""

from __future__ import annotations

import os
from base64 import b64encode
from contextlib import suppress
from secrets import token_bytes
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

#: Random bytes of a secret.
SIZE = 32


def kept_secret(file: Path) -> str:
    """The secret in ``file``: whoever comes first makes it, for all processes that share the file.

    Returns it as Standard Webhooks writes it, `whsec_…`. Raises `OSError`.
    """
    with suppress(FileNotFoundError):
        return file.read_text("ascii").strip()
    file.parent.mkdir(parents=True, exist_ok=True)
    # Nobody but us may read a temporary file. The link is there with all of it, or not at all.
    with NamedTemporaryFile("w", dir=file.parent, prefix=f".{file.name}.", encoding="ascii") as new:
        new.write(f"whsec_{b64encode(token_bytes(SIZE)).decode()}\n")
        new.flush()
        with suppress(FileExistsError):
            os.link(new.name, file)
    return file.read_text("ascii").strip()
