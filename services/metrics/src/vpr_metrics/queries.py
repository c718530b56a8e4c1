"""Timing figures: durations out of the read model, of which ``summaries`` makes figures by group."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from duckdb import DuckDBPyConnection

from vpr_metrics.choosing import Row, Selection, choose, newest
from vpr_metrics.definitions import EXCLUDED, INTERVALS, Interval
from vpr_metrics.summaries import natural, summary
from vpr_metrics.survival import Whole

LOCAL = "(filed_at at time zone 'UTC' at time zone $zone)"

GROUPINGS = {
    "pathway": "pathway",
    "category": "category",
    "district": "district",
    "priority": "priority",
    "channel": "channel",
    "officer_initiated": "officer_initiated",
    "outcome": "outcome",
    "day": f"strftime({LOCAL}, '%Y-%m-%d')",
    "week": f"strftime({LOCAL}, '%G-W%V')",
    "month": f"strftime({LOCAL}, '%Y-%m')",
    "hour_of_week": f"strftime({LOCAL}, '%u-%H')",
}
"""By what figures are split: an expression over a record. Times are those of filed_at in the zone that is asked for;
weeks are ISO weeks, and 1-08 is Monday from eight to nine.
"""

MOST_GROUPINGS = 3
STATES = ("open", "invalid", *EXCLUDED)
MEDIAN, P90 = 50.0, 90.0
ALWAYS = (MEDIAN, P90)
"""Percentiles that every answer has: the median and P90."""

AVERAGES = ("mean", "median", "p90", "min", "max", "stddev")

__all__ = ["AVERAGES", "GROUPINGS", "MOST_GROUPINGS", "STATES", "Found", "Row", "chosen_intervals", "timings"]


@dataclass(frozen=True, slots=True)
class Found:
    """What a query found: how many records, the newest event (id, recorded_at), and a row per interval and group.

    A row's ``whole`` tells the total over all groups from a group, whose ``keys`` are "unknown" where records lack
    them. ``percentiles`` are in the order in which they were asked for. ``gravest`` names the ends of the records'
    priority scales that are the gravest: two where the scales differ.
    """

    records: int
    newest: tuple[Any, datetime] | None
    rows: Sequence[Row]
    gravest: Sequence[str]


@dataclass(frozen=True, slots=True)
class Durations:
    """Records that are alike in their group's ``keys``, their scale's gravest end and their state, by its place in
    STATES (0 before them); what those took that are counted, in microseconds.
    """

    keys: tuple[str, ...]
    gravest: str | None
    state: int
    records: int
    taken: Whole


NOTHING = np.empty(0, np.int64)


def timings(
    connection: DuckDBPyConnection,
    selection: Selection,
    by: Sequence[str],
    intervals: Sequence[Interval],
    percentiles: Sequence[float] = (),
    zone: str = "UTC",
) -> Found:
    """Figures of the selection's records, in groups that have all of ``by`` (names of GROUPINGS) in common."""
    choose(connection, selection)
    rows: list[Row] = []
    gravest: set[str] = set()
    records = 0
    for interval in sorted(intervals, key=lambda one: one.name):
        durations = _durations(connection, interval, [GROUPINGS[name] for name in by], zone)
        records = sum(part.records for part in durations)
        gravest.update(part.gravest for part in durations if part.gravest)
        rows += _rows(durations, interval, (*ALWAYS, *percentiles)) if records else ()
    return Found(records, newest(connection, selection), rows, sorted(gravest))


def _durations(connection: DuckDBPyConnection, interval: Interval, by: Sequence[str], zone: str) -> Sequence[Durations]:
    """Grouped by the columns themselves, which the read model knows by number; their names are made of few."""
    columns = "".join(f"{expression} as key{number}, " for number, expression in enumerate(by))
    keys = "".join(f"key{number}, " for number in range(len(by)))
    names = ", ".join(text_of(f"key{number}") for number in range(len(by)))
    state = {name: f"{number}::utinyint" for number, name in enumerate(("n", *STATES))}
    found = connection.sql(
        f"""
        with spans as (
            select {columns}gravest, excluded, over_at is not null as over, {interval.start} as start,
                {interval.end} as finish
            from chosen
        ),
        judged as (
            select {keys}gravest, epoch_us(finish) - epoch_us(start) as taken, case
                when excluded is not null then {state["flagged"]}
                when start is null then {state["no_start"]}
                when finish is null then if(over, {state["ended_before"]}, {state["open"]})
                when finish < start then {state["invalid"]}
                else {state["n"]} end as state
            from spans
        ),
        grouped as (
            select {keys}gravest, state, count(*) as records, list(taken) filter (where state = {state["n"]}) as taken
            from judged group by all
        )
        select [{names}]::varchar[] as keys, gravest, state, records, taken from grouped
        """,  # noqa: S608 - made of this module's own names
        params={"zone": zone} if any("$zone" in one for one in by) else {},
    ).to_arrow_table()
    kinds = zip(*(found[name].to_pylist() for name in ("keys", "gravest", "state", "records")), strict=True)
    return [
        Durations(tuple(keys), gravest, state, records, taken.values.to_numpy() if taken.is_valid else NOTHING)
        for (keys, gravest, state, records), taken in zip(kinds, found["taken"], strict=True)
    ]


def _rows(durations: Sequence[Durations], interval: Interval, percentages: Sequence[float]) -> Iterator[Row]:
    """The groups in the order of their keys, then the whole, which takes as long as all of them: beside them."""
    with ThreadPoolExecutor(1) as beside:
        whole = beside.submit(_row, interval, None, durations, percentages)
        for keys in sorted({part.keys for part in durations if part.keys}, key=natural):
            yield _row(interval, keys, [part for part in durations if part.keys == keys], percentages)
        yield whole.result()


def _row(
    interval: Interval, keys: Sequence[str] | None, durations: Sequence[Durations], percentages: Sequence[float]
) -> Row:
    counts = [sum(part.records for part in durations if part.state == state) for state in range(1 + len(STATES))]
    found = summary(np.concatenate([part.taken for part in durations]), percentages)
    median, p90, *others = found.percentiles
    return {
        "interval": interval.name,
        "whole": keys is None,
        "keys": list(keys or ()),
        "n": found.n,
        "mean": found.mean,
        "median": median,
        "p90": p90,
        "min": found.min,
        "max": found.max,
        "stddev": found.stddev,
        "percentiles": others,
    } | dict(zip(STATES, counts[1:], strict=True))


def text_of(expression: str) -> str:
    """What a group is called by."""
    return f"coalesce(cast({expression} as varchar), 'unknown')"


def chosen_intervals(name: str) -> Sequence[Interval]:
    """The interval of that name, or all of them."""
    return list(INTERVALS.values()) if name == "all" else [INTERVALS[name]]
