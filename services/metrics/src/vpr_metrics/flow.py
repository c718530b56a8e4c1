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
    "and coalesce(outcome, '') not in ('duplicate', 'no_show', 'withdrawn')",
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


def stages(connection: DuckDBPyConnection) -> Sequence[Row]:
    """How many reached each stage, and after how many seconds since filing (of those in order)."""
    counted = (
        f"{{'stage': '{point}', 'cases': count({point}), 'mean': avg({point}_after) / 1e6, "
        f"'median': quantile_cont({point}_after, 0.5) / 1e6}}"
        for point in STAGES
    )
    taken = ", ".join(
        f"if({point} >= filed_at, epoch_us({point}) - epoch_us(filed_at), null) as {point}_after" for point in STAGES
    )
    return rows_of(
        connection,
        f"""
        with timed as (select *, {taken} from chosen where excluded is null)
        select unnest([{", ".join(counted)}], recursive := true) from timed
        """,  # noqa: S608 - names of ours
    )


def ends(connection: DuckDBPyConnection) -> Row:
    """How many cases there are, and how many came to each end or turn."""
    counted = ", ".join(f"count(*) filter (where {condition}) as {name}" for name, condition in ENDS.items())
    [row] = rows_of(connection, f"select count(*) as cases, {counted} from chosen where excluded is null")  # noqa: S608
    return row


def workload(connection: DuckDBPyConnection, zone: str) -> Sequence[Row]:
    """How often each kind of work came in each hour of the week, in the zone; hours without any are left out.

    Quarters of an hour are brought to the zone, not moments: no zone is off UTC by less.
    """
    marks = ", ".join(f"{{'activity': '{point}', 'moment': {point}}}" for point in WORK)
    return rows_of(
        connection,
        f"""
        with came as (select unnest([{marks}], recursive := true) from chosen where excluded is null),
        quarters as (
            select activity, time_bucket(interval 15 minutes, moment) as quarter, count(*) as n
            from came where moment is not null group by all
        )
        select activity, strftime(quarter at time zone 'UTC' at time zone $zone, '%u-%H') as hour, sum(n)::bigint as n
        from quarters group by activity, hour
        order by list_position({list(WORK)}, activity), hour
        """,  # noqa: S608 - names of ours
        {"zone": zone},
    )
