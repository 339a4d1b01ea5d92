"""What the service reads of a webhook: which report has ended, and how. Pure."""

from __future__ import annotations

from typing import Any, Self

from pydantic import BaseModel, ValidationError


class _Labels(BaseModel):
    owner: str | None = None


class Ended(BaseModel):
    """The end of a task, as far as a mail is about it; ``result`` is there after a success."""

    task_id: str
    state: str
    name: str | None = None
    labels: _Labels = _Labels()
    result: Any = None

    @classmethod
    def of(cls, message: Any) -> Self | None:
        """Read a message that was verified; None where it tells of no end, as a trial does."""
        try:
            return cls.model_validate(message["data"])
        except (KeyError, TypeError, ValidationError):
            return None

    @property
    def stored(self) -> str | None:
        """The path of the report, after a success."""
        path = self.result.get("report_url") if isinstance(self.result, dict) else None
        return path if self.state == "SUCCESS" and isinstance(path, str) and path.startswith("/") else None
