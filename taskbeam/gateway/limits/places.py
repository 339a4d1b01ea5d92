"""The place of one subscription on a socket for many: on account of the socket, or of a token of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from taskbeam.gateway.limits.stay import Host, Schedule, Stay
from taskbeam.gateway.problems import TOO_MANY

if TYPE_CHECKING:
    from taskbeam.gateway.auth.identity import Identity
    from taskbeam.gateway.limits.admission import Admission


class Own:
    """That of a subscription which brought no token."""

    __slots__ = ("_admission", "_host")

    def __init__(self, admission: Admission) -> None:
        self._admission: Admission | None = admission
        self._host: Host | None = None

    @property
    def key(self) -> str | None:
        """Whom it counts for."""
        return self._admission.own_key if self._admission is not None else None

    def attach(self, host: Host) -> None:
        """Who is told when it has to go."""
        self._host = host

    def leave(self) -> None:
        """The subscription is over; a second time changes nothing."""
        admission, self._admission = self._admission, None
        if admission is not None:
            admission.drop_own(self)

    def turn_away(self) -> bool:
        """There are too many; returns whether it was one of them."""
        host, self._host = self._host, None
        if self._admission is None or host is None:
            return False
        self.leave()
        host.dismiss(TOO_MANY)
        return True


class Brought(Stay):
    """That of a subscription whose identity came with it."""

    __slots__ = ("_admission",)

    identity: Identity

    def __init__(self, admission: Admission, schedule: Schedule, identity: Identity) -> None:
        super().__init__(schedule, identity)
        self._admission: Admission | None = admission

    @property
    def key(self) -> str | None:
        """Whom it counts for."""
        return self.identity.key

    @property
    def number(self) -> int:
        return self._admission.number if self._admission is not None else 0

    def leave(self) -> None:
        """The subscription is over; a second time changes nothing."""
        super().leave()
        admission, self._admission = self._admission, None
        if admission is not None:
            admission.take_back(self)

    def turn_away(self) -> bool:
        """There are too many; returns whether it was one of them."""
        if self._admission is None:
            return False
        self.dismiss(TOO_MANY)
        self.leave()
        return True


Place: TypeAlias = Own | Brought
