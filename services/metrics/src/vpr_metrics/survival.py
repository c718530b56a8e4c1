"""Durations of which some have not ended: Kaplan-Meier and Aalen-Johansen. Plain arrays in, plain values out.

Cases that are still open count as long as they have been seen (censored); at a tie, an end comes before them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy

type Floats = np.ndarray[Any, np.dtype[np.float64]]
type Truths = np.ndarray[Any, np.dtype[np.bool_]]
type Whole = np.ndarray[Any, np.dtype[np.integer[Any]]]
type Texts = np.ndarray[Any, np.dtype[np.object_]]
"""Texts, or none."""

ROUNDING = 1e-12
"""What a product of fractions may be off, when it is compared to one."""


@dataclass(frozen=True, slots=True)
class Step:
    """The curve from ``time`` (seconds) on: how likely a case lasts longer, with its band (none where undefined)."""

    time: float
    at_risk: int
    ended: int
    survival: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Curve:
    """A Kaplan-Meier curve: a place in every array for each time at which a case ended or was last seen.

    ``low`` and ``high`` are NaN where the band is undefined.
    """

    times: Floats
    at_risk: Whole
    ended: Whole
    survival: Floats
    low: Floats
    high: Floats

    @property
    def steps(self) -> Iterator[Step]:
        """The same, step by step."""
        columns: Sequence[np.ndarray[Any, Any]] = (
            self.times, self.at_risk, self.ended, self.survival, self.low, self.high,
        )  # fmt: skip
        for time, at_risk, ended, survival, low, high in zip(*(one.tolist() for one in columns), strict=True):
            yield Step(time, at_risk, ended, survival, _real(low), _real(high))

    def shown(self, fewest: int, most: int | None) -> "Curve":
        """The steps at which another so many have ended, while so many are at risk; ``most`` as in ``thinned``."""
        places = thinned(np.flatnonzero(_together(self.ended, fewest) & (self.at_risk >= fewest)), most)
        return Curve(
            times=self.times[places],
            at_risk=self.at_risk[places],
            ended=self.ended[places],
            survival=self.survival[places],
            low=self.low[places],
            high=self.high[places],
        )

    def percentile(self, percentage: float) -> float | None:
        """The first time by which so many have ended (seconds); None where the curve does not come down so far."""
        return self._first(self.survival, percentage)

    def band(self, percentage: float) -> tuple[float | None, float | None]:
        """The confidence interval of a percentile: where the band's two edges come down so far."""
        return self._first(self.low, percentage), self._first(self.high, percentage)

    def is_among(self, time: float, fewest: int) -> bool:
        """Whether at least so many cases have ended by then (seconds), and at least so many are at risk then."""
        place = int(np.searchsorted(self.times, time))
        return int(self.ended[: place + 1].sum()) >= fewest and int(self.at_risk[place]) >= fewest

    def _first(self, heights: Floats, percentage: float) -> float | None:
        found = np.flatnonzero(heights <= 1 - percentage / 100 + ROUNDING)
        return float(self.times[found[0]]) if len(found) else None


def _together(ended: Whole, fewest: int) -> Truths:
    """Where another so many have ended; everywhere without a number."""
    if not fewest:
        return np.ones(len(ended), np.bool_)
    often = np.cumsum(ended) // fewest
    return np.diff(often, prepend=0) > 0


def thinned(places: Whole, most: int | None) -> Whole:
    """So many of the places at most, evenly spread, the first and the last among them; all without ``most``."""
    if most is None or len(places) <= most:
        return places
    kept: Whole = places[np.linspace(0, len(places) - 1, most).astype(int)]
    return kept


def kaplan_meier(durations: Floats, ended: Truths, confidence: float = 0.95) -> Curve:
    """The curve, with the log-log band of Greenwood's variance."""
    if not len(durations):
        nothing, nobody = np.empty(0), np.empty(0, np.int64)
        return Curve(nothing, nobody, nobody, nothing, nothing, nothing)
    sample = scipy.stats.CensoredData(uncensored=durations[ended], right=durations[~ended])
    curve = scipy.stats.ecdf(sample).sf
    times, survival = curve.quantiles, curve.probabilities
    at_risk = len(durations) - np.searchsorted(np.sort(durations), times)
    ends = _counts(durations[ended], times)
    return Curve(times, at_risk, ends, survival, *_band(survival, at_risk, ends, confidence))


def _band(survival: Floats, at_risk: Whole, ended: Whole, confidence: float) -> tuple[Floats, Floats]:
    """The log-log band of Greenwood's variance, NaN where it is undefined: before the first end, and when all have.

    SciPy has it too, but warns where it is undefined, and to silence that is to silence it in all threads.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = 1 / np.log(survival) ** 2 * np.cumsum(ended / (at_risk * (at_risk - ended)))
        away = scipy.special.ndtri(0.5 + confidence / 2) * np.sqrt(variance)
        middle = np.log(-np.log(survival))
        low, high = np.exp(-np.exp(middle + away)), np.exp(-np.exp(middle - away))
    return low, high


def _real(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _counts(values: Floats, times: Floats) -> Whole:
    """How many of the values are each of the times."""
    ordered = np.sort(values)
    return np.searchsorted(ordered, times, "right") - np.searchsorted(ordered, times, "left")


@dataclass(frozen=True, slots=True)
class Rise:
    """From each of the times (seconds) on, how likely a case has ended so by then; how many ended then."""

    times: Floats
    incidence: Floats
    ended: Whole

    def shown(self, fewest: int, last: float, most: int | None) -> "Rise":
        """The steps at which another so many have ended so, up to ``last``; ``most`` as in ``thinned``."""
        places = thinned(np.flatnonzero(_together(self.ended, fewest) & (self.times <= last)), most)
        return Rise(self.times[places], self.incidence[places], self.ended[places])

    @property
    def steps(self) -> Iterator[tuple[float, float]]:
        """Each time with its incidence."""
        return zip(self.times.tolist(), self.incidence.tolist(), strict=True)


def incidences(durations: Floats, causes: Sequence[str | None] | Texts, names: Sequence[str]) -> dict[str, Rise]:
    """Aalen-Johansen: the cumulative incidence of each way to end, of cases that end in one of several ways.

    ``causes`` says how each case ended, None while it is open. Sum over all ways and the share still open is one.
    """
    times = np.unique(durations)
    kinds = np.array(causes, dtype=object)
    at_risk = len(durations) - np.searchsorted(np.sort(durations), times)
    ends = {name: _counts(durations[kinds == name], times) for name in names}
    hazard = sum(ends.values(), np.zeros(len(times))) / at_risk
    before = np.concatenate(([1.0], np.cumprod(1 - hazard)[:-1])) if len(times) else hazard
    shares = {name: np.cumsum(before * ended / at_risk) for name, ended in ends.items()}
    told = {name: ends[name] > 0 for name in names}
    return {name: Rise(times[told[name]], shares[name][told[name]], ends[name][told[name]]) for name in names}
