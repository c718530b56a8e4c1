"""Two cohorts beside each other: what differs, how sure that is, and whether they are alike. Pure: arrays in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy

from vpr_metrics import resampling
from vpr_metrics.resampling import CELLS, MANY, MANY_OF_A_PART
from vpr_metrics.suppressing import hidden
from vpr_metrics.survival import Floats, Truths


@dataclass(frozen=True, slots=True)
class Change:
    """From a baseline to a comparison; the interval is the bootstrap's. None where it cannot be told."""

    difference: float | None
    low: float | None
    high: float | None
    percent: float | None
    percent_low: float | None
    percent_high: float | None


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the bootstrap draws: so many ``resamples``, from a generator with this ``seed``."""

    resamples: int
    seed: int
    confidence: float


@dataclass(frozen=True, slots=True)
class Tested:
    """A statistic with its two-sided p-value."""

    statistic: float
    p: float


def changes(baseline: Floats, comparison: Floats, sampling: Sampling) -> tuple[Change, Change]:
    """How mean and median change. Resamples draw each cohort anew; intervals are their percentiles."""
    if not len(baseline) or not len(comparison):
        nothing = Change(None, None, None, None, None, None)
        return nothing, nothing
    told = _changed(_middles(baseline, comparison, axis=-1))
    low = high = np.full(4, np.nan)
    if min(len(baseline), len(comparison)) > 1:
        low, high = _interval(baseline, comparison, sampling)
    mean, median = (
        [_real(part[place]) for place in places for part in (told, low, high)] for places in ((0, 1), (2, 3))
    )
    return Change(*mean), Change(*median)


def _interval(baseline: Floats, comparison: Floats, sampling: Sampling) -> tuple[Floats, Floats]:
    """Percentiles of the resamples' changes."""
    many = max(len(baseline), len(comparison)) > MANY
    drawn = _drawn(baseline, comparison, sampling) if many else _drawn_by_case(baseline, comparison, sampling)
    outside = (1 - sampling.confidence) / 2
    with np.errstate(invalid="ignore"):
        bounds = scipy.stats.quantile(_changed(drawn), np.array([outside, 1 - outside]), axis=-1)
    return bounds[:, 0], bounds[:, 1]


def _drawn(baseline: Floats, comparison: Floats, sampling: Sampling) -> Floats:
    generator = np.random.default_rng(sampling.seed)
    cohorts, kinds = (baseline, comparison), (resampling.means, resampling.medians)
    return np.stack([kind(generator, one, sampling.resamples) for kind in kinds for one in cohorts])


