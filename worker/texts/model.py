"""A trigram language model, smoothed as Kneser and Ney do it, that writes by nucleus sampling. Pure.

Chen and Goodman, "An empirical study of smoothing techniques for language modeling" (1999), section 3.4;
Holtzman and others, "The curious case of neural text degeneration" (2020).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from .words import BOUNDARY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from random import Random

#: Taken from each count, and given to what was not seen there.
DISCOUNT = 0.75

#: Words are taken from the likeliest, that have so much of the probability together.
NUCLEUS = 0.9

#: Below 1: likely words become likelier.
TEMPERATURE = 0.8


class Model:
    """What follows two words, learnt from texts."""

    def __init__(self) -> None:
        self._after_two: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self._after_one: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._words: list[str] = []
        self._plain: list[float] = []
        self._places: dict[str, int] = {}

    def learn(self, tokens: Sequence[str]) -> None:
        """Count the triples of one paragraph."""
        for first, second, third in zip(tokens, tokens[1:], tokens[2:], strict=False):
            self._after_two[first, second][third] += 1

    def smooth(self) -> None:
        """Work out the lower orders from the counts, after all texts: in how many places a word was seen."""
        self._after_one.clear()
        for (_, second), following in self._after_two.items():
            self._after_one[second].update(following.keys())
        places: Counter[str] = Counter()
        for following in self._after_one.values():
            places.update(following.keys())
        self._words = sorted(places)
        self._places = {word: place for place, word in enumerate(self._words)}
        self._plain = [places[word] / places.total() for word in self._words]

    @property
    def size(self) -> int:
        """How many different words it knows."""
        return len(self._words)

    def distribution(self, first: str, second: str) -> list[float]:
        """The probability of each word that it knows to follow the two, in the order of `words`."""
        chances = self._mixed(self._plain, self._after_one.get(second))
        return self._mixed(chances, self._after_two.get((first, second)))

    @property
    def words(self) -> Sequence[str]:
        """All that it knows, the boundary among them."""
        return self._words

    def write(self, chance: Random) -> Iterator[str]:
        """Words and boundaries without end: paragraph after paragraph."""
        first = second = BOUNDARY
        while True:
            word = self._next(first, second, chance)
            yield word
            first, second = (BOUNDARY, BOUNDARY) if word == BOUNDARY else (second, word)

    def _mixed(self, lower: list[float], following: Counter[str] | None) -> list[float]:
        if not following:
            return lower
        total = following.total()
        rest = DISCOUNT * len(following) / total
        chances = [rest * chance for chance in lower]
        for word, count in following.items():
            chances[self._places[word]] += (count - DISCOUNT) / total
        return chances

    def _next(self, first: str, second: str, chance: Random) -> str:
        sharpened = [probability ** (1 / TEMPERATURE) for probability in self.distribution(first, second)]
        ranked = sorted(range(len(sharpened)), key=sharpened.__getitem__, reverse=True)
        kept = list(_nucleus(ranked, sharpened))
        (place,) = chance.choices(kept, [sharpened[place] for place in kept])
        return self._words[place]


def _nucleus(ranked: Iterable[int], weights: Sequence[float]) -> Iterator[int]:
    """The first places that together have so much of the weight."""
    wanted = NUCLEUS * sum(weights)
    for place in ranked:
        yield place
        wanted -= weights[place]
        if wanted <= 0:
            return
