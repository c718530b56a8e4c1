"""Comparisons against lifelines, and against plain counting."""

import statistics
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import lifelines.statistics
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sample_data import shared
from vpr_metrics import doubts
from vpr_metrics.comparing import Sampling, changes, like_for_like, log_rank, mann_whitney, within_target
from vpr_metrics.survival import Floats, kaplan_meier

SAMPLING = Sampling(resamples=200, seed=7, confidence=0.9)

durations = st.lists(st.integers(1, 50), min_size=2, max_size=20)
strata = st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 50)), min_size=1, max_size=20)


def floats(values: Sequence[float]) -> Floats:
    return np.array(values, np.float64)


@pytest.mark.filterwarnings("ignore:Starting with pandas version 4")
def test_the_log_rank_test_of_waltons_flies_is_that_of_lifelines() -> None:
    flies = pd.read_csv(shared("eventlogs/waltons.csv"))
    one, other = (flies[flies["group"] == name] for name in ("control", "miR-137"))
    ours = log_rank(*((floats(x["T"].tolist()), x["E"].to_numpy(np.bool_)) for x in (one, other)))
    theirs = lifelines.statistics.logrank_test(one["T"], other["T"], one["E"], other["E"])
    assert ours
    assert ours.statistic**2 == pytest.approx(theirs.test_statistic, rel=1e-9)
    assert ours.p == pytest.approx(theirs.p_value, rel=1e-9)


@settings(deadline=None, max_examples=30)
@given(durations, durations)
def test_changes_are_those_of_plain_means_and_medians(before: list[int], after: list[int]) -> None:
    mean, median = changes(floats(before), floats(after), SAMPLING)
    for found, middle in ((mean, statistics.fmean), (median, statistics.median)):
        was, now = middle(before), middle(after)
        assert (found.difference, found.percent) == pytest.approx((now - was, 100 * (now - was) / was))
        assert found.low is not None
        assert found.high is not None
        assert min(after) - max(before) <= found.low <= found.high <= max(after) - min(before)
    assert changes(floats(before), floats(after), SAMPLING) == (mean, median), "the seed repeats it"