def _drawn_by_case(baseline: Floats, comparison: Floats, sampling: Sampling) -> Floats:
    """SciPy draws means and medians alone: of a percentage of nothing it warns, and silence for one thread would be
    silence for all.
    """
    found = scipy.stats.bootstrap(
        (baseline, comparison),
        _middles,
        n_resamples=sampling.resamples,
        batch=max(1, CELLS // max(len(baseline), len(comparison))),
        vectorized=True,
        method="percentile",
        rng=np.random.default_rng(sampling.seed),
    )
    drawn: Floats = found.bootstrap_distribution
    return drawn


def _middles(baseline: Floats, comparison: Floats, axis: int) -> Floats:
    """The mean before and after, then the median before and after."""
    return np.stack([middle(one, axis=axis) for middle in (np.mean, np.median) for one in (baseline, comparison)])


def _changed(middles: Floats) -> Floats:
    """Difference and percent change of the mean, then of the median; not finite where there was nothing before."""
    with np.errstate(divide="ignore", invalid="ignore"):
        pairs = (middles[:2], middles[2:])
        return np.stack([part for before, after in pairs for part in (after - before, 100 * (after / before - 1))])


def _real(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None


def log_rank(baseline: tuple[Floats, Truths], comparison: tuple[Floats, Truths]) -> Tested | None:
    """Whether two curves differ, open cases counted; None where nobody has ended."""
    if not len(baseline[0]) or not len(comparison[0]) or not (baseline[1].any() or comparison[1].any()):
        return None
    before, after = (
        scipy.stats.CensoredData(uncensored=seconds[ended], right=seconds[~ended])
        for seconds, ended in (baseline, comparison)
    )
    with np.errstate(invalid="ignore"):  # where nobody who ended had company the statistic is 0 / 0, told as none
        found = scipy.stats.logrank(before, after)
    return Tested(float(found.statistic), float(found.pvalue)) if np.isfinite(found.pvalue) else None


def mann_whitney(baseline: Floats, comparison: Floats) -> Tested | None:
    """Whether one cohort's durations tend to be longer; None where one is empty, or all durations are the same."""
    if not len(baseline) or not len(comparison):
        return None
    with np.errstate(invalid="ignore"):  # where all are tied the deviation is 0 / 0, told as none
        found = scipy.stats.mannwhitneyu(baseline, comparison, alternative="two-sided")
    return Tested(float(found.statistic), float(found.pvalue)) if np.isfinite(found.pvalue) else None


@dataclass(frozen=True, slots=True)
class Share:
    """``within`` of ``cases`` met the target; the interval is Wilson's."""

    cases: int
    within: int
    share: float | None
    low: float | None
    high: float | None


def within_target(seconds: Floats, reached: Truths, target: float, confidence: float) -> Share:
    """The share that reached the end within the target; who did not, whether waiting or ended otherwise, counts once
    the target has passed.
    """
    met = int((reached & (seconds <= target)).sum())
    cases = int((reached | (seconds > target)).sum())
    if not cases:
        return Share(0, 0, None, None, None)
    band = scipy.stats.binomtest(met, cases).proportion_ci(confidence, method="wilson")
    return Share(cases, met, met / cases, float(band.low), float(band.high))


@dataclass(frozen=True, slots=True)
class LikeForLike:
    """Means and medians of the strata that both cohorts have, weighted by the baseline's mix.

    ``covered`` is the share of the baseline's cases that are in such strata; ``left_out`` counts the strata that both
    have, but with too few cases to be shown. The interval is of the mean, by resamples within strata.
    """

    strata: int
    left_out: int
    covered: float
    baseline_mean: float
    comparison_mean: float
    baseline_median: float
    comparison_median: float
    mean: Change


type Stratum = tuple[str, ...]
type Strata = Sequence[Sequence[str]]


def like_for_like(
    baseline: tuple[Floats, Strata], comparison: tuple[Floats, Strata], sampling: Sampling, *, whole_truth: bool = True
) -> LikeForLike | None:
    """Direct standardisation to the baseline's mix; None where the cohorts have no stratum in common.

    Without the ``whole_truth`` strata of few cases count as none in common, and so do as many others as it takes that
    neither cohort's own mean tells the mean of few that are left out.
    """
    before, after = _by_stratum(*baseline), _by_stratum(*comparison)
    both = sorted(before.keys() & after.keys())
    common = both if whole_truth else _many(before, after)
    if not common:
        return None
    weights = np.array([len(before[one]) for one in common], dtype=np.float64)
    parts = [(before[one], after[one]) for one in common]
    means = [_weighted([one[side].mean() for one in parts], weights) for side in (0, 1)]
    return LikeForLike(
        strata=len(common),
        left_out=len(both) - len(common),
        covered=float(weights.sum() / len(baseline[0])),
        baseline_mean=means[0],
        comparison_mean=means[1],
        baseline_median=_weighted_median([before for before, _ in parts], weights),
        comparison_median=_weighted_median([after for _, after in parts], weights),
        mean=_resampled(parts, weights, means, sampling),
    )


def _many(before: Mapping[Stratum, Floats], after: Mapping[Stratum, Floats]) -> list[Stratum]:
    """The strata that tell of no few cases, in either cohort, by themselves or by what they leave over."""
    names = sorted(before.keys() | after.keys())
    cells = [(len(before.get(one, ())), len(after.get(one, ()))) for one in names]
    gone, nothing = hidden(cells, [place for place, cell in enumerate(cells) if 0 in cell])
    return [] if nothing else [one for place, one in enumerate(names) if place not in gone]


def _by_stratum(seconds: Floats, strata: Strata) -> dict[Stratum, Floats]:
    places: dict[Stratum, list[int]] = {}
    for place, stratum in enumerate(strata):
        places.setdefault(tuple(stratum), []).append(place)
    return {stratum: seconds[found] for stratum, found in places.items()}


def _weighted(values: Sequence[Any], weights: Floats) -> float:
    return float(np.dot(np.array(values), weights) / weights.sum())


def _weighted_median(values: Sequence[Floats], weights: Floats) -> float:
    """The middle between the values below and above which half the weight lies; cases of a stratum weigh alike."""
    flat = np.concatenate(values)
    weighed = np.concatenate(
        [np.full(len(one), weight / len(one)) for one, weight in zip(values, weights, strict=True)]
    )
    order = np.argsort(flat, kind="stable")
    summed = np.cumsum(weighed[order]) / weights.sum()
    low = flat[order][np.searchsorted(summed, 0.5 - 1e-9)]
    high = flat[order][min(int(np.searchsorted(summed, 0.5 + 1e-9)), len(flat) - 1)]
    return float((low + high) / 2)


def _resampled(
    parts: Sequence[tuple[Floats, Floats]], weights: Floats, means: Sequence[float], sampling: Sampling
) -> Change:
    generator = np.random.default_rng(sampling.seed)
    drawn = np.zeros((2, sampling.resamples))
    cases = max(sum(len(both[side]) for both in parts) for side in (0, 1))
    many = MANY_OF_A_PART if cases > MANY else MANY
    for both, weight in zip(parts, weights, strict=True):
        for side, values in enumerate(both):
            drawn[side] += weight * resampling.means(generator, values, sampling.resamples, many)
    drawn /= weights.sum()
    edges = [50 * (1 - sampling.confidence), 50 * (1 + sampling.confidence)]
    with np.errstate(divide="ignore", invalid="ignore"):
        told = [np.float64(means[1] - means[0]), 100 * (np.float64(means[1]) / means[0] - 1)]
        bands = [np.percentile(one, edges) for one in (drawn[1] - drawn[0], 100 * (drawn[1] / drawn[0] - 1))]
    (difference, percent), ((low, high), (percent_low, percent_high)) = told, bands
    return Change(*(_real(one) for one in (difference, low, high, percent, percent_low, percent_high)))
