"""Durations in figures: their number, middle, spread and percentiles, by group and in all. Arrays in, values out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vpr_metrics.survival import Floats, Whole

SECOND = 1_000_000
"""Microseconds: durations come in these, figures are seconds."""

DIGITS = 6
HALF = 20
LIMIT = 1 << 63


@dataclass(frozen=True, slots=True)
class Summary:
    """Of ``n`` durations, in seconds; None where there are too few for it."""

    n: int
    total: float
    mean: float | None = None
    min: float | None = None
    max: float | None = None
    stddev: float | None = None
    percentiles: Sequence[float | None] = ()


def summary(taken: Whole, percentages: Sequence[float]) -> Summary:
    """Of durations in microseconds."""
    if not len(taken):
        return Summary(0, 0.0, percentiles=[None] * len(percentages))
    ordered, n = np.sort(taken), len(taken)
    whole = _sum(ordered)
    away = ordered - whole / n
    return Summary(
        n=n,
        total=whole / SECOND,
        mean=whole / n / SECOND,
        min=int(ordered[0]) / SECOND,
        max=int(ordered[-1]) / SECOND,
        stddev=round(float(np.sqrt(np.square(away, out=away).sum() / (n - 1))) / SECOND, DIGITS) if n > 1 else None,
        percentiles=_percentiles(ordered, percentages).tolist(),
    )


def _sum(ordered: Whole) -> int:
    """Where it may not fit into 64 bits it is summed in two parts."""
    if max(abs(int(ordered[0])), abs(int(ordered[-1]))) * len(ordered) < LIMIT:
        return int(ordered.sum())
    return (int((ordered >> HALF).sum()) << HALF) + int((ordered & ((1 << HALF) - 1)).sum())


def _percentiles(ordered: Whole, percentages: Sequence[float]) -> Floats:
    """Seconds: a percentile that falls between two durations lies between them in proportion."""
    places = (len(ordered) - 1) * np.array(percentages) / 100
    below = places.astype(np.int64)
    low, high = (ordered[np.minimum(at, len(ordered) - 1)].astype(np.float64) for at in (below, below + 1))
    found: Floats = (low + (high - low) * (places - below)) / SECOND
    return found


def natural(key: Sequence[str]) -> list[tuple[bool, int, str]]:
    """Orders keys: numbers by their value, before texts."""
    return [(not part.lstrip("-").isdecimal(), int(part) if part.lstrip("-").isdecimal() else 0, part) for part in key]
