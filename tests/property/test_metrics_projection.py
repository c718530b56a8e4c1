"""The read model depends on which events there are, never on how they arrive; and the figures add up."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import duckdb
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import NOON, minutes, recorded
from tests.reference.timings import POINTS, figures
from vpr_events.contracts.case import (
    CaseAppointmentBooked,
    CaseAppointmentCancelled,
    CaseAppointmentMoved,
    CaseAssessed,
    CaseClaimed,
    CaseClosed,
    CaseDuplicateLinked,
    CaseNoShow,
    CaseOpened,
    CasePrioritised,
    CaseReopened,
    CaseVideoDeclined,
    CaseVideoOffered,
    CloseReason,
    Outcome,
)
from vpr_events.contracts.dispatch import (
    DispatchCompleted,
    DispatchUnitAssigned,
    DispatchUnitCleared,
    DispatchUnitOnScene,
    UnitOffDuty,
)
from vpr_events.contracts.history import HistoryCaseRecorded
from vpr_events.contracts.report import (
    ReportAmended,
    ReportFiled,
    ReportScreened,
    ReportWithdrawn,
    ScreeningOutcome,
    WithdrawalReason,
    WithdrawnBy,
)
from vpr_events.contracts.session import EndReason, Mode, SessionConnected, SessionEnded, SessionModeChanged
from vpr_events.contracts.values import Channel, Gravest, Pathway
from vpr_events.event import Event, Recorded
from vpr_metrics import model, queries
from vpr_metrics.choosing import Selection, choose, rows_of, sources
from vpr_metrics.definitions import INTERVALS
from vpr_metrics.projections import AMENDED_POINTS, point_of

REPORTS = [UUID(int=number) for number in range(1, 5)]
SOME_ID = UUID(int=99)
SOURCE = "somewhere"

times = st.integers(0, 12).map(lambda number: NOON + timedelta(days=number % 4, minutes=number, microseconds=number))
codes = st.sampled_from(["a", "b"])
maybe_codes = st.none() | codes
maybe_times = st.none() | times

WALL_CLOCK = {"local_time": st.just("2026-05-04T09:00"), "zone": st.just("America/Winnipeg")}

live: st.SearchStrategy[Event] = st.one_of(
    st.builds(
        ReportFiled,
        channel=st.sampled_from(Channel),
        category=codes,
        district=maybe_codes,
        client_id=st.none(),
        occurred_from=st.none(),
        occurred_to=maybe_times,
    ),
    st.builds(
        ReportAmended,
        fields=st.just(("category",)),
        category=maybe_codes,
        district=maybe_codes,
        occurred_from=st.none(),
        occurred_to=maybe_times,
    ),
    st.just(ReportWithdrawn(by=WithdrawnBy.CLERK, reason=WithdrawalReason.MISTAKE)),
    st.just(CaseOpened(report_id=SOME_ID, category="a", channel=Channel.WEB)),
    st.builds(CasePrioritised, priority=st.integers(0, 3), gravest=st.sampled_from(Gravest)),
    st.just(CaseClaimed(officer_id=SOME_ID, lease_until=NOON)),
    st.builds(
        CaseAssessed,
        assessment_id=st.just(SOME_ID),
        report_id=st.just(SOME_ID),
        officer_id=st.just(SOME_ID),
        outcome=st.just(Outcome.DISPATCH),
        capabilities=st.just(()),
        priority=st.none() | st.integers(0, 3),
        gravest=st.none(),
        district=st.none(),
        suggested=st.none(),
    ),
    st.builds(CaseClosed, reason=st.sampled_from(CloseReason), officer_id=st.none(), request_id=st.none()),
    st.builds(ReportScreened, rule_set=st.just("r"), outcome=st.sampled_from(ScreeningOutcome)),
    st.just(CaseVideoOffered()),
    st.just(CaseVideoDeclined()),
    st.builds(CaseNoShow, attempt=st.integers(1, 3)),
    st.builds(SessionEnded, reason=st.sampled_from(EndReason)),
    st.builds(CaseDuplicateLinked, original_case_id=st.sampled_from(REPORTS)),
    st.just(CaseReopened(reason="new_facts")),
    st.builds(
        CaseAppointmentBooked,
        appointment_id=st.just(SOME_ID),
        starts_at=times,
        earliest_at=maybe_times,
        request_id=st.none(),
        **WALL_CLOCK,
    ),
    st.builds(CaseAppointmentMoved, appointment_id=st.just(SOME_ID), starts_at=times, **WALL_CLOCK),
    st.just(CaseAppointmentCancelled(appointment_id=SOME_ID, reason="ill")),
    st.builds(SessionConnected, mode=st.sampled_from(Mode)),
    st.builds(SessionModeChanged, mode=st.sampled_from(Mode)),
    st.just(DispatchUnitAssigned(unit_id=SOME_ID)),
    st.just(DispatchUnitOnScene(unit_id=SOME_ID)),
    st.just(DispatchUnitCleared(unit_id=SOME_ID)),
    st.just(DispatchCompleted()),
    st.just(UnitOffDuty()),
)

past: st.SearchStrategy[HistoryCaseRecorded] = st.builds(
    HistoryCaseRecorded,
    source=st.just(SOURCE),
    pathway=st.sampled_from(Pathway),
    category=maybe_codes,
    district=maybe_codes,
    priority=st.none() | st.integers(0, 12),
    gravest=st.none(),
    excluded=st.sampled_from([None, None, None, "test"]),
    officer_initiated=st.sampled_from([None, True, False]),
    **dict.fromkeys(POINTS, maybe_times),
)


@st.composite
def events(draw: st.DrawFn) -> list[Recorded]:
    """Recorded events of a few reports and past cases, at times that often coincide."""
    made: list[Recorded] = []
    for number, event in enumerate(draw(st.lists(live | past, max_size=30)), 1000):
        report = draw(st.sampled_from(REPORTS))
        entity = UUID(int=report.int + 50) if isinstance(event, HistoryCaseRecorded) else report
        one = recorded(event, entity=entity, report=report, at=draw(times), event_id=UUID(int=number))
        made.append(replace(one, version=draw(st.integers(1, 3)), recorded_at=draw(times)))
    return made


groupings = st.lists(st.sampled_from(sorted(queries.GROUPINGS)), unique=True, max_size=queries.MOST_GROUPINGS)

few = settings(max_examples=20, deadline=None)
"""Each example makes databases."""


@contextmanager
def read_model() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 1}) as connection:
        model.create(connection)
        yield connection


def everything(batches: Sequence[Sequence[Recorded]], by: list[str]) -> list[Any]:
    """All that the read model holds, and the figures, after these batches."""
    with read_model() as connection:
        for batch in batches:
            model.apply(connection, batch)
        tables = [connection.execute(f"select * from {name} order by id").fetchall() for name in ("cases", "events")]
        answers = [
            queries.timings(connection, Selection(source), by, list(INTERVALS.values()))
            for source, _ in sources(connection)
        ]
        return [*tables, answers]


@few
@given(events(), st.randoms(use_true_random=False), groupings)
def test_order_repetition_and_batches_make_no_difference(
    given_events: list[Recorded], chance: random.Random, by: list[str]
) -> None:
    shuffled = given_events + chance.choices(given_events, k=len(given_events) // 2) if given_events else []
    chance.shuffle(shuffled)
    cuts = sorted(chance.randrange(len(shuffled) + 1) for _ in range(3))
    edges = [0, *cuts, len(shuffled)]
    batches = [shuffled[start:end] for start, end in pairwise(edges)]
    assert everything(batches, by) == everything([given_events], by)


@few
@given(events(), groupings)
def test_every_record_is_counted_once_in_every_interval(given_events: list[Recorded], by: list[str]) -> None:
    with read_model() as connection:
        model.apply(connection, given_events)
        for source, count in sources(connection):
            found = queries.timings(connection, Selection(source), by, list(INTERVALS.values()))
            assert found.records == count
            for name in INTERVALS if count else ():
                rows = [row for row in found.rows if row["interval"] == name]
                assert [_counted(row) for row in rows if row["whole"]] == [count]
                assert not by or sum(_counted(row) for row in rows if not row["whole"]) == count


def _counted(row: dict[str, Any]) -> int:
    return sum(row[state] for state in ("n", *queries.STATES))


@few
@given(st.lists(past, min_size=1, max_size=25), st.sampled_from([None, "category", "district", "priority", "week"]))
def test_figures_are_those_of_the_reference(cases: list[HistoryCaseRecorded], by: Any) -> None:
    with read_model() as connection:
        model.apply(connection, [recorded(case, entity=UUID(int=number)) for number, case in enumerate(cases)])
        found = queries.timings(connection, Selection(SOURCE), [by] if by else [], list(INTERVALS.values()))
    expected: dict[Any, Any] = figures(_frame(cases), by).to_dict("index")
    rows = {((*row["keys"], "all")[0], row["interval"]): row for row in found.rows if row["whole"] == (by is None)}
    assert rows.keys() == expected.keys()
    for place, ours in rows.items():
        row = expected[place]
        assert (ours["n"], ours["open"], ours["invalid"]) == (row["n"], row["open"], row["invalid"])
        assert sum(ours[reason] for reason in ("flagged", "no_start", "ended_before")) == row["excluded"]
        for name in ("mean", "median", "p90"):
            value = float("nan") if ours[name] is None else ours[name]
            assert value == pytest.approx(row[name], rel=1e-12, nan_ok=True)


def _frame(cases: Sequence[HistoryCaseRecorded]) -> pd.DataFrame:
    columns: dict[str, Any] = {
        name: pd.array([None if (value := getattr(case, name)) is None else str(value) for case in cases], "string")
        for name in ("category", "district", "priority", "excluded")
    }
    for point in POINTS:
        columns[point] = pd.Series([getattr(case, point) for case in cases], dtype="datetime64[us, UTC]")
    return pd.DataFrame(columns)


def test_filters_choose_records_and_leave_what_over_means_alone() -> None:
    closed = HistoryCaseRecorded(source=SOURCE, category="a", filed_at=NOON, closed_at=NOON + minutes(9))
    cleared = HistoryCaseRecorded(source=SOURCE, category="b", filed_at=NOON + minutes(1), cleared_at=NOON)
    with read_model() as connection:
        model.apply(connection, [recorded(one, entity=UUID(int=n)) for n, one in enumerate((closed, cleared))])
        only = queries.timings(connection, Selection(SOURCE, category="b"), [], [INTERVALS["headline"]])
        start: datetime = (NOON + minutes(1)).astimezone(UTC)
        later = queries.timings(connection, Selection(SOURCE, filed_from=start), [], [INTERVALS["headline"]])
        earlier = queries.timings(connection, Selection(SOURCE, filed_before=start), [], [INTERVALS["resolution"]])
    assert (only.records, only.rows[0]["open"], only.rows[0]["ended_before"]) == (1, 1, 0)
    assert later.rows == only.rows
    assert (earlier.records, earlier.rows[0]["mean"]) == (1, 540.0)


@few
@given(events(), times)
def test_as_of_a_moment_it_answers_what_it_answered_then(given_events: list[Recorded], moment: datetime) -> None:
    known = [event for event in given_events if event.recorded_at <= moment]
    with read_model() as then, read_model() as now:
        model.apply(then, known)
        model.apply(now, given_events)
        for source, _ in sources(then):
            assert _chosen(now, Selection(source, as_of=moment)) == _chosen(then, Selection(source))


@few
@given(events(), times)
def test_until_a_moment_it_answers_as_if_nothing_had_happened_since(
    given_events: list[Recorded], moment: datetime
) -> None:
    happened = [event for event in given_events if event.occurred_at <= moment and _is_live(event)]
    with read_model() as then, read_model() as now:
        model.apply(then, happened)
        model.apply(now, given_events)
        for row in _chosen(now, Selection(until=moment)):
            for point, at in row.items():
                assert not isinstance(at, datetime) or at <= moment.replace(tzinfo=None), point
        reached = {event.correlation_id for event in happened if point_of(event)}
        timed = [row for row in _chosen(then, Selection()) if row["id"] in reached]
        for row in timed:
            row |= {point: None for point in AMENDED_POINTS if row[point] and row[point] > moment.replace(tzinfo=None)}
        assert _chosen(now, Selection(until=moment)) == timed


def _is_live(event: Recorded) -> bool:
    return not isinstance(event.data, HistoryCaseRecorded)


def _chosen(connection: duckdb.DuckDBPyConnection, selection: Selection) -> Sequence[dict[str, Any]]:
    choose(connection, selection)
    return rows_of(connection, "select * from chosen order by id, duplicate_of")


def test_when_it_happened_is_what_was_told_last() -> None:
    report = REPORTS[0]
    filed = recorded(ReportFiled(channel=Channel.WEB, category="a", occurred_to=NOON - minutes(9)), entity=report)
    amended = recorded(
        ReportAmended(fields=("occurred_to",), occurred_to=NOON - minutes(2)),
        entity=report, at=NOON + minutes(1), after=filed,
    )  # fmt: skip
    with read_model() as connection:
        model.apply(connection, [amended, filed])
        now, before = (
            queries.timings(connection, Selection(as_of=known), [], [INTERVALS["reporting_delay"]]).rows[0]["mean"]
            for known in (None, NOON)
        )
    assert (now, before) == (120, 540)
