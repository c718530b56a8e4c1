"""How cases stand to an interval, and what a comparison makes of it: past cases of two sources beside each other."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import duckdb

from tests.examples import NOON, recorded
from vpr_events.contracts.history import HistoryCaseRecorded
from vpr_events.contracts.values import Gravest
from vpr_metrics import model, queries
from vpr_metrics.api import comparing_answers
from vpr_metrics.api.comparing_answers import Asked
from vpr_metrics.choosing import Selection, choose
from vpr_metrics.cohorts import cohort
from vpr_metrics.definitions import INTERVALS
from vpr_metrics.schemas.choosing import Choice
from vpr_metrics.schemas.comparing import CompareQuery, Comparison
from vpr_metrics.spans import spans

OBSERVED = NOON + timedelta(days=400)


def past(source: str, filed: datetime = NOON, **told: Any) -> HistoryCaseRecorded:
    """A past case; its clock points are given as hours after its filing."""
    hours = {name: filed + timedelta(hours=told.pop(name)) for name in [*told] if name.endswith("_at")}
    return HistoryCaseRecorded(source=source, filed_at=filed, **hours, **{"category": "theft", **told})


@contextmanager
def knowing(cases: Iterable[HistoryCaseRecorded]) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        model.create(connection)
        model.apply(connection, [recorded(case, entity=uuid4()) for case in cases])
        yield connection


def compared(cases: Iterable[HistoryCaseRecorded], **asked: Any) -> Comparison:
    """The sources "before" and "after"."""
    query = CompareQuery(**{"resamples": 100, **asked})
    choices = [Choice(source=source) for source in ("before", "after")]
    with knowing(cases) as connection:
        before, after = (
            cohort(connection, Selection(choice.source), query.span(), OBSERVED, "UTC") for choice in choices
        )
    return comparing_answers.answer(Asked(query, *choices), before, after, "UTC", whole_truth=True)


def test_who_gave_up_after_the_target_missed_it_as_who_still_waits_did() -> None:
    """Ten were reached in an hour. Of the others one was over before the target: it is in neither number."""
    cases = [past(source, dispatched_at=1) for source in ("before", "after") for _ in range(10)]
    cases += [past("before", closed_at=48) for _ in range(10)] + [past("before", closed_at=2)]
    cases += [past("after") for _ in range(10)] + [past("after", closed_at=1, filed=NOON + timedelta(days=5))]
    told = compared(cases, target=24 * 3600)
    within = [one.within_target for one in (told.baseline, told.comparison)]
    assert [(one.cases, one.within, one.share) for one in within if one] == [(20, 10, 0.5), (20, 10, 0.5)]


def test_priorities_of_scales_that_run_the_other_way_are_not_alike() -> None:
    def scale(source: str, gravest: Gravest) -> list[HistoryCaseRecorded]:
        return [
            past(source, dispatched_at=priority, priority=priority, gravest=gravest)
            for priority in (1, 3)
            for _ in range(20)
        ]

    told = compared([*scale("before", Gravest.LOWEST), *scale("after", Gravest.HIGHEST)])
    assert told.like_for_like is None
    assert ("mix_changed", "priority") in [(one.code, one.about) for one in told.warnings]
    alike = compared([*scale("before", Gravest.LOWEST), *scale("after", Gravest.LOWEST)])
    assert alike.like_for_like
    assert (alike.like_for_like.strata, alike.like_for_like.by) == (2, ["category", "priority", "officer_initiated"])
    assert "mix_changed" not in [one.code for one in alike.warnings]


def test_days_on_which_cases_were_filed_that_do_not_count_are_no_gap() -> None:
    """Three cases a day for sixty days; the clock point that is asked for is missing for twenty days."""

    def filed(source: str, days: Iterable[int]) -> list[HistoryCaseRecorded]:
        return [
            past(source, NOON + timedelta(days=day), closed_at=2, **({} if 20 <= day < 40 else {"arrived_at": 1}))
            for day in days
            for _ in range(3)
        ]

    told = compared(
        [*filed("before", range(60)), *filed("after", [*range(20), *range(40, 60)])],
        start="arrived_at",
        end="closed_at",
    )
    gaps = [(one.about, one.detail) for one in told.warnings if one.code == "data_gap"]
    assert gaps == [("comparison", "nothing was filed from 2026-05-24 to 2026-06-12")]


def test_a_case_that_was_over_before_the_interval_began_is_excluded_as_timings_say() -> None:
    on_scene = INTERVALS["on_scene"]
    cases = [past("past", arrived_at=5, closed_at=4), past("past", arrived_at=5, cleared_at=4, closed_at=6)]
    with knowing([*cases, past("past", arrived_at=5, cleared_at=7, closed_at=9)]) as connection:
        [row] = queries.timings(connection, Selection("past"), [], [on_scene]).rows
        choose(connection, Selection("past"))
        [found] = spans(connection, on_scene, OBSERVED)
    assert (len(found.completed), found.excluded, found.invalid) == (1, 1, 1)
    assert (row["n"], row["ended_before"], row["invalid"]) == (1, 1, 1)
