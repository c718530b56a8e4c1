"""The read model in DuckDB: its tables, and how a batch of events gets in with two statements.

Times are UTC without a zone: DuckDB needs no time zone data for those. A batch is aggregated by case before it meets
the table, so that each case's row is written once a batch. ``cases`` answers for now; ``events`` keeps what each event
told, so that the same can be made of the events known at a moment (``records.py``).
"""

from collections.abc import Mapping, Sequence
from itertools import accumulate
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
    Known,
    case_of,
    mark_of,
    note_stamp,
    note_trait,
    point_of,
    stamps_of,
    traits_of,
)
from vpr_metrics.records import LIVE, records_of

__all__ = ["LIVE", "UNFIT", "VERSION", "apply", "complete", "create", "is_complete"]

VERSION = 4
"""Of the tables and of what the projections make of events: a file of another version is rebuilt."""

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
    id uuid primary key, type varchar not null, case_id uuid not null, stream varchar not null,
    occurred_at timestamp not null, recorded_at timestamp not null, sequence bigint,
    point varchar, mark varchar not null,
    stamps struct(name varchar, moment timestamp)[] not null, traits struct(name varchar, value varchar)[] not null
);
create table cases (id uuid primary key, {EARLIEST}, {LATEST}, {FIXED}, {CHANGING});
create view records as {records_of("cases")};
"""  # noqa: S608 - made of this package's own names

INSERT_EVENTS = """
insert into events
select * replace (coalesce(sequence, (select max(sequence) from events)) as sequence) from new_events
on conflict do nothing
"""
"""``sequence`` is the event's place in the log. One that comes again keeps its first place; one that an operator let in
later has none of its own, and stands where the log was read to by then.
"""

TRAIT_COLUMNS = (*FIXED_TRAITS, *CHANGING_TRAITS, *(f"{trait}_mark" for trait in CHANGING_TRAITS))
UPSERT_CASES = f"""
insert into cases by name select * from new_cases
on conflict (id) do update set
    {", ".join(f"{point} = least({point}, excluded.{point})" for point in FIRST_POINTS)},
    {", ".join(f"{known} = greatest({known}, excluded.{known})" for known in (*LAST_POINTS, *FIXED_TRAITS))},
    {
    ", ".join(
        f"{trait} = if(excluded.{trait}_mark > coalesce({trait}_mark, ''), excluded.{trait}, {trait}), "
        f"{trait}_mark = greatest({trait}_mark, excluded.{trait}_mark)"
        for trait in CHANGING_TRAITS
    )
}
"""  # noqa: S608 - made of this package's own names
"""What a statement costs is its plan more than its rows: it is one, and aggregates nothing."""


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


def apply(connection: DuckDBPyConnection, events: Sequence[Recorded], places: Sequence[int | None] = ()) -> None:
    """Take events in, in one transaction. Repeated, reordered and redelivered events change nothing.

    ``places`` are those of the events in the log, none for those that are not read from there.
    """
    batch = _batch(events, places or [None] * len(events))
    for name, rows in batch.items():
        connection.register(name, rows)
    connection.begin()
    try:
        for statement in (INSERT_EVENTS, UPSERT_CASES):
            connection.execute(statement)
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    finally:
        for name in batch:
            connection.unregister(name)


def _batch(events: Sequence[Recorded], places: Sequence[int | None]) -> dict[str, pa.Table]:
    """The events, each with what it tells in lists, and what they tell of each case together."""
    cases, marks = [case_of(event) for event in events], [mark_of(event) for event in events]
    stamps, traits = [stamps_of(event) for event in events], [traits_of(event) for event in events]
    points = [point_of(event) for event in events]
    columns: dict[str, pa.Array] = {
        "id": _uuids([event.id for event in events]),
        "type": _texts([event.type for event in events]),
        "case_id": _uuids(cases),
        "stream": _texts([event.stream for event in events]),
        "occurred_at": pa.array([event.occurred_at for event in events], MOMENT),
        "recorded_at": pa.array([event.recorded_at for event in events], MOMENT),
        "sequence": pa.array(places, pa.int64()),
        "point": _texts(points),
        "mark": _texts(marks),
        "stamps": _lists(stamps, moment=MOMENT),
        "traits": _lists(traits, value=pa.string()),
    }
    known: dict[UUID, Known] = {}
    for event, case, point, mark, moments, values in zip(events, cases, points, marks, stamps, traits, strict=True):
        for name, moment in ((point, event.occurred_at), *moments) if point else moments:
            note_stamp(known.setdefault(case, {}), name, moment)
        for name, value in values:
            note_trait(known.setdefault(case, {}), name, value, mark)
    return {"new_events": pa.table(columns), "new_cases": _rows(known)}


def _rows(known: Mapping[UUID, Known]) -> pa.Table:
    kinds = dict.fromkeys((*FIRST_POINTS, *LAST_POINTS), MOMENT) | dict.fromkeys(TRAIT_COLUMNS, pa.string())
    columns = {name: pa.array([case.get(name) for case in known.values()], kind) for name, kind in kinds.items()}
    return pa.table({"id": _uuids(list(known)), **columns})


def _lists(told: Sequence[Sequence[tuple[str, Any]]], **of: pa.DataType) -> pa.Array:
    """A list of (name, fact) pairs for each event."""
    offsets = pa.array(accumulate((len(one) for one in told), initial=0), pa.int32())
    names, facts = _columns([pair for one in told for pair in one], 2)
    [(column, kind)] = of.items()
    pairs = pa.StructArray.from_arrays([_texts(names), pa.array(facts, kind)], ["name", column])
    return pa.ListArray.from_arrays(offsets, pairs)


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> Sequence[Sequence[Any]]:
    return list(zip(*rows, strict=True)) or [()] * width


def _texts(values: Sequence[str | None]) -> pa.Array:
    return pa.array(values, pa.string())


def _uuids(ids: Sequence[UUID]) -> pa.Array:
    return pa.ExtensionArray.from_storage(pa.uuid(), pa.array([one.bytes for one in ids], pa.binary(16)))
