"""Copies of the read model for SQL: whole ones for those who may see single cases, guarded ones for everyone else."""

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

from duckdb import DuckDBPyConnection

from vpr_metrics import definitions
from vpr_metrics.suppressing import FEWEST

TRAITS = ("source", "category", "district", "priority", "gravest", "channel", "pathway", "excluded", "outcome")
FINE = ("source", "category", "district", "priority", "channel", "pathway")


class Kind(StrEnum):
    """What a snapshot holds."""

    WHOLE = "whole"
    GUARDED = "guarded"


def _seconds() -> Iterable[str]:
    """None where the end lies before the start: figures count such an interval as invalid and measure nothing by it."""
    for one in definitions.INTERVALS.values():
        lasted = f"round(epoch({one.end} - {one.start}))::bigint"
        yield f"if({one.end} < {one.start}, null, {lasted}) as {one.name}_seconds"


def _edges() -> Iterable[str]:
    """The fifth least and the fifth greatest value of each interval; none where there are not as many values."""
    for one in definitions.INTERVALS:
        value = f"{one}_seconds"
        for choose, edge in (("min", "least"), ("max", "most")):
            fifth = f"list_last({choose}({value}, {FEWEST}))"
            yield f"if(count({value}) < {2 * FEWEST - 1}, null, {fifth}) as {one}_{edge}"


def _coded() -> Iterable[str]:
    for one in definitions.INTERVALS:
        value, least, most = f"kept.{one}_seconds", f"{one}_least", f"{one}_most"
        within = f"least(greatest({value}, {least}), {most})"
        yield f"if({value} is null or {least} is null, null, {within}) as {one}_seconds"


def _within(names: Iterable[str]) -> str:
    return f"count(*) over (partition by {', '.join(names)})"


GUARDED = f"""
create table {{name}}.records as
with told as (
    select {", ".join(TRAITS)}, {{day}} as filed_on, {", ".join(_seconds())} from records
), fine as (
    select * replace (
        if({_within(FINE)} < {FEWEST}, null, district) as district,
        if({_within(FINE)} < {FEWEST}, null, priority) as priority,
        if({_within(FINE)} < {FEWEST}, null, gravest) as gravest,
        if({_within(FINE)} < {FEWEST}, null, channel) as channel
    ) from told
), coarse as (
    select * replace (if({_within(FINE)} < {FEWEST}, null, category) as category) from fine
), kept as (
    select * from coarse qualify {_within(FINE)} >= {FEWEST}
), edges as (
    select source, {", ".join(_edges())} from kept group by source
)
select kept.* replace ({", ".join(_coded())}) from kept join edges using (source)
order by filed_on, source, category, district
"""  # noqa: S608 - made of this package's own names
"""Without ids, with days of the city's zone instead of moments, and durations to the second; traits that too few
records share are null, and what is rare even then is left out, so that no total gives it away. The least and greatest
durations of a source are told as the fifth least and fifth greatest; where those would cross none is told."""
DAY = "(filed_at at time zone 'UTC' at time zone '{zone}')::date"

WHOLE = """
create table {name}.records as select * from records;
create table {name}.events as select id, type, case_id, occurred_at, recorded_at from events;
"""

TABLES = {Kind.WHOLE: WHOLE, Kind.GUARDED: GUARDED}


def write(connection: DuckDBPyConnection, path: Path, kind: Kind, zone: str) -> None:
    """Copy the read model that ``connection`` reads into a new file; ``zone`` is an IANA name."""
    path.unlink(missing_ok=True)
    connection.execute(f"attach '{path}' as snapshot_{kind}")
    try:
        for statement in TABLES[kind].format(name=f"snapshot_{kind}", day=DAY.format(zone=zone)).split(";"):
            if statement.strip():
                connection.execute(statement)
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    finally:
        connection.execute(f"detach snapshot_{kind}")
