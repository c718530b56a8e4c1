"""Timing figures out of the read model: one statement for all intervals and groups."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from duckdb import DuckDBPyConnection

from vpr_metrics.choosing import Row, Selection, choose, newest, rows_of
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
    count = choose(connection, selection)
    expressions = [GROUPINGS[name] for name in by]
    asked = {"parts": [percentile / 100 for percentile in percentiles]}
    rows = rows_of(connection, _figures(expressions, intervals), zone_in(expressions, zone) | asked)
    scales = rows_of(connection, "select distinct gravest from chosen where gravest is not null order by gravest")
    return Found(count, newest(connection, selection), rows, [row["gravest"] for row in scales])


def _figures(by: Sequence[str], intervals: Sequence[Interval]) -> str:
    """A record becomes a row per interval; its state there is the first that holds."""
    spans = ", ".join(f"{{'name': '{one.name}', 'start': {one.start}, 'finish': {one.end}}}" for one in intervals)
    keys = [f"key{number}" for number in range(len(by))]
    named = "".join(f"{text_of(one)} as {key}, " for key, one in zip(keys, by, strict=True))
    part, sets = "true as whole, []::varchar[] as keys", "(name)"
    if keys:
        part = f"grouping({keys[0]}) = 1 as whole, [{', '.join(keys)}] as keys"
        sets = f"(name), (name, {', '.join(keys)})"
    return f"""
    with spans as (
        select {named} excluded, over_at is not null as over, unnest([{spans}], recursive := true) from chosen
    ),
    judged as (
        select * exclude (excluded, over, start, finish), epoch_us(finish) - epoch_us(start) as taken, case
            when excluded is not null then 'flagged'
            when start is null then 'no_start'
            when finish is null then if(over, 'ended_before', 'open')
            when finish < start then 'invalid'
            else 'n' end as state
        from spans
    ),
    figures as (
        select name as interval, {part},
            count(*) filter (where state = 'n') as n,
            avg(taken) filter (where state = 'n') / 1e6 as mean,
            quantile_cont(taken, 0.5) filter (where state = 'n') / 1e6 as median,
            quantile_cont(taken, 0.9) filter (where state = 'n') / 1e6 as p90,
            min(taken) filter (where state = 'n') / 1e6 as min,
            max(taken) filter (where state = 'n') / 1e6 as max,
            round(stddev_samp(taken) filter (where state = 'n') / 1e6, 6) as stddev,
            list_transform(
                quantile_cont(taken, $parts::double[]) filter (where state = 'n'), lambda part: part / 1e6
            ) as percentiles,
            {", ".join(f"count(*) filter (where state = '{state}') as {state}" for state in STATES)}
        from judged group by grouping sets ({sets})
    )
    select * from figures
    order by interval, whole, list_transform(keys, lambda key: (try_cast(key as bigint), key))
    """  # noqa: S608 - made of this module's own names


def text_of(expression: str) -> str:
    """What a group is called by."""
    return f"coalesce(cast({expression} as varchar), 'unknown')"


def zone_in(expressions: Sequence[str], zone: str) -> Row:
    """The parameter that some groupings have."""
    return {"zone": zone} if any("$zone" in one for one in expressions) else {}


def chosen_intervals(name: str) -> Sequence[Interval]:
    """The interval of that name, or all of them."""
    return list(INTERVALS.values()) if name == "all" else [INTERVALS[name]]
