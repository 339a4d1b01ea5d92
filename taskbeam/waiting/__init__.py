"""Wait for tasks in an asyncio service, straight from Redis: no gateway, no thread, no polling."""

from taskbeam.waiting.follow import afollow
from taskbeam.waiting.result import aresult

__all__ = ["afollow", "aresult"]
