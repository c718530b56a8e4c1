"""Writes as data: many commands' rows go to the database in few statements."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import Any, cast

import orjson
from asyncpg.exceptions import InterfaceError as DriverError
from asyncpg.exceptions import PostgresError
from sqlalchemy import ColumnElement, Executable, Insert, Table, bindparam, insert, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError
from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class Write:
    """One execution of a statement. ``entity`` is whose rows it touches: its writes keep their order.

    ``statement`` is a module-level constant with bound parameters, so that equal statements are one object.
    """

    entity: object
    statement: Executable
    values: Mapping[str, Any]


type Rows = Sequence[Mapping[str, Any]]
type Group = tuple[Executable, list[Mapping[str, Any]]]

OPEN = select(1)
"""SQLAlchemy opens the driver's transaction with its first statement: a COPY before that would be outside of it."""


def grouped(writes: Iterable[Write]) -> list[Group]:
    """Statements with the rows each runs on; the writes of one entity stay in their order."""
    groups: list[Group] = []
    places: dict[int, list[int]] = {}
    last_group: dict[object, int] = {}
    for write in writes:
        earliest = last_group.get(write.entity, 0)
        same = places.setdefault(id(write.statement), [])
        index = next((place for place in same if place >= earliest), len(groups))
        if index == len(groups):
            groups.append((write.statement, []))
            same.append(index)
        groups[index][1].append(write.values)
        last_group[write.entity] = index
    return groups


def inserting(table: Table, where: ColumnElement[bool]) -> Insert:
    """Inserts a row of all columns where the condition holds, which may have the row's columns as parameters."""
    row = select(*(bindparam(column.name, type_=column.type) for column in table.c))
    return insert(table).from_select([column.name for column in table.c], row.where(where))


async def run(connection: AsyncConnection, writes: Iterable[Write]) -> None:
    """Run the writes, grouped."""
    for statement, rows in grouped(writes):
        if _is_plain(statement):
            await copy_rows(connection, cast("Insert", statement).table, rows)
        else:
            await connection.execute(statement, rows)


def _is_plain(statement: Executable) -> bool:
    """Whether it inserts its parameters and nothing else, so that COPY does the same."""
    if not isinstance(statement, Insert) or statement.select is not None:
        return False
    # Nothing public tells: a clause behind the values, values of its own (none is None or empty), something returned.
    own = (statement._post_values_clause, statement._values or None, statement._multi_values or None)  # noqa: SLF001
    return all(one is None for one in own) and not statement._returning  # noqa: SLF001


async def copy_rows(connection: AsyncConnection, table: Any, rows: Rows) -> None:
    """Insert rows that all name the same columns: by COPY through the driver, with the errors a statement would raise.

    Even a single row costs less than half of what an INSERT through SQLAlchemy does.
    """
    driver: Any = (await connection.get_raw_connection()).driver_connection
    if not driver.is_in_transaction():
        await connection.execute(OPEN)
    columns = tuple(rows[0])
    record_of = _reader(table, columns)
    try:
        await driver.copy_records_to_table(table.name, columns=columns, records=[record_of(row) for row in rows])
    except PostgresError as error:
        kind = IntegrityError if str(getattr(error, "sqlstate", "")).startswith("23") else DBAPIError
        raise kind(f"COPY {table.name}", None, error, hide_parameters=True) from error
    except DriverError as error:
        raise InterfaceError(f"COPY {table.name}", None, error) from error


@cache
def _reader(table: Table, columns: tuple[str, ...]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    """From a row to the record of these columns."""
    json = [place for place, name in enumerate(columns) if isinstance(table.c[name].type, JSONB)]
    plain: Callable[[Mapping[str, Any]], Any] = itemgetter(*columns)
    if len(columns) == 1:
        return lambda row: (plain(row),)
    if not json:
        return plain

    def with_json(row: Mapping[str, Any]) -> tuple[Any, ...]:
        record = list(plain(row))
        for place in json:
            record[place] = orjson.dumps(record[place]).decode()
        return tuple(record)

    return with_json
