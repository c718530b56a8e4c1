"""Kaplan-Meier and Aalen-Johansen against lifelines, scipy's own words and counting by hand."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import lifelines
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines.utils import median_survival_times, qth_survival_times

from tests.sample_data import shared
from vpr_metrics.survival import incidences, kaplan_meier, thinned

CAUSES = ("reached", "withdrawn")

lives = st.lists(st.tuples(st.integers(0, 9), st.sampled_from([*CAUSES, None])), min_size=1, max_size=30)


@pytest.fixture(scope="module")
def waltons() -> pd.DataFrame:
    return pd.read_csv(shared("eventlogs/waltons.csv"))


@pytest.mark.parametrize(("group", "median", "count"), [("control", 58, 129), ("miR-137", 26, 34), (None, 56, 163)])
def test_the_curve_of_waltons_flies_is_that_of_lifelines(
    waltons: pd.DataFrame, group: str | None, median: float, count: int
) -> None:
    flies = waltons if group is None else waltons[waltons["group"] == group]
    ours = kaplan_meier(flies["T"].to_numpy(np.float64), flies["E"].to_numpy(np.bool_))
    theirs = lifelines.KaplanMeierFitter().fit(flies["T"], flies["E"])
    band = theirs.confidence_interval_survival_function_
    assert len(flies) == count
    assert ours.percentile(50) == theirs.median_survival_time_ == median
    edges: Any = median_survival_times(band)
    assert ours.band(50) == tuple(edges.iloc[0])
    for percentage in (10, 25, 75, 90):
        assert ours.percentile(percentage) == qth_survival_times(1 - percentage / 100, theirs.survival_function_)
    for step in ours.steps:
        table = theirs.event_table.loc[step.time]
        assert (step.at_risk, step.ended) == (table["at_risk"], table["observed"])
        assert step.survival == pytest.approx(theirs.survival_function_.loc[step.time].iloc[0], abs=1e-9)
        if step.low is not None:
            assert [step.low, step.high] == pytest.approx(list(band.loc[step.time]), abs=1e-9)


def test_incidences_of_waltons_flies_are_those_of_lifelines(waltons: pd.DataFrame) -> None:
    """Ties are broken alike first: lifelines shakes them by chance."""
    times = waltons["T"].to_numpy(np.float64) + np.arange(len(waltons)) * 1e-4
    kinds = [(CAUSES[number % 2] if seen else None) for number, seen in enumerate(waltons["E"])]
    ours = incidences(times, kinds, CAUSES)
    for number, cause in enumerate(CAUSES, 1):
        coded = [0 if kind is None else CAUSES.index(kind) + 1 for kind in kinds]
        fitter: Any = lifelines.AalenJohansenFitter
        theirs = fitter(calculate_variance=False).fit(times, coded, event_of_interest=number)
        expected = theirs.cumulative_density_.iloc[:, 0]
        assert len(ours[cause].times) == kinds.count(cause)
        for time, incidence in ours[cause].steps:
            assert incidence == pytest.approx(expected.loc[time], abs=1e-9)


@settings(deadline=None)
@given(lives)
def test_the_curve_is_the_product_of_what_survived_each_end(cases: Sequence[tuple[int, str | None]]) -> None:
    times, causes = zip(*cases, strict=True)
    ended = np.array([cause == "reached" for cause in causes])
    curve = kaplan_meier(np.array(times, np.float64), ended)
    left = Fraction(1)
    assert [step.time for step in curve.steps] == sorted(set(times))
    for step in curve.steps:
        at_risk = sum(time >= step.time for time in times)
        ends = sum(time == step.time and end for time, end in zip(times, ended, strict=True))
        left *= 1 - Fraction(int(ends), at_risk)
        assert (step.at_risk, step.ended) == (at_risk, ends)
        assert step.survival == pytest.approx(float(left), abs=1e-12)
        assert step.low is None or step.low <= step.survival + 1e-12
        assert step.high is None or step.high >= step.survival - 1e-12


@settings(deadline=None)
@given(lives)
def test_all_ways_to_end_and_what_is_open_add_up_to_one(cases: Sequence[tuple[int, str | None]]) -> None:
    times, causes = zip(*cases, strict=True)
    shares = incidences(np.array(times, np.float64), causes, CAUSES)
    curve = kaplan_meier(np.array(times, np.float64), np.array([cause is not None for cause in causes]))
    total = sum(sum(shares[cause].incidence[-1:]) for cause in CAUSES)
    assert total + curve.survival[-1] == pytest.approx(1)


@settings(deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=30), st.floats(1, 99))
def test_without_open_cases_a_percentile_is_a_value_that_so_many_do_not_exceed(
    times: Sequence[int], percentage: float
) -> None:
    found = kaplan_meier(np.array(times, np.float64), np.ones(len(times), np.bool_)).percentile(percentage)
    assert found is not None
    assert sum(time <= found for time in times) >= percentage / 100 * len(times) - 1e-9
    assert sum(time < found for time in times) < percentage / 100 * len(times) + 1e-9


def test_nobody_ends_and_nobody_is_there() -> None:
    waiting = kaplan_meier(np.array([5.0, 6.0]), np.array([False, False]))
    assert [step.survival for step in waiting.steps] == [1, 1]
    assert waiting.percentile(50) is None
    assert list(kaplan_meier(np.array([]), np.array([], np.bool_)).steps) == []
    assert [list(one.steps) for one in incidences(np.array([]), [], CAUSES).values()] == [[], []]


@given(st.integers(0, 50), st.none() | st.integers(2, 60))
def test_a_thinned_curve_keeps_its_ends(count: int, most: int | None) -> None:
    shown = thinned(np.arange(count), most)
    assert len(shown) == min(count, most or count)
    assert len(set(shown.tolist())) == len(shown)
    assert list(shown[:1]) + list(shown[-1:]) == ([0, count - 1] if count else [])