def test_undefined_figures_are_none_and_no_filter_of_warnings_is_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Filters of warnings belong to the process: computations in threads would hide each other's, and everybody's."""

    def touched(*_: object, **__: object) -> None:
        raise AssertionError("the filters of the process were touched")

    for name in ("catch_warnings", "filterwarnings", "simplefilter"):
        monkeypatch.setattr(warnings, name, touched)
    nothing, some, ended = np.zeros(5), floats([0, 0, 1, 2, 3]), np.ones(5, np.bool_)
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: changes(nothing, some, SAMPLING), range(4)))
        curves = list(threads.map(lambda _: kaplan_meier(some, ended), range(4)))
    assert found == [found[0]] * 4
    mean, median = found[0]
    assert (mean.difference, mean.percent, median.difference, median.percent) == (1.2, None, 1, None)
    assert mean.low is not None
    assert (mean.percent_low, mean.percent_high) == (None, None)
    assert [step.low is None for step in curves[0].steps] == [False, False, False, True]
    assert log_rank((nothing, ended), (some, ended))


@settings(deadline=None, max_examples=30)
@given(durations, durations)
def test_the_rank_test_counts_pairs(before: list[int], after: list[int]) -> None:
    found = mann_whitney(floats(before), floats(after))
    pairs = sum((one > other) + (one == other) / 2 for one in before for other in after)
    if len({*before, *after}) == 1:
        assert found is None, "chance could not have had it otherwise"
        return
    assert found
    assert found.statistic == pairs
    assert 0 <= found.p <= 1


@settings(deadline=None, max_examples=50)
@given(strata, strata)
def test_like_for_like_weighs_each_stratum_as_the_baseline_has_it(
    before: list[tuple[str, int]], after: list[tuple[str, int]]
) -> None:
    sides = [(floats([taken for _, taken in one]), [(name,) for name, _ in one]) for one in (before, after)]
    found = like_for_like(sides[0], sides[1], SAMPLING)
    common = {name for name, _ in before} & {name for name, _ in after}
    if not common:
        assert found is None
        return
    assert found
    kept = [taken for name, taken in before if name in common]
    means = {name: statistics.fmean(taken for other, taken in after if other == name) for name in common}
    assert found.strata == len(common)
    assert found.covered == pytest.approx(len(kept) / len(before))
    assert found.baseline_mean == pytest.approx(statistics.fmean(kept))
    assert found.baseline_median == pytest.approx(statistics.median(kept))
    assert found.comparison_mean == pytest.approx(statistics.fmean(means[name] for name, _ in before if name in common))
    assert found.mean.difference == pytest.approx(found.comparison_mean - found.baseline_mean)


def test_a_mean_that_only_the_mix_changed_is_the_same_like_for_like() -> None:
    before = (floats([10] * 50 + [100] * 50), [("easy",)] * 50 + [("hard",)] * 50)
    after = (floats([10] * 90 + [100] * 10), [("easy",)] * 90 + [("hard",)] * 10)
    raw, _ = changes(before[0], after[0], SAMPLING)
    found = like_for_like(before, after, SAMPLING)
    assert raw.percent == pytest.approx(-65.4545, abs=1e-3)
    assert found
    assert (found.mean.difference, found.covered, found.comparison_median) == (0, 1, 55)


def test_nothing_to_compare_is_told_as_none() -> None:
    nothing, something = floats([]), floats([1, 2])
    assert changes(nothing, something, SAMPLING)[0].difference is None
    assert mann_whitney(nothing, something) is None
    assert log_rank((nothing, np.array([], np.bool_)), (something, np.array([True, True]))) is None
    assert changes(floats([0, 0]), something, SAMPLING)[0].percent is None
    assert changes(floats([5]), something, SAMPLING)[0].low is None


def test_who_did_not_reach_the_end_counts_against_the_target_once_it_has_passed() -> None:
    seconds, reached = floats([5, 10, 11, 9, 12]), np.array([True, True, True, False, False])
    found = within_target(seconds, reached, target=10, confidence=0.95)
    assert (found.within, found.cases, found.share) == (2, 4, 0.5)
    assert found.low == pytest.approx(0.150, abs=1e-3)


DAY = date(2026, 5, 4)


def days(*numbers: int) -> list[date]:
    return [DAY + timedelta(days=number) for number in numbers]


def test_doubts_are_raised_by_their_rules_alone() -> None:
    assert [one.code for one in doubts.mix("category", ["a"] * 90 + ["b"] * 10, ["a"] * 60 + ["b"] * 40)] == [
        "mix_changed"
    ]
    assert list(doubts.mix("category", ["a"] * 9 + ["b"], ["a"] * 8 + ["b"] * 2)) == []
    assert list(doubts.mix("category", ["a"], ["a"])) == []
    assert [one.code for one in doubts.few("baseline", 29)] == ["few_cases"]
    assert list(doubts.few("baseline", 30)) == []
    assert [one.code for one in doubts.censoring("baseline", 3, 1)] == ["much_censoring"]
    assert list(doubts.censoring("baseline", 4, 1)) == []
    assert [one.code for one in doubts.other_ends((0, 100), (11, 100))] == ["ended_otherwise_differs"]
    assert list(doubts.other_ends((0, 100), (10, 100))) == []


def test_a_gap_is_what_chance_does_not_explain() -> None:
    busy = [day for day in days(*range(20), *range(25, 40)) for _ in range(5)]
    [gap] = doubts.gaps("baseline", busy)
    assert gap.detail == "nothing was filed from 2026-05-24 to 2026-05-28"
    assert list(doubts.gaps("baseline", days(*range(20), *range(25, 40)))) == [], "one a day: five may be empty"
    [late] = doubts.gaps("baseline", busy[:100], DAY, DAY + timedelta(days=30))
    assert late.detail == "nothing was filed from 2026-05-24 to 2026-06-03"
    assert list(doubts.gaps("baseline", [])) == []


def test_curves_that_chance_could_not_have_drawn_otherwise_are_not_tested() -> None:
    alone = (floats([2]), np.array([True]))
    assert log_rank(alone, (floats([1]), np.array([False]))) is None
    assert mann_whitney(floats([3] * 10), floats([3] * 12)) is None
