"""Whoever may not see small numbers cannot work them out from an answer, either: each is taken apart here."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import NOON
from vpr_metrics import flow, queries
from vpr_metrics.api import comparing_answers, timing_answers
from vpr_metrics.api.comparing_answers import Asked
from vpr_metrics.api.flow import Found, _answer
from vpr_metrics.api.open_cases import _figures as open_cases_figures
from vpr_metrics.api.survival import _answer as survival_answer
from vpr_metrics.choosing import Selection
from vpr_metrics.cohorts import Cohort
from vpr_metrics.comparing import Sampling, like_for_like
from vpr_metrics.definitions import ARMS, CAUSES
from vpr_metrics.open_cases import BANDS
from vpr_metrics.schemas.choosing import Choice
from vpr_metrics.schemas.comparing import CompareQuery, Comparison
from vpr_metrics.schemas.figures import TimingQuery
from vpr_metrics.schemas.flow import Flow
from vpr_metrics.schemas.survival import Survival, SurvivalQuery
from vpr_metrics.spans import Spans
from vpr_metrics.suppressing import FEWEST
from vpr_metrics.survival import Texts, kaplan_meier

STATES = ("n", *queries.STATES)
some = settings(max_examples=150, deadline=None)

counts = st.fixed_dictionaries({state: st.sampled_from([0, 0, 1, 2, 3, 5, 8, 20]) for state in STATES})


def few(count: int | None) -> bool:
    return count is not None and 0 < count < FEWEST


def left_over(total: int | None, shown: Iterable[int | None]) -> int:
    """What a total tells of the parts that are not shown."""
    return 0 if total is None else total - sum(one or 0 for one in shown)


def timed(row: dict[str, int], key: str | None) -> dict[str, Any]:
    figures = dict.fromkeys((*queries.AVERAGES, "percentiles"))
    return figures | row | {"interval": "headline", "whole": key is None, "keys": [key] if key else []}


@some
@given(st.lists(counts, max_size=6))
def test_timings_tell_no_small_count(groups: list[dict[str, int]]) -> None:
    whole = {state: sum(one[state] for one in groups) for state in STATES}
    rows = [timed(row, f"g{place}") for place, row in enumerate(groups)] + [timed(whole, None)]
    found = queries.Found(sum(whole.values()), None, rows, [])
    for by in ([], ["category"]):
        query = TimingQuery(by=by, interval="headline")
        kept = rows if by else rows[-1:]
        told = timing_answers.answer(query, queries.Found(found.records, None, kept, []), "UTC", whole_truth=False)
        [interval] = told.intervals
        for column in ("n", "open", "excluded", "invalid"):
            parts = [getattr(group, column) for group in interval.groups]
            total = getattr(interval.total, column)
            assert not any(map(few, [*parts, total]))
            assert not by or not few(left_over(total, parts))
        assert not few(told.records)
        if told.records and interval.total.n is not None:
            assert not few(told.records - interval.total.n)


PERCENTILES = [0.5, 10, 25, 50, 75, 80, 97.5, 99.9]


def measured(values: Sequence[float], key: str | None) -> dict[str, Any]:
    """The row of a group whose cases took so long."""
    middle, p90, *asked = np.percentile(values, [50, 90, *PERCENTILES]).tolist()
    averages = {"mean": float(np.mean(values)), "median": middle, "p90": p90, "stddev": float(np.std(values, ddof=1))}
    row = timed(dict.fromkeys(STATES, 0) | {"n": len(values)}, key)
    return row | averages | {"min": min(values), "max": max(values), "percentiles": asked}


@some
@given(st.lists(st.lists(st.integers(0, 1000), min_size=5, max_size=90, unique=True), min_size=1, max_size=3))
def test_timings_tell_no_value_of_single_cases(groups: list[list[float]]) -> None:
    cases = [value for values in groups for value in values]
    rows = [measured(values, f"g{place}") for place, values in enumerate(groups)] + [measured(cases, None)]
    found = queries.Found(len(cases), None, rows, [])
    query = TimingQuery(by=["category"], interval="headline", percentile=PERCENTILES)
    told = timing_answers.answer(query, found, "UTC", whole_truth=False)
    for figures, values in zip((*told.intervals[0].groups, told.intervals[0].total), (*groups, cases), strict=True):
        assert (figures.min, figures.max) == (None, None)
        for percentile in [figures.p90, *(one for name, one in figures.percentiles.items() if name != "50")]:
            if percentile is not None:
                assert sum(value <= percentile for value in values) >= FEWEST
                assert sum(value >= percentile for value in values) >= FEWEST
        assert figures.median == figures.percentiles["50"] == np.percentile(values, 50)
    assert told.withheld
    whole = timing_answers.answer(query, found, "UTC", whole_truth=True)
    assert (whole.intervals[0].total.min, whole.intervals[0].total.max) == (min(cases), max(cases))
    assert whole.withheld is None
    assert None not in whole.intervals[0].total.percentiles.values()
    kept = [row for row in timing_answers.table(told, PERCENTILES).rows if row["min"] is not None or row["p99.9"]]
    assert not kept


@some
@given(st.lists(st.sampled_from([0, 0, 3, 5, 8, 45]), min_size=len(BANDS), max_size=len(BANDS)))
def test_open_cases_tell_no_age_of_single_cases(bands: list[int]) -> None:
    ages = {"mean": 60.0, "median": 50.0, "p90": 90.0, "oldest": 99.0}
    found = ages | {"n": sum(bands), "bands": bands}
    told = open_cases_figures(found, whole_truth=False)
    assert told.get("oldest") is None
    if "n" in told:
        assert (told["median"], told["p90"]) == (50.0, 90.0 if sum(bands) > 40 else None)
        assert "oldest" in told["withheld"]
    whole = open_cases_figures(found, whole_truth=True)
    assert whole == ages | {"n": sum(bands), "ages": whole["ages"]}


WAYS = ("filed", *(point.removesuffix("_at") for point in flow.MILESTONES if point != "filed_at"))
ways = st.lists(
    st.tuples(st.sets(st.sampled_from(WAYS[1:]), max_size=4), st.sampled_from([1, 2, 4, 5, 9])), min_size=1, max_size=7
)


def flown(chosen: Sequence[tuple[set[str], int]]) -> Found:
    """What the read model would tell of so many cases of each way."""
    steps: Counter[tuple[str, str]] = Counter()
    reached: Counter[str] = Counter()
    for marks, count in chosen:
        way = [mark for mark in WAYS if mark == "filed" or mark in marks]
        steps.update(dict.fromkeys(pairwise(way), count))
        reached.update(dict.fromkeys(way, count))
    cases = sum(count for _, count in chosen)
    stages = [
        {"stage": stage, "cases": reached[stage.removesuffix("_at")], "mean": None, "median": None}
        for stage in flow.STAGES
    ]
    ends = {name: reached[name] for name in flow.ENDS} | {"cases": cases}
    rows = [
        {"before": before, "after": after, "n": n, "mean": 60.0, "median": 60.0, "total": 60.0 * n}
        for (before, after), n in steps.most_common()
    ]
    work = [{"activity": f"{mark}_at", "hour": "1-08", "n": reached[mark]} for mark in ("claimed", "connected")]
    return Found(None, ends, stages, rows, [row for row in work if row["n"]])


@some
@given(ways)
def test_the_flow_tells_no_small_count(chosen: list[tuple[set[str], int]]) -> None:
    found = flown(chosen)
    told = _answer(Choice(), found, "UTC", whole_truth=False)
    steps = {(step["before"], step["after"]): step["n"] for step in found.transitions}
    hidden = [steps[step.before, step.after] for step in told.transitions if step.suppressed]
    if any(step.share is not None for step in told.transitions):
        assert not few(sum(hidden)), "shares tell how long the hidden ones took together"
    reached = {stage.stage.removesuffix("_at"): stage.cases for stage in told.stages}
    reached |= {end.end: end.cases for end in told.ends if end.end in WAYS}
    for mark, count in reached.items():
        into = [step.n for step in told.transitions if step.after == mark]
        assert not any(map(few, into))
        assert not few(count)
        if into and count is not None:
            assert not few(left_over(count, into))
        if into and None not in into:
            assert not few(found.cases - sum(one or 0 for one in into)), "they tell how many did not come so far"
    check_bottleneck(told)


def check_bottleneck(told: Flow) -> None:
    shown = [step for step in told.transitions if not step.suppressed]
    assert told.transitions[: len(shown)] == shown, "the place of a hidden step tells nothing"
    assert told.bottleneck is None or told.bottleneck == shown[0]


def spans_of(causes: Iterable[str | None], keys: Sequence[str] = (), excluded: int = 0, invalid: int = 0) -> Spans:
    causes = list(causes)
    seconds = np.arange(1.0, len(causes) + 1)
    columns = [["theft" if place % 3 else "fraud" for place in range(len(causes))]]
    columns += [[value] * len(causes) for value in ("2", "false", "D1")]
    traits: list[Texts] = [np.array(column, dtype=object) for column in columns]
    found = np.array([*causes, None], dtype=object)[:-1]
    return Spans(seconds, found, keys, traits, [NOON.date()] * len(causes), excluded, invalid)


ends = st.dictionaries(st.sampled_from([None, *CAUSES]), st.sampled_from([1, 3, 5, 11]), max_size=4).map(
    lambda many: [cause for cause, count in many.items() for _ in range(count)]
)
cohorts = st.builds(spans_of, ends, excluded=st.sampled_from([0, 2, 7]), invalid=st.sampled_from([0, 1, 6]))


@some
@given(st.lists(cohorts, min_size=1, max_size=4))
def test_survival_tells_no_small_count(groups: list[Spans]) -> None:
    whole = spans_of(
        [cause for one in groups for cause in one.causes],
        excluded=sum(one.excluded for one in groups),
        invalid=sum(one.invalid for one in groups),
    )
    keyed = [spans_of(one.causes, [f"g{place}"], one.excluded, one.invalid) for place, one in enumerate(groups)]
    curves = [(one, kaplan_meier(one.seconds, one.reached)) for one in (whole, *keyed)]
    for by, kept in (([], curves[:1]), (["category"], curves)):
        told = survival_answer(SurvivalQuery(by=by), (kept, NOON, None), "UTC", whole_truth=False)
        for figures, (spans, _) in zip((told.total, *told.groups), kept, strict=True):
            check_curve(figures, spans)
        for column in ("open", "excluded", "invalid"):
            parts = [getattr(group, column) for group in told.groups]
            total = getattr(told.total, column)
            assert not any(map(few, [*parts, total])), column
            assert not by or not few(left_over(total, parts)), column
        for cause in CAUSES:
            parts = [(group.causes or {}).get(cause) for group in told.groups]
            total = (told.total.causes or {}).get(cause)
            assert not any(map(few, [*parts, total])), cause
            assert not by or not few(left_over(total, parts)), cause


def check_curve(told: Survival, spans: Spans) -> None:
    """No step is of the first few that ended so nor of the last few at risk, and no percentile but the median is."""
    percentiles = [one.value for one in (told.percentiles or {}).values() if one.value is not None]
    shown = [("reached", time) for time in (*(step.time for step in told.curve or ()), *percentiles)]
    shown += [(cause, share.time) for cause, shares in (told.incidences or {}).items() for share in shares]
    for cause, time in shown:
        assert ((spans.causes == cause) & (spans.seconds <= time)).sum() >= FEWEST
        assert (spans.seconds >= time).sum() >= FEWEST
    for before, after in pairwise([-1.0, *(step.time for step in told.curve or ())]):
        ended = spans.seconds[spans.causes == "reached"]
        assert ((ended <= after).sum() // FEWEST) > ((ended <= before).sum() // FEWEST), "of five at least"
    for cause, shares in (told.incidences or {}).items():
        enough = np.sort(spans.seconds[spans.causes == cause])[FEWEST - 1 :]
        least = spans.seconds[-FEWEST] if len(spans.seconds) >= FEWEST else 0
        assert bool(shares) == any(enough <= least), "no more is left out than it takes"


def compared(before: Spans, after: Spans) -> Comparison:
    arm = {"cases": len(before.causes), "n": int(before.reached.sum()), "mean": None, "median": None}
    sides = [Cohort(Selection(), one, NOON, None, dict.fromkeys(ARMS, arm)) for one in (before, after)]
    asked = Asked(CompareQuery(resamples=100, target=7), Choice(), Choice())
    return comparing_answers.answer(asked, sides[0], sides[1], "UTC", whole_truth=False)


@settings(max_examples=60, deadline=None)
@given(cohorts, cohorts)
def test_a_comparison_tells_no_small_count(before: Spans, after: Spans) -> None:
    told = compared(before, after)
    for cohort in (told.baseline, told.comparison):
        assert not any(map(few, (cohort.cases, cohort.n, cohort.open, cohort.ended_otherwise)))
        if cohort.cases is not None:
            assert not few(left_over(cohort.cases, (cohort.n,)))
            assert not few(left_over(cohort.cases, (cohort.n, cohort.open)))
        within = cohort.within_target
        if within and within.cases is not None:
            assert not few(within.within)
            assert not few(left_over(within.cases, (within.within,)))
            assert not few(left_over(within.cases, (cohort.n,)))
            assert cohort.cases is None or not few(left_over(cohort.cases, (within.cases,)))
        assert within is None or (within.cases is None) == (within.share is None) or within.cases == 0
        for arm in (cohort.intention_to_treat or {}).values():
            assert not any(map(few, (arm.cases, arm.n)))
            assert arm.cases is None or not few(left_over(arm.cases, (arm.n,)))
    for warning in told.warnings:
        assert "=" not in warning.detail.replace(">=", ""), "a statistic to the last digit tells of a small part"


strata = st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from([1, 3, 5, 9])), min_size=1, max_size=4).map(
    lambda many: [(name,) for name, count in many for _ in range(count)]
)
SAMPLING = Sampling(resamples=100, seed=7, confidence=0.9)


@some
@given(strata, strata)
def test_like_for_like_tells_no_single_case(before: list[tuple[str]], after: list[tuple[str]]) -> None:
    sides = [(np.arange(1.0, len(one) + 1), one) for one in (before, after)]
    found = like_for_like(sides[0], sides[1], SAMPLING, whole_truth=False)
    if found is None:
        return
    whole = like_for_like(sides[0], sides[1], SAMPLING)
    assert whole is not None
    assert whole.strata == found.strata + found.left_out
    assert not few(round(found.covered * len(before)))
    assert not few(round((1 - found.covered) * len(before))), "both means together would tell of those left out"
    sizes = [Counter(one) for one in (before, after)]
    assert found.strata <= sum(sizes[0][one] >= FEWEST and sizes[1][one] >= FEWEST for one in sizes[0])


def test_a_stratum_of_a_single_case_is_not_compared_with_its_like() -> None:
    """Two cohorts with one fraud each beside their thefts: their two durations were all that the answer told."""
    before = (np.array([1000.0, *range(9)]), [("fraud",), *[("theft",)] * 9])
    after = (np.array([2000.0, *range(9)]), [("fraud",), *[("robbery",)] * 9])
    supervisors = like_for_like(before, after, SAMPLING)
    assert supervisors is not None
    assert (supervisors.baseline_mean, supervisors.comparison_mean) == (1000, 2000)
    assert like_for_like(before, after, SAMPLING, whole_truth=False) is None
