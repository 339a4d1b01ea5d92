"""How a device tells an end, as the page that subscribed asked for it."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import quote, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

#: What stands for the task's id in a page's URL.
PLACE = "{task_id}"

#: Characters of an id as it stands in a URL; a longer one has no page of its own.
_LONGEST_ID = 1024

State = Literal["SUCCESS", "FAILURE", "REVOKED", "IGNORED", "REJECTED", "LOST"]

#: What is said of each end, unless the page has words of its own.
WORDS: dict[State, str] = {
    "SUCCESS": "Done",
    "FAILURE": "Failed",
    "REVOKED": "Cancelled",
    "IGNORED": "Ended",
    "REJECTED": "Rejected",
    "LOST": "Lost: its worker is gone",
}


def _is_a_page(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname or "@" in parts.netloc:
        raise ValueError("it is no URL of a page")
    if PLACE in parts.netloc or not (url.isascii() and url.isprintable()) or " " in url:
        raise ValueError("it is no URL of a page")
    return url


class Presentation(BaseModel):
    """Kept with a device.

    - ``page``: where a click leads: an absolute URL, in which ``{task_id}`` stands for the task's id.
    - ``lang``: the language of the words (BCP 47).
    - ``words``: what is said of an end in this state; of the others it is `WORDS`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    page: Annotated[str, Field(min_length=1, max_length=1024), AfterValidator(_is_a_page)]
    lang: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,35}$")] = "en"
    words: dict[State, Annotated[str, Field(min_length=1, max_length=100)]] = Field(default_factory=dict)

    def page_of(self, task_id: str) -> str:
        """Where a click on the end of this task leads."""
        quoted = quote(task_id, safe="")
        if len(quoted) > _LONGEST_ID:
            parts = urlsplit(self.page)
            return f"{parts.scheme}://{parts.netloc}/"
        return self.page.replace(PLACE, quoted, 1)

    def said_of(self, state: str) -> str:
        """What is said of an end in this state."""
        words = {**WORDS, **self.words}
        return next((text for known, text in words.items() if known == state), state)
