"""`texts.write(words)`: a text in the manner of the project's own pages, word by word as a model finds it."""

from dataclasses import asdict
from typing import Any

from celery import Celery, Task
from celery.utils.log import get_task_logger

from taskbeam import Payloads, progress, write

from ..retries import retried
from ..texts.corpus import NoTextError
from ..texts.service import TextService, Written

logger = get_task_logger(__name__)

HOPELESS = (NoTextError,)


def register(app: Celery, texts: TextService) -> None:
    """Add the task to the app.

    Each attempt writes the same text, from its first word.
    """

    @app.task(
        name="texts.write",
        shared=False,  # else every other application in the process gets this one's service
        bind=True,
        taskbeam_payloads=Payloads(result=Written),
        **retried(*HOPELESS),
    )
    def write_text(self: Task[Any, Any], words: int) -> dict[str, int]:
        logger.info("A text of %s words, attempt %s", words, self.request.retries + 1)
        return asdict(texts.write(words, str(self.request.id), write, progress))
