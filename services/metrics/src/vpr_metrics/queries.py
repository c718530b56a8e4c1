"""Timing figures out of the read model: one statement for all intervals and groups."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from duckdb import DuckDBPyConnection

from vpr_metrics.choosing import Row, Selection, chosen, newest, rows_of
from vpr_metrics.definitions import EXCLUDED, INTERVALS, Interval

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

SCALES = "select gravest, count(*) as records from ({chosen}) group by gravest order by gravest"

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


def timings(
    connection: DuckDBPyConnection,
    selection: Selection,
    by: Sequence[str],
    intervals: Sequence[Interval],
    percentiles: Sequence[float] = (),
    zone: str = "UTC",
) -> Found:
    """Figures of the selection's records, in groups that have all of ``by`` (names of GROUPINGS) in common."""
    relation, bounds = chosen(selection)
    scales = rows_of(connection, SCALES.format(chosen=relation), bounds)
    expressions = [GROUPINGS[name] for name in by]
    asked = {"parts": [part / 100 for part in (*ALWAYS, *percentiles)]}
    figures = _figures(relation, expressions, intervals)
    rows = rows_of(connection, figures, bounds | zone_in(expressions, zone) | asked)
    gravest = [row["gravest"] for row in scales if row["gravest"]]
    return Found(sum(row["records"] for row in scales), newest(connection, selection), rows, gravest)


def _figures(relation: str, by: Sequence[str], intervals: Sequence[Interval]) -> str:
    """A record becomes a row per interval, its state there the first that holds. Percentiles are one aggregate."""
    keys = [f"key{number}" for number in range(len(by))]
    named = "".join(f"{text_of(one)} as {key}, " for key, one in zip(keys, by, strict=True))
    part, sets = "true as whole, []::varchar[] as keys", "(name)"
    if keys:
        part = f"grouping({keys[0]}) = 1 as whole, [{', '.join(keys)}] as keys"
        sets = f"(name), (name, {', '.join(keys)})"
    state = {name: f"{number}::utinyint" for number, name in enumerate(("n", *STATES))}
    return f"""
    with chosen as ({relation}),
    spans as (select {named} excluded, over_at is not null as over, {_spans(intervals)} from chosen),
    timed as (
        select * exclude (excluded, over, start, finish), epoch_us(finish) - epoch_us(start) as lasted, case
            when excluded is not null then {state["flagged"]}
            when start is null then {state["no_start"]}
            when finish is null then if(over, {state["ended_before"]}, {state["open"]})
            when finish < start then {state["invalid"]}
            else {state["n"]} end as state
        from spans
    ),
    judged as (select * exclude (lasted), if(state = {state["n"]}, lasted, null) as taken from timed),
    figures as (
        select name as interval, {part}, count(taken) as n, avg(taken) / 1e6 as mean,
            min(taken) / 1e6 as min, max(taken) / 1e6 as max, round(stddev_samp(taken) / 1e6, 6) as stddev,
            list_transform(quantile_cont(taken, $parts::double[]), lambda part: part / 1e6) as parts,
            {", ".join(f"count_if(state = {state[name]}) as {name}" for name in STATES)}
        from judged group by grouping sets ({sets})
    )
    select * exclude (parts), parts[1] as median, parts[2] as p90, parts[{len(ALWAYS) + 1}:] as percentiles from figures
    order by interval, whole, list_transform(keys, lambda key: (try_cast(key as bigint), key))
    """  # noqa: S608 - made of this module's own names


def _spans(intervals: Sequence[Interval]) -> str:
    if len(intervals) == 1:
        [only] = intervals
        return f"'{only.name}' as name, {only.start} as start, {only.end} as finish"
    spans = (f"{{'name': '{one.name}', 'start': {one.start}, 'finish': {one.end}}}" for one in intervals)
    return f"unnest([{', '.join(spans)}], recursive := true)"


def text_of(expression: str) -> str:
    """What a group is called by."""
    return f"coalesce(cast({expression} as varchar), 'unknown')"


def zone_in(expressions: Sequence[str], zone: str) -> Row:
    """The parameter that some groupings have."""
    return {"zone": zone} if any("$zone" in one for one in expressions) else {}


def chosen_intervals(name: str) -> Sequence[Interval]:
    """The interval of that name, or all of them."""
    return list(INTERVALS.values()) if name == "all" else [INTERVALS[name]]
