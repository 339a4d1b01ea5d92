"""An API key that has a name: what is kept of it, and what it is good for. Pure.

Its text is ``tb_<id>_<secret>``. The id finds the record; of the secret, 256 random bits, a hash is kept.
"""

from __future__ import annotations

import secrets
from hashlib import sha256
from hmac import compare_digest
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from taskbeam.journal.labels import label

#: Of a name, and of each owner, queue and task name.
MAX_LENGTH = 255

#: Of each of them that a key may have.
MAX_NAMES = 100


def _printable(text: str) -> str:
    if not text.isprintable() or text != text.strip():
        raise ValueError("is to be one printable line")
    return text


#: A name; in a list of them one may end in ``*``, for all that begin so.
Name = Annotated[str, Field(min_length=1, max_length=MAX_LENGTH), AfterValidator(_printable)]
Names = Annotated[tuple[Name, ...], Field(min_length=1, max_length=MAX_NAMES)]
_Owners = Annotated[
    tuple[Annotated[Name, AfterValidator(label)], ...], Field(min_length=1, max_length=MAX_NAMES)
]


class KeyText(NamedTuple):
    """The two parts of a key's text."""

    id: str
    secret: str

    def __str__(self) -> str:
        return f"tb_{self.id}_{self.secret}"

    @property
    def digest(self) -> str:
        """What is kept of the secret."""
        return sha256(self.secret.encode()).hexdigest()

    @classmethod
    def new(cls, key_id: str | None = None) -> KeyText:
        """A fresh secret, for a new key or for one that there is."""
        return cls(key_id or secrets.token_hex(6), secrets.token_hex(32))

    @classmethod
    def read(cls, text: str) -> KeyText | None:
        """None for what has another form."""
        mark, _, rest = text.partition("_")
        key_id, _, secret = rest.partition("_")
        if mark != "tb" or not key_id or not secret or not text.isascii():
            return None
        return cls(key_id, secret)


class KeyRights(BaseModel):
    """What a key may do. None: everything; a list has whole names, or beginnings such as ``reports.*``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name = Field(description="What people call the key.")
    owners: _Owners | None = Field(default=None, description="Whose tasks it may send.")
    queues: Names | None = Field(default=None, description="To which queues.")
    tasks: Names | None = Field(default=None, description="Which tasks, by their names.")


class ApiKey(KeyRights):
    """The record of a key. Times are Unix seconds.

    ``previous`` is the hash of the secret before, which is taken until ``previous_until``. An ``admin``
    manages keys, and sends nothing.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    digest: str
    created: float
    admin: bool = False
    expires: float | None = None
    revoked: float | None = None
    previous: str | None = None
    previous_until: float = 0.0

    def opens(self, text: KeyText, now: float) -> bool:
        """Whether this is the key's text, and the key is good. Takes the same time for each wrong secret."""
        current = compare_digest(text.digest, self.digest)
        previous = compare_digest(text.digest, self.previous or "") and now < self.previous_until
        return (current or previous) and self.is_good(now)

    def is_good(self, now: float) -> bool:
        """Whether it has neither been revoked nor expired."""
        return self.revoked is None and (self.expires is None or now < self.expires)

    def rotated(self, text: KeyText, now: float, grace: float) -> ApiKey:
        """The key with another secret; the one before is good for ``grace`` more seconds."""
        return self.model_copy(
            update={"digest": text.digest, "previous": self.digest, "previous_until": now + grace}
        )
