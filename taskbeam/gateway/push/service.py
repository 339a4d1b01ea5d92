"""What a gateway that pushes has: a key to subscribe with, and the devices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from taskbeam.gateway.push.devices import Devices
    from taskbeam.notifications.records import Records


class PushService:
    """``key``: the public one, in Base64 of URLs. Its methods raise redis-py's errors."""

    def __init__(self, key: str, devices: Devices, records: Records) -> None:
        self.key = key
        self.devices = devices
        self._records = records

    async def rows(self, owner: str) -> list[dict[str, Any]]:
        """What an owner is shown of each device: never its endpoint, by which anybody could send to it."""
        rows = []
        for target in await self.devices.of_owner(owner):
            health = await self._records.health(target.id)
            rows.append(
                {
                    "device": target.id,
                    "service": urlsplit(target.url).netloc,
                    "every": target.every,
                    "browser": target.browser,
                    "created": target.created,
                    "heard": target.last_heard,
                    "sent": health.sent,
                    "failed": health.failed,
                    "error": health.error,
                    "disabled": target.disabled,
                }
            )
        return rows
