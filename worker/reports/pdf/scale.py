"""The scale of a chart: round numbers for an axis. Pure."""

import math

NICE_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


def axis_ticks(largest: float, wanted: int = 4) -> list[float]:
    """Return about `wanted` + 1 round values from 0 up to at least `largest`, evenly spaced."""
    if largest <= 0:
        return [0.0, 1.0]
    rough = largest / wanted
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = next(nice * magnitude for nice in NICE_STEPS if nice * magnitude >= rough * 0.999_999)
    return [step * number for number in range(math.ceil(largest / step - 0.000_001) + 1)]
