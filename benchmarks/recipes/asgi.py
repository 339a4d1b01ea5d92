"""What all peers written in Python share: an application of this folder under uvicorn, and Redis pub/sub."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, ClassVar

from ..load.publisher import RedisPublisher
from .channels import REDIS_URL, channel
from .recipe import Recipe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..load.payload import Payload
    from ..load.publisher import Command
    from .recipe import Site


def publish(event: Payload) -> Command:
    """The command that publishes an event on the task's channel."""
    return ("PUBLISH", channel(event.task_id), event.body)


class AsgiRecipe(Recipe):
    """Served by uvicorn with uvloop and httptools; the application reads `REDIS_URL`."""

    #: The module in this folder that has `create_app`.
    module: ClassVar[str]

    @property
    def options(self) -> Sequence[str]:
        """Further options of uvicorn."""
        return ()

    def argv(self, site: Site) -> Sequence[str]:
        return (
            *(sys.executable, "-m", "uvicorn", "--factory", f"benchmarks.recipes.{self.module}:create_app"),
            *("--host", "127.0.0.1", "--port", str(site.port), "--log-level", "warning"),
            *("--loop", "uvloop", "--http", "httptools"),
            *self.options,
        )

    def environment(self, site: Site) -> Mapping[str, str]:
        return {REDIS_URL: f"redis://127.0.0.1:{site.redis_port}/0"}

    async def publisher(self, site: Site) -> RedisPublisher:
        return await RedisPublisher.connect(site.redis_port, publish)
