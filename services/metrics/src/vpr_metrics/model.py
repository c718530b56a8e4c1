"""The read model in DuckDB: its tables, and how a batch of events gets in with four statements.

Times are UTC without a zone: DuckDB needs no time zone data for those. A batch is aggregated by case before it meets
the table, so that each case's row is written once a batch.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pyarrow as pa  # type: ignore[import-untyped]
from duckdb import CatalogException, DataError, DuckDBPyConnection

from vpr_events.event import Recorded
from vpr_metrics.projections import (
    CHANGING_TRAITS,
    FIRST_POINTS,
    FIXED_TRAITS,
    LAST_POINTS,
    case_of,
    mark_of,
    point_of,
    stamps_of,
    traits_of,
)

VERSION = 1
"""Of the tables and of what the projections make of events: a file of another version is rebuilt."""

LIVE = "live"
"""The source of cases that happen here."""

UNFIT = (DataError, pa.ArrowException, OverflowError, ValueError)
"""What an event raises that its contract allows and the tables cannot hold, such as a time before the year 1."""

MOMENT = pa.timestamp("us")
EARLIEST = ", ".join(f"{point} timestamp" for point in FIRST_POINTS)
LATEST = ", ".join(f"{point} timestamp" for point in LAST_POINTS)
FIXED = ", ".join(f"{trait} varchar" for trait in FIXED_TRAITS)
CHANGING = ", ".join(f"{trait} varchar, {trait}_mark varchar" for trait in CHANGING_TRAITS)

TABLES = f"""
create table generation (version integer not null, complete boolean not null);
insert into generation values ({VERSION}, false);
create table events (
    id uuid primary key, type varchar not null, case_id uuid not null,
    occurred_at timestamp not null, recorded_at timestamp not null
);
create table cases (id uuid primary key, {EARLIEST}, {LATEST}, {FIXED}, {CHANGING});
create view records as select
    id, coalesce(source, '{LIVE}') as source, category, district, priority, gravest, channel, excluded, ended,
    coalesce(pathway, if(connected_at is null, 'in_person', 'virtual')) as pathway,
    {", ".join(FIRST_POINTS)}, cleared_at,
    if(reopened_at > closed_at, null, closed_at) as closed_at
from cases;
"""  # noqa: S608 - made of this package's own names
"""A case that was reopened after it was closed is not closed."""

INSERT_EVENTS = "insert into events select * exclude (point) from new_events on conflict do nothing"

UPSERT_STAMPS = f"""
insert into cases (id, {", ".join((*FIRST_POINTS, *LAST_POINTS))})
select case_id,
    {", ".join(f"min(moment) filter (where name = '{point}')" for point in FIRST_POINTS)},
    {", ".join(f"max(moment) filter (where name = '{point}')" for point in LAST_POINTS)}
from (
    select case_id, point as name, occurred_at as moment from new_events where point is not null
    union all from new_stamps
) group by case_id
on conflict (id) do update set
    {", ".join(f"{point} = least({point}, excluded.{point})" for point in FIRST_POINTS)},
    {", ".join(f"{point} = greatest({point}, excluded.{point})" for point in LAST_POINTS)}
"""  # noqa: S608 - made of this package's own names

MARKS = tuple(f"{trait}_mark" for trait in CHANGING_TRAITS)
UPSERT_TRAITS = f"""
insert into cases (id, {", ".join((*FIXED_TRAITS, *CHANGING_TRAITS, *MARKS))})
select case_id,
    {", ".join(f"max(value) filter (where name = '{trait}')" for trait in FIXED_TRAITS)},
    {", ".join(f"arg_max(value, mark) filter (where name = '{trait}')" for trait in CHANGING_TRAITS)},
    {", ".join(f"max(mark) filter (where name = '{trait}')" for trait in CHANGING_TRAITS)}
from new_traits group by case_id
on conflict (id) do update set
    {", ".join(f"{trait} = greatest({trait}, excluded.{trait})" for trait in FIXED_TRAITS)},
    {
    ", ".join(
        f"{trait} = if(excluded.{trait}_mark > coalesce({trait}_mark, ''), excluded.{trait}, {trait}), "
        f"{trait}_mark = greatest({trait}_mark, excluded.{trait}_mark)"
        for trait in CHANGING_TRAITS
    )
}
"""  # noqa: S608 - made of this package's own names


def create(connection: DuckDBPyConnection) -> None:
    """Make the tables of an empty, incomplete generation."""
    connection.execute(TABLES)


def complete(connection: DuckDBPyConnection) -> None:
    """From now on this generation may answer."""
    connection.execute("update generation set complete = true")


def is_complete(connection: DuckDBPyConnection) -> bool:
    """Whether this is a whole read model of this version."""
    try:
        rows = connection.execute("select complete and version = ? from generation", [VERSION]).fetchall()
    except CatalogException:
        return False
    return rows == [(True,)]  # all rows are fetched: DuckDB refuses other work while a result is unfinished


def apply(connection: DuckDBPyConnection, events: Sequence[Recorded]) -> None:
    """Take events in, in one transaction. Repeated, reordered and redelivered events change nothing."""
    batch = {"new_events": _events(events), "new_stamps": _stamps(events), "new_traits": _traits(events)}
    for name, rows in batch.items():
        connection.register(name, rows)
    connection.begin()
    try:
        for statement in (INSERT_EVENTS, UPSERT_STAMPS, UPSERT_TRAITS):
            connection.execute(statement)
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    finally:
        for name in batch:
            connection.unregister(name)


def _events(events: Sequence[Recorded]) -> pa.Table:
    columns: dict[str, pa.Array] = {
        "id": _uuids([event.id for event in events]),
        "type": _texts([event.type for event in events]),
        "case_id": _uuids([case_of(event) for event in events]),
        "occurred_at": pa.array([event.occurred_at for event in events], MOMENT),
        "recorded_at": pa.array([event.recorded_at for event in events], MOMENT),
        "point": _texts([point_of(event) for event in events]),
    }
    return pa.table(columns)


def _stamps(events: Sequence[Recorded]) -> pa.Table:
    rows = [(case_of(event), *stamp) for event in events for stamp in stamps_of(event)]
    cases, names, moments = _columns(rows, 3)
    return pa.table({"case_id": _uuids(cases), "name": _texts(names), "moment": pa.array(moments, MOMENT)})


def _traits(events: Sequence[Recorded]) -> pa.Table:
    rows = [
        (case_of(event), *trait, mark)
        for event in events
        if (traits := traits_of(event)) and (mark := mark_of(event))
        for trait in traits
    ]
    cases, names, values, marks = _columns(rows, 4)
    return pa.table({"case_id": _uuids(cases), "name": _texts(names), "value": _texts(values), "mark": _texts(marks)})


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> Sequence[Sequence[Any]]:
    return list(zip(*rows, strict=True)) or [()] * width


def _texts(values: Sequence[str | None]) -> pa.Array:
    return pa.array(values, pa.string())


def _uuids(ids: Sequence[UUID]) -> pa.Array:
    return pa.ExtensionArray.from_storage(pa.uuid(), pa.array([one.bytes for one in ids], pa.binary(16)))
