"""What makes a comparison doubtful, each by a stated rule."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from math import exp, sqrt

import numpy as np
import scipy

from vpr_metrics.survival import Texts

FEW = 30
MUCH_CENSORING = 0.2
MIX_P, MIX_V = 0.01, 0.1
GAP_P = 0.001
OTHER_ENDS = 0.1

RULES = {
    "mix_changed": f"Chi-squared test of the trait's values in both cohorts: p < {MIX_P} and Cramer's V >= {MIX_V}.",
    "few_cases": f"Fewer than {FEW} cases of a cohort reached the second clock point.",
    "much_censoring": f"More than {MUCH_CENSORING:.0%} of a cohort's cases that may yet reach it still wait.",
    "data_gap": f"So many days without a filing are, at the cohort's daily number, less likely than {GAP_P} (Poisson).",
    "different_sources": "Sources differ in what their clock points mean.",
    "ended_otherwise_differs": "The shares that ended before the second clock point differ by more than a tenth: "
    "the cohorts whose times are compared are not the same part of those who filed.",
}


@dataclass(frozen=True, slots=True)
class Doubt:
    """``code`` is one of RULES; ``about`` is a trait, or a cohort.

    ``detail`` is what was found, ``public`` what of it tells nothing of few cases.
    """

    code: str
    about: str
    detail: str
    public: str

    def told(self, *, whole_truth: bool) -> str:
        """What is said of it to who may see small numbers, or may not."""
        return self.detail if whole_truth else self.public


def mix(trait: str, baseline: Sequence[str] | Texts, comparison: Sequence[str] | Texts) -> Iterator[Doubt]:
    """Whether a trait's values are spread otherwise."""
    counts = [Counter(baseline), Counter(comparison)]
    values = sorted(counts[0].keys() | counts[1].keys())
    if len(values) < 2 or not len(baseline) or not len(comparison):
        return
    table = np.array([[count[value] for value in values] for count in counts])
    found = scipy.stats.chi2_contingency(table, correction=False)
    strength = sqrt(found.statistic / table.sum())
    if found.pvalue < MIX_P and strength >= MIX_V:
        told = f"chi-squared {found.statistic:.1f}, p = {found.pvalue:.2g}, Cramer's V = {strength:.2f}"
        yield Doubt("mix_changed", trait, told, f"p < {MIX_P}, Cramer's V >= {MIX_V}")


def few(cohort: str, completed: int) -> Iterator[Doubt]:
    """Whether there are few cases."""
    if completed < FEW:
        told = f"fewer than {FEW}"
        yield Doubt("few_cases", cohort, told, told)


def censoring(cohort: str, completed: int, waiting: int) -> Iterator[Doubt]:
    """Whether many wait."""
    if waiting > MUCH_CENSORING * (completed + waiting):
        share = waiting / (completed + waiting)
        yield Doubt("much_censoring", cohort, f"{share:.0%} wait", f"more than {MUCH_CENSORING:.0%} wait")


def gaps(cohort: str, filed: Sequence[date], first: date | None = None, last: date | None = None) -> Iterator[Doubt]:
    """Whether days without a filing lie inside the period: from the first day to the last, of filings unless given."""
    if not filed:
        return
    begin, end = first or min(filed), last or max(filed)
    length = (end - begin).days + 1
    daily = len(filed) / length
    edges = [begin - timedelta(days=1), *sorted({day for day in filed if begin <= day <= end}), end + timedelta(days=1)]
    for before, after in pairwise(edges):
        empty = (after - before).days - 1
        if empty and length * exp(-empty * daily) < GAP_P:
            since, until = before + timedelta(days=1), after - timedelta(days=1)
            told = f"nothing was filed from {since} to {until}"
            yield Doubt("data_gap", cohort, told, told)


def other_ends(baseline: tuple[int, int], comparison: tuple[int, int]) -> Iterator[Doubt]:
    """Whether the shares (of how many) that ended otherwise differ."""
    if baseline[1] and comparison[1]:
        before, after = (ended / cases for ended, cases in (baseline, comparison))
        if abs(after - before) > OTHER_ENDS:
            told = f"{before:.0%} and {after:.0%}"
            yield Doubt("ended_otherwise_differs", "both", told, f"by more than {OTHER_ENDS:.0%}")
