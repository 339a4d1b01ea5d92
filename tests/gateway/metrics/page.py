"""What `/metrics` says, as numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    import httpx


class Page(dict[str, float]):
    """Each sample by its name, with the value of its label in brackets: ``gaps[epoch]``.

    Without what all of them have in common, and what all counters have.
    """

    @classmethod
    def of(cls, text: str) -> Page:
        found = cls()
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                label = "".join(f"[{value}]" for value in sample.labels.values())
                name = sample.name.removeprefix("taskbeam_").removesuffix("_total")
                found[name + label] = sample.value
        return found

    @classmethod
    def read(cls, http: httpx.Client) -> Page:
        return cls.of(http.get("/metrics").raise_for_status().text)

    def since(self, before: Page, *names: str) -> list[float]:
        """By how much each has grown."""
        return [self[name] - before[name] for name in names]
