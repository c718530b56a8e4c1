"""The way of the chosen cases from filing to closing: who came how far, where the time went, when work came in."""

from collections.abc import Sequence

from duckdb import DuckDBPyConnection

from vpr_metrics.choosing import Row, rows_of

STAGES = (
    "filed_at", "opened_at", "claimed_at", "offered_at", "invited_at", "accepted_at", "connected_at", "assessed_at",
    "dispatched_at", "en_route_at", "arrived_at", "cleared_at", "closed_at",
)  # fmt: skip
"""The way, in its usual order."""

MILESTONES = (*STAGES[:-1], "declined_at", "no_show_at", "closed_at", "withdrawn_at", "reopened_at")
"""What may happen to a case. At the same moment, this is the order."""

WORK = ("filed_at", "claimed_at", "connected_at", "dispatched_at", "arrived_at")
"""What makes work, by hour of week."""

ENDS = {
    "closed": "closed_at is not null",
    "settled_without_dispatch": "closed_at is not null and dispatched_at is null "
    "and coalesce(outcome, '') not in ('duplicate', 'no_show')",
    "withdrawn": "withdrawn",
    "no_show": "no_show_at is not null",
    "reopened": "reopened_at is not null",
    "duplicate": "duplicate_of is not null",
    "declined": "declined_at is not null",
}
"""A condition for each of definitions.ENDS."""


def happened() -> str:
    """A relation of milestones (case_id, activity, place, moment): ``place`` orders those of the same moment."""
    marks = ", ".join(
        f"{{'activity': '{point.removesuffix('_at')}', 'place': {place}, 'moment': {point}}}"
        for place, point in enumerate(MILESTONES)
    )
    return f"""
    select * from (select id as case_id, unnest([{marks}], recursive := true) from chosen where excluded is null)
    where moment is not null
    """  # noqa: S608 - names of ours


FIGURES = """
count(*) as n, avg(taken) / 1e6 as mean, quantile_cont(taken, 0.5) / 1e6 as median, sum(taken) / 1e6 as total
"""


def directly_follows(happenings: str) -> str:
    """Which activity came next how often, and after how many seconds, out of a relation like ``happened``."""
    mark = "{'moment': moment, 'place': place, 'activity': activity}"
    return f"""
    with ways as (select list({mark} order by moment, place) as way from ({happenings}) group by case_id),
    pairs as (select unnest(list_zip(way[:-2], way[2:])) as pair from ways),
    steps as (
        select pair[1].activity as before, pair[2].activity as after,
            epoch_us(pair[2].moment) - epoch_us(pair[1].moment) as taken
        from pairs
    )
    select before, after, {FIGURES} from steps group by before, after order by total desc, before, after
    """  # noqa: S608 - names of ours


def transitions(connection: DuckDBPyConnection) -> Sequence[Row]:
    """The steps from one milestone to the next of the chosen cases, the longest in all first; seconds.

    What ``directly_follows`` finds of their milestones, three times as fast: a happening is one number, its
    microseconds since the year 1 times so many as there are milestones, and its place among them.
    """
    room, origin = len(MILESTONES), "timestamp '0001-01-01'"
    marks = ", ".join(
        f"(epoch_us({point}) - epoch_us({origin})) * {room} + {place}" for place, point in enumerate(MILESTONES)
    )
    named = f"{[point.removesuffix('_at') for point in MILESTONES]}"
    return rows_of(
        connection,
        f"""
        with known as (
            select list_filter([{marks}], lambda mark: mark is not null) as marks from chosen where excluded is null
        ),
        ways as (select list_sort(marks) as way from known),
        pairs as (select unnest(way[:-2]) as earlier, unnest(way[2:]) as later from ways),
        steps as (
            select (earlier % {room} * {room} + later % {room})::smallint as step,
                later // {room} - earlier // {room} as taken
            from pairs
        ),
        figures as (select step, {FIGURES} from steps group by step)
        select {named}[step // {room} + 1] as before, {named}[step % {room} + 1] as after, n, mean, median, total
        from figures order by total desc, before, after
        """,  # noqa: S608 - names of ours
    )


def stages(connection: DuckDBPyConnection) -> Sequence[Row]:
    """How many reached each stage, and after how many seconds since filing (of those in order)."""
    marks = ", ".join(f"{{'stage': '{point}', 'moment': {point}}}" for point in STAGES)
    return rows_of(
        connection,
        f"""
        with reached as (select filed_at, unnest([{marks}], recursive := true) from chosen where excluded is null),
        timed as (
            select stage, moment, if(moment >= filed_at, epoch_us(moment) - epoch_us(filed_at), null) as taken
            from reached
        )
        select stage, count(moment) as cases, avg(taken) / 1e6 as mean, quantile_cont(taken, 0.5) / 1e6 as median
        from timed group by stage order by list_position({list(STAGES)}, stage)
        """,  # noqa: S608 - names of ours
    )


def ends(connection: DuckDBPyConnection) -> Row:
    """How many cases there are, and how many came to each end or turn."""
    counted = ", ".join(f"count(*) filter (where {condition}) as {name}" for name, condition in ENDS.items())
    [row] = rows_of(connection, f"select count(*) as cases, {counted} from chosen where excluded is null")  # noqa: S608
    return row


def workload(connection: DuckDBPyConnection, zone: str) -> Sequence[Row]:
    """How often each kind of work came in each hour of the week, in the zone; hours without any are left out."""
    marks = ", ".join(f"{{'activity': '{point}', 'moment': {point}}}" for point in WORK)
    return rows_of(
        connection,
        f"""
        with came as (select unnest([{marks}], recursive := true) from chosen where excluded is null)
        select activity, strftime(moment at time zone 'UTC' at time zone $zone, '%u-%H') as hour, count(*) as n
        from came where moment is not null group by activity, hour
        order by list_position({list(WORK)}, activity), hour
        """,  # noqa: S608 - names of ours
        {"zone": zone},
    )
