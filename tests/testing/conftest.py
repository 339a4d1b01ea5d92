"""The fixtures of the plugin, which pytest finds by itself where Taskbeam is installed."""

from __future__ import annotations

from taskbeam.testing.plugin import taskbeam_journal

__all__ = ["taskbeam_journal"]
