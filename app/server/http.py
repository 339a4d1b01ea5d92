"""The HTTP protocol, offering to detach a response after its head was sent."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from .detach import EXTENSION
from .guarded_http import GuardedHttp

if TYPE_CHECKING:
    from .detach import DetachedProtocol


class DetachableHttp(GuardedHttp):
    """One request's connection can be taken over; it does not come back to HTTP."""

    _stopping = False

    def shutdown(self) -> None:
        super().shutdown()
        self._stopping = True

    def on_message_begin(self) -> None:
        super().on_message_begin()
        scope = cast("dict[str, Any]", self.scope)
        scope["extensions"] = {EXTENSION: {"detach": self.detach}}

    def detach(self, protocol: DetachedProtocol) -> bool:
        """Let ``protocol`` write the body; the app returns without another ASGI message."""
        cycle = self.cycle
        if cycle.disconnected or self.transport.is_closing():
            return False
        self._expect_nothing()
        # uvicorn's word for "the app owes no more messages".
        cycle.disconnected = True
        cycle.message_event.set()
        self.flow.resume_reading()
        self.connections.discard(self)
        self.transport.set_protocol(cast("asyncio.BaseProtocol", protocol))
        protocol.taken_over(self.transport, self.connections)
        del self.parser  # it refers back to this object
        if self._stopping:
            # The server has told its connections already. This one is told when it has its first events.
            asyncio.get_running_loop().call_soon(protocol.shutdown)
        return True
