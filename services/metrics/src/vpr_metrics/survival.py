"""Durations of which some have not ended: Kaplan-Meier and Aalen-Johansen. Plain arrays in, plain values out.

Cases that are still open count as long as they have been seen (censored); at a tie, an end comes before them.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

type Floats = np.ndarray[Any, np.dtype[np.float64]]
type Truths = np.ndarray[Any, np.dtype[np.bool_]]

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
    """A Kaplan-Meier curve; ``steps`` has one for each time at which a case ended or was last seen."""

    steps: Sequence[Step]

    def percentile(self, percentage: float) -> float | None:
        """The first time by which so many have ended (seconds); None where the curve does not come down so far."""
        below = 1 - percentage / 100 + ROUNDING
        return next((step.time for step in self.steps if step.survival <= below), None)

    def band(self, percentage: float) -> tuple[float | None, float | None]:
        """The confidence interval of a percentile: where the band's two edges come down so far."""
        below = 1 - percentage / 100 + ROUNDING
        lows = (step.time for step in self.steps if step.low is not None and step.low <= below)
        highs = (step.time for step in self.steps if step.high is not None and step.high <= below)
        return next(lows, None), next(highs, None)


def kaplan_meier(durations: Floats, ended: Truths, confidence: float = 0.95) -> Curve:
    """The curve, with the log-log band of Greenwood's variance."""
    if not len(durations):
        return Curve(())
    sample = stats.CensoredData(uncensored=durations[ended], right=durations[~ended])
    curve = stats.ecdf(sample).sf
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The confidence interval is undefined", RuntimeWarning)
        band = curve.confidence_interval(confidence, method="log-log")
    times = curve.quantiles
    counted = np.searchsorted(np.sort(durations), times)
    return Curve(
        tuple(
            Step(
                float(time), int(len(durations) - before), int(both[0]), float(both[1]), _real(both[2]), _real(both[3])
            )
            for time, before, *both in zip(
                times,
                counted,
                _counts(durations[ended], times),
                curve.probabilities,
                band.low.probabilities,
                band.high.probabilities,
                strict=True,
            )
        )
    )


def _real(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _counts(values: Floats, times: Floats) -> Sequence[int]:
    """How many of the values are each of the times."""
    ordered = np.sort(values)
    return list(np.searchsorted(ordered, times, "right") - np.searchsorted(ordered, times, "left"))


@dataclass(frozen=True, slots=True)
class Share:
    """From ``time`` (seconds) on, how likely a case has ended so by then."""

    time: float
    incidence: float


def incidences(durations: Floats, causes: Sequence[str | None], names: Sequence[str]) -> dict[str, Sequence[Share]]:
    """Aalen-Johansen: the cumulative incidence of each way to end, of cases that end in one of several ways.

    ``causes`` says how each case ended, None while it is open. Sum over all ways and the share still open is one.
    """
    times = np.unique(durations)
    kinds = np.array([cause or "" for cause in causes], dtype=object)
    at_risk = len(durations) - np.searchsorted(np.sort(durations), times)
    ends = {name: np.array(_counts(durations[kinds == name], times), dtype=float) for name in names}
    hazard = sum(ends.values(), np.zeros(len(times))) / at_risk
    before = np.concatenate(([1.0], np.cumprod(1 - hazard)[:-1])) if len(times) else hazard
    shares = {name: np.cumsum(before * ended / at_risk) for name, ended in ends.items()}
    return {
        name: [
            Share(float(time), float(share))
            for time, share, ended in zip(times, shares[name], ends[name], strict=True)
            if ended
        ]
        for name in names
    }
