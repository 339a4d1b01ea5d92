"""How many things took how long, small however many they are: what percentiles are read from.

Each duration is counted in a bucket whose bounds differ by 5 %, so a percentile is right to 3 %. Counts of
two ticks are added bucket by bucket, which percentiles themselves cannot be.
"""

from __future__ import annotations

from collections import Counter
from math import ceil, log

#: By what factor a bucket is longer than the one before; the page has the same (percentiles.js).
GROWTH = 1.05

#: Seconds up to which a duration is in the bucket 0.
SHORTEST = 0.001

#: The highest bucket: some 110 days.
MOST = 470


class Durations(Counter[int]):
    """By number of the bucket."""

    def add(self, seconds: float) -> None:
        """Count one; a negative one is what clocks differ by."""
        bucket = 0 if seconds <= SHORTEST else ceil(log(seconds / SHORTEST) / log(GROWTH))
        self[min(bucket, MOST)] += 1
