"""Test what your tasks tell their clients, without Redis: ``pip install "taskbeam[testing]"``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from taskbeam.testing.eager import recorded, recorded_all
    from taskbeam.testing.gateway import ReplayGateway
    from taskbeam.testing.journals import Recording, recording
    from taskbeam.testing.recorded_task import RecordedTask

__all__ = ["RecordedTask", "Recording", "ReplayGateway", "recorded", "recorded_all", "recording"]

_MODULES = {
    "RecordedTask": "recorded_task",
    "Recording": "journals",
    "ReplayGateway": "gateway",
    "recorded": "eager",
    "recorded_all": "eager",
    "recording": "journals",
}


def __getattr__(name: str) -> Any:
    """Nothing is loaded before it is needed: pytest imports this package in every run (PEP 562)."""
    from importlib import import_module

    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
