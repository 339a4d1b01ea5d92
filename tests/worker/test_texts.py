"""A text is written by a model that was trained on the project's own pages, and read while it comes."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.support.gateway import ROOT
from worker.texts.corpus import NoTextError, paragraphs, prose
from worker.texts.model import DISCOUNT, Model
from worker.texts.service import TextService
from worker.texts.words import BOUNDARY, spaced, split

if TYPE_CHECKING:
    from pathlib import Path

PAGE = """# A title

A [link](https://a.example/x) to `code`, and
a *second* line.

| a | table |
|---|---|

```python
no = "prose"

still = "none"
```

- One point.
"""


class TestTheCorpus:
    def test_is_prose_alone(self) -> None:
        assert list(prose(PAGE)) == ["A link to code, and a second line.", "One point."]

    def test_is_never_empty(self, tmp_path: Path) -> None:
        (tmp_path / "empty.md").write_text("# Nothing\n")
        with pytest.raises(NoTextError, match="TASKBEAM_TEXTS_DIR"):
            paragraphs(tmp_path)

    def test_of_the_project_has_thousands_of_words(self) -> None:
        assert sum(len(split(text)) for text in paragraphs(ROOT / "docs")) > 10_000


class TestWords:
    def test_come_apart_and_together_again(self) -> None:
        text = "Here, we wait: 40 ms at taskbeam.io/docs. Don't we?"
        assert split(text)[2:-1][:3] == ["Here", ",", "we"]
        assert "".join(spaced(iter(split(text)[2:]))) == text + "\n\n"


class TestTheModel:
    @pytest.fixture
    def model(self) -> Model:
        model = Model()
        for text in ("a b c", "a b d", "e b c"):
            model.learn(split(text))
        model.smooth()
        return model

    def test_knows_each_word_once(self, model: Model) -> None:
        assert list(model.words) == [BOUNDARY, "a", "b", "c", "d", "e"]

    @pytest.mark.parametrize("context", [("a", "b"), ("x", "b"), ("x", "y"), ("", "")])
    def test_gives_each_a_probability_and_all_together_one(
        self, model: Model, context: tuple[str, str]
    ) -> None:
        chances = model.distribution(*context)
        assert min(chances) > 0
        assert sum(chances) == pytest.approx(1)

    def test_is_that_of_kneser_and_ney(self, model: Model) -> None:
        """By hand: c and d came once each after `a b`; c after two words and `b`, d after one.

        Of the eight pairs of neighbours one ends with c, and one with d.
        """
        chances = dict(zip(model.words, model.distribution("a", "b"), strict=True))
        for word, seen in (("c", 2), ("d", 1)):
            lower = (seen - DISCOUNT) / 3 + DISCOUNT * 2 / 3 * (1 / 8)
            assert chances[word] == pytest.approx((1 - DISCOUNT) / 2 + DISCOUNT * lower)

    def test_writes_what_it_has_seen(self, model: Model) -> None:
        writing = model.write(Random(1))
        assert {next(writing) for _ in range(200)} <= {BOUNDARY, "a", "b", "c", "d", "e"}


class TestAText:
    def test_is_told_word_by_word_and_is_the_same_again(self) -> None:
        service = TextService(ROOT / "docs")
        told: list[str] = []
        seen: list[tuple[int, int, str]] = []
        written = service.write(50, "a task", told.append, lambda *progress: seen.append(progress))
        again: list[str] = []
        service.write(50, "a task", again.append, lambda *_: None)
        assert told == again
        assert written.words == len(told) == 50
        assert written.vocabulary > 1000
        assert [current for current, *_ in seen] == list(range(51))
        other: list[str] = []
        service.write(50, "another task", other.append, lambda *_: None)
        assert other != told
