"""Timing figures out of the read model: one statement for all intervals and groups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from duckdb import DuckDBPyConnection

from vpr_metrics.definitions import EXCLUDED, INTERVALS, Interval
from vpr_metrics.model import LIVE

GROUPINGS = {
    "none": "null",
    "pathway": "pathway",
    "category": "category",
    "district": "district",
    "priority": "priority",
    "week": "strftime(filed_at, '%G-W%V')",
}
"""By what figures are split: an expression over a record. Weeks are ISO weeks of filed_at in UTC."""

FILTERS = {
    "start": "filed_at >= $start",
    "end": "filed_at < $end",
    "category": "category = $category",
    "district": "district = $district",
    "priority": "priority = $priority",
    "pathway": "pathway = $pathway",
}

type Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """What a query found: how many records, the newest event (id, recorded_at), and a row per interval and group.

    A row's ``whole`` tells the total over all groups from a group, whose ``key`` is "unknown" where records lack it.
    """

    records: int
    newest: tuple[Any, datetime] | None
    rows: Sequence[Row]


def timings(
    connection: DuckDBPyConnection, source: str, by: str, intervals: Sequence[Interval], wanted: Mapping[str, Any]
) -> Found:
    """Figures of one source's records; ``wanted`` gives values for some of FILTERS, moments aware."""
    parameters = {"source": source} | {name: _plain(value) for name, value in wanted.items()}
    chosen = " and ".join(["source = $source", *(FILTERS[name] for name in wanted)])
    [(count,)] = connection.execute(f"select count(*) from records where {chosen}", parameters).fetchall()  # noqa: S608
    connection.execute(_figures(by, intervals, chosen), parameters)
    columns = [column[0] for column in connection.description or ()]
    rows = [dict(zip(columns, row, strict=True)) for row in connection.fetchall()]
    return Found(count, _newest(connection), rows)


def sources(connection: DuckDBPyConnection) -> list[tuple[str, int]]:
    """Every source with the number of its records; the live one first, even without any."""
    found = connection.execute("select source, count(*) from records group by source order by source").fetchall()
    counts: dict[str, int] = {LIVE: 0} | dict(found)
    return list(counts.items())


def _plain(value: Any) -> Any:
    """Times in the read model are UTC without a zone."""
    return value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else value


def _newest(connection: DuckDBPyConnection) -> tuple[Any, datetime] | None:
    rows = connection.execute(
        "select id, recorded_at from events order by recorded_at desc, id desc limit 1"
    ).fetchall()
    return next(((event, at.replace(tzinfo=UTC)) for event, at in rows), None)


def _figures(by: str, intervals: Sequence[Interval], chosen: str) -> str:
    """A record becomes a row per interval; its state there is the first that holds."""
    spans = ", ".join(
        f"{{'name': '{one.name}', 'start': {one.start}, 'finish': {one.end}}}" for one in intervals
    )  # fmt: skip
    part, sets = "true as whole, null as key", "(name)"
    if by != "none":
        part, sets = "grouping(key) = 1 as whole, key", "(name), (name, key)"
    return f"""
    with chosen as (select *, {_over()} as over, {GROUPINGS[by]} as group_key from records where {chosen}),
    spans as (
        select coalesce(cast(group_key as varchar), 'unknown') as key, excluded, over,
            unnest([{spans}], recursive := true)
        from chosen
    ),
    judged as (
        select name, key, epoch_us(finish) - epoch_us(start) as taken, case
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
        {", ".join(f"count(*) filter (where state = '{state}') as {state}" for state in STATES)}
    from judged group by grouping sets ({sets})
    )
    select * from figures order by interval, whole, try_cast(key as bigint), key
    """  # noqa: S608 - made of this module's own names


STATES = ("open", "invalid", *EXCLUDED)


def _over() -> str:
    """See definitions.OVER. Asked of the whole source, so that a filter does not change what "over" means."""
    return f"""
    if(source = '{LIVE}',
        closed_at is not null or withdrawn_at is not null,
        if((select count(closed_at) from records where source = $source) > 0, closed_at, cleared_at) is not null)
    """  # noqa: S608 - the same


def chosen_intervals(name: str) -> Sequence[Interval]:
    """The interval of that name, or all of them."""
    return list(INTERVALS.values()) if name == "all" else [INTERVALS[name]]
