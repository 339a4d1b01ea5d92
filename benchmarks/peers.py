"""Everybody who takes part, ours first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .recipes.broadcaster import Broadcaster
from .recipes.centrifuge import Centrifuge
from .recipes.mercure import Mercure
from .recipes.nchan import Nchan
from .recipes.polling import Polling
from .recipes.redis_py import RedisPy
from .recipes.send_loop import SendLoop
from .recipes.socketio import SocketIO
from .recipes.sse_starlette import SseStarlette
from .recipes.taskbeam import Taskbeam

if TYPE_CHECKING:
    from .recipes.recipe import Recipe

OURS, PORTABLE = Taskbeam(), Taskbeam(detach=False)
LIMIT = SendLoop()
NCHAN, NCHAN_REDIS = Nchan(), Nchan(redis=True)
CENTRIFUGE, CENTRIFUGE_REDIS = Centrifuge(), Centrifuge(redis=True)
MERCURE = Mercure()
USUAL, LEANEST = RedisPy(), RedisPy(leanest=True)
SOCKET_IO, SSE_STARLETTE, BROADCASTER = SocketIO(), SseStarlette(), Broadcaster()
POLLING = Polling()

#: Servers that are made for many connections.
STREAMERS: tuple[Recipe, ...] = (OURS, LIMIT, NCHAN, NCHAN_REDIS, CENTRIFUGE, CENTRIFUGE_REDIS, MERCURE)
#: What people write with a library. Most hold a Redis connection per client.
RECIPES: tuple[Recipe, ...] = (PORTABLE, USUAL, LEANEST, SOCKET_IO, SSE_STARLETTE, BROADCASTER)
EVERYBODY: tuple[Recipe, ...] = (*STREAMERS, *RECIPES, POLLING)
