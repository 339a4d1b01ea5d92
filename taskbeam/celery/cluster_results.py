"""How `AsyncResult.get()` hears of results on a cluster."""

from __future__ import annotations

import time
from typing import Any

from celery.backends.redis import ResultConsumer  # type: ignore[attr-defined]
from celery.states import READY_STATES

#: Seconds from one look for results that were published, and not heard.
LOOK_INTERVAL = 5.0


class ClusterResultConsumer(ResultConsumer):  # type: ignore[misc]
    """As Celery's, and looks for ends now and then.

    Servers pass publications on to each other, and lose some when one of them dies, while the connection over
    which Celery listens to another one stays. So nothing else tells that one was lost.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._looked = time.monotonic()

    def drain_events(self, timeout: float | None = None) -> None:
        """As Celery's."""
        super().drain_events(timeout)
        now = time.monotonic()
        if now - self._looked >= LOOK_INTERVAL:
            self._looked = now
            self._look()

    def _look(self) -> None:
        with self._locked():
            if not self.subscribed_to:
                return
            with self.reconnect_on_error():
                metas = self.backend.client.mget(list(self.subscribed_to))
                for meta in map(self._decode_result, filter(None, metas)):
                    # Whoever hears each state has heard of one that goes on.
                    if meta["status"] in READY_STATES:
                        self.on_state_change(meta, None)
