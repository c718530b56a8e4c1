"""What a record is: SQL that turns the facts of a case into one row, now or as it was known at a moment."""

from vpr_metrics.projections import (
    AMENDED_POINTS,
    CHANGING_TRAITS,
    COMPLETED,
    FIRST_POINTS,
    FIXED_TRAITS,
    LAST_POINTS,
)

LIVE = "live"
"""The source of cases that happen here."""

POINTS = (*FIRST_POINTS, *LAST_POINTS)

PATHWAYS = ("virtual", "conventional", "declined", "historical")
"""How a case was met; definitions.PATHWAYS says what each means."""


def records_of(cases: str) -> str:
    """One row a record, out of a relation like ``cases``.

    A case reopened after it was closed is not closed. Units are cleared when their dispatch is completed, and are not
    when another was assigned since; a past case has no dispatch of ours.
    """
    return f"""
    select c.id, coalesce(c.source, '{LIVE}') as source, c.category, c.district, c.priority, c.gravest, c.channel,
        c.excluded, c.screened_as, c.assessed_as, c.withdrawn_at is not null as withdrawn, o.id as duplicate_of,
        if(c.source is null, false, c.officer_initiated = 'true') as officer_initiated,
        case when c.source is not null then if(c.pathway = 'virtual', 'virtual', 'historical')
            when c.met = 'true' then 'virtual'
            when c.declined_at is not null then 'declined'
            else 'conventional' end as pathway,
        case when c.withdrawn_at > c.closed_at and coalesce(c.reopened_at <= c.closed_at, true) then c.ended
            when c.withdrawn_at is not null then 'withdrawn'
            when c.reopened_at > c.closed_at then null
            else c.ended end as outcome,
        {", ".join(f"try_cast(c.{point} as timestamp) as {point}" for point in AMENDED_POINTS)},
        {", ".join(f"c.{point}" for point in FIRST_POINTS)}, c.reopened_at,
        if(c.source is not null or c.dispatch = '{COMPLETED}', c.cleared_at, null) as cleared_at,
        if(c.reopened_at > c.closed_at, null, c.closed_at) as closed_at
    from {cases} c
    left join (select case_ref, id from {cases} where case_ref in (select original_case from {cases})) o
    on o.case_ref = c.original_case
    """  # noqa: S608 - made of this package's own names


def cases_known(known: str, until: str, placed: str = "true") -> str:
    """A relation like ``cases``, of the events recorded up to ``known`` and the facts up to ``until``.

    Both are expressions, of which ``null`` sets no bound; ``placed`` is a condition on an event. Past cases are facts
    of their own time, whenever imported. Of what is told anew the last word counts, even where it names a time
    after ``until``, which then is none.
    """
    past = "type like 'history.%'"
    return f"""
    with told as (select * from events where ({known} is null or recorded_at <= {known}) and {placed}),
    stamps as (
        select case_id, name, moment from (
            select case_id, point as name, occurred_at as moment from told where point is not null
            union all select case_id, unnest(stamps, recursive := true) from told
        ) where {until} is null or moment <= {until}
    ),
    traits as (
        select case_id, mark, unnest(traits, recursive := true) from told
        where {until} is null or {past} or occurred_at <= {until}
    ),
    timed as (select case_id, {_points()} from stamps group by case_id),
    told_of as (select case_id, {_traits()} from traits group by case_id),
    bounded as (select * replace ({_bounded(until)}) from told_of)
    select coalesce(timed.case_id, bounded.case_id) as id, timed.* exclude (case_id), bounded.* exclude (case_id)
    from timed full join bounded on timed.case_id = bounded.case_id
    where {until} is null or timed.case_id is not null
    """  # noqa: S608 - the same


def _points() -> str:
    firsts = [f"min(moment) filter (where name = '{point}') as {point}" for point in FIRST_POINTS]
    lasts = [f"max(moment) filter (where name = '{point}') as {point}" for point in LAST_POINTS]
    return ", ".join(firsts + lasts)


def _bounded(until: str) -> str:
    """Clock points that were told last, without those that lie after ``until``."""
    return ", ".join(
        f"if({until} is null or {point} = '' or {point}::timestamp <= {until}, {point}, null) as {point}"
        for point in AMENDED_POINTS
    )


def _traits() -> str:
    fixed = [f"max(value) filter (where name = '{trait}') as {trait}" for trait in FIXED_TRAITS]
    changing = [f"arg_max(value, mark) filter (where name = '{trait}') as {trait}" for trait in CHANGING_TRAITS]
    return ", ".join(fixed + changing)
