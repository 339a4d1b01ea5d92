"""Writing a text: read the pages, learn from them, and say word after word."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import TYPE_CHECKING

from . import corpus
from .model import Model
from .words import spaced, split

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    #: Told how many of all words are written, and what goes on.
    Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Written:
    """A finished text: how many words it has, how many the model knew, and from how many it learnt."""

    words: int
    vocabulary: int
    learnt_from: int


@dataclass(frozen=True, slots=True)
class TextService:
    """Writes in the manner of the pages in a folder."""

    folder: Path

    def write(self, words: int, seed: str, say: Callable[[str], object], progress: Progress) -> Written:
        """Write so many words and marks, each told by ``say`` as soon as the model has found it.

        The same ``seed`` and pages give the same text. Raises NoTextError, and OSError (disk).
        """
        progress(0, words, "Reading")
        texts = [split(text) for text in corpus.paragraphs(self.folder)]
        model = Model()
        for text in texts:
            model.learn(text)
        model.smooth()
        for number, piece in enumerate(islice(spaced(model.write(Random(seed))), words), start=1):
            say(piece)
            progress(number, words, "Writing")
        return Written(words, model.size, sum(map(len, texts)))
