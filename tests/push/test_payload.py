"""What stands in a message: declarative, in the page's words, and never too long."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from taskbeam.push.encryption import LARGEST
from taskbeam.push.payload import payload_of
from taskbeam.push.presentation import Presentation

PAGE = "https://shop.example/jobs/{task_id}?from=push"


def test_a_message_is_declarative_and_says_no_more_than_title_and_state() -> None:
    payload = json.loads(payload_of("a/b", "July", "SUCCESS", Presentation(page=PAGE)))
    assert payload.pop("web_push") == 8030
    tag = payload["notification"].pop("tag")
    assert tag.startswith("taskbeam-")
    assert payload == {
        "notification": {
            "title": "July",
            "body": "Done",
            "lang": "en",
            "navigate": "https://shop.example/jobs/a%2Fb?from=push",
        }
    }


def test_the_words_are_the_page_s() -> None:
    presentation = Presentation(page=PAGE, lang="de", words={"FAILURE": "Fehlgeschlagen"})
    said = {
        state: json.loads(payload_of("a", "x", state, presentation))["notification"]["body"]
        for state in ("FAILURE", "SUCCESS")
    }
    assert said == {"FAILURE": "Fehlgeschlagen", "SUCCESS": "Done"}


@pytest.mark.parametrize("task_id", ["x", "ü" * 3000, "x" * 1024])
@pytest.mark.parametrize("title", ["", "\0" * 5000, "🚀" * 5000, '"' * 5000, "\ud800"])
def test_no_message_is_too_long(task_id: str, title: str) -> None:
    page = "https://a.example/{task_id}?" + "a" * 996
    longest = Presentation(page=page, lang="x" * 35, words={"SUCCESS": "🚀" * 100})
    payload = payload_of(task_id, title, "SUCCESS", longest)
    assert len(payload) <= LARGEST
    assert json.loads(payload)["notification"]["navigate"].startswith("https://a.example/")


@pytest.mark.parametrize(
    "given",
    [
        {"page": ""},
        {"page": "/jobs"},
        {"page": "javascript:alert(1)"},
        {"page": "https://"},
        {"page": "https://{task_id}.example/"},
        {"page": "https://user@shop.example/"},
        {"page": "https://shop.example/ä"},
        {"page": "https://shop.example/a b"},
        {"page": "https://shop.example/" + "a" * 1024},
        {"lang": "d e"},
        {"words": {"SUCCESS": ""}},
        {"words": {"SUCCESS": "x" * 101}},
        {"words": {"PROGRESS": "x"}},
        {"title": "x"},
    ],
)
def test_what_no_page_may_ask_for(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Presentation.model_validate({"page": PAGE} | given)
