"""The rows that an answer is made of, in a canonical form, and their digest.

A row is a line of JSON as RFC 8785 writes it: the columns in the order of their names, no spaces; texts, true, false
and null alone; times in UTC with microseconds (``2026-05-04T12:00:00.000000Z``). Every line ends with a line feed; rows
are in the order of their ids.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from vpr_metrics.choosing import Selection, choose, one, rows_of

LINES = 50_000
MOMENT = "%Y-%m-%dT%H:%M:%S.%fZ"


@dataclass(frozen=True, slots=True)
class Input:
    """The rows of one cohort: how many, their digest, and a mark of each column, by which a difference is found.

    ``exclusions`` counts the rows that are in no figure, by the reason that they carry.
    """

    records: int
    sha256: str
    columns: Mapping[str, str]
    exclusions: Mapping[str, int]


def inputs_of(connection: DuckDBPyConnection, selections: Mapping[str, Selection]) -> tuple[str, dict[str, Input]]:
    """The digest of all rows, cohort after cohort, and each cohort's own."""
    whole = hashlib.sha256()
    found = {}
    for name, selection in selections.items():
        choose(connection, selection)
        records = int(one(connection, "select count(*) from chosen"))
        columns = _columns(connection)
        own = hashlib.sha256()
        for lines in _lines(connection, columns):
            own.update(lines)
            whole.update(lines)
        found[name] = Input(records, own.hexdigest(), _marks(connection, columns), _exclusions(connection))
    return whole.hexdigest(), found


def _columns(connection: DuckDBPyConnection) -> dict[str, str]:
    """Each column of the chosen rows as an expression of what the canonical form has of it, in the order of names."""
    found = rows_of(connection, "select column_name, column_type from (describe chosen) order by column_name")
    return {row["column_name"]: _written(row["column_name"], row["column_type"]) for row in found}


def _written(name: str, kind: str) -> str:
    match kind:
        case "TIMESTAMP":
            return f"strftime({name}, '{MOMENT}')"
        case "BOOLEAN":
            return name
        case _:
            return f"{name}::varchar"


def _lines(connection: DuckDBPyConnection, columns: Mapping[str, str]) -> Iterator[bytes]:
    pairs = ", ".join(f"'{name}': {expression}" for name, expression in columns.items())
    query = f"select to_json({{{pairs}}})::varchar || chr(10) from chosen order by id::varchar"  # noqa: S608 - names of ours
    for batch in connection.sql(query).to_arrow_reader(LINES):
        yield "".join(batch.column(0).to_pylist()).encode()


def _marks(connection: DuckDBPyConnection, columns: Mapping[str, str]) -> dict[str, str]:
    marks = ", ".join(
        f"bit_xor(md5_number(concat(id, ' ', coalesce({expression}::varchar, ''))))::varchar as {name}"
        for name, expression in columns.items()
    )
    [row] = rows_of(connection, f"select {marks} from chosen")  # noqa: S608 - names of ours
    return {name: mark or "" for name, mark in row.items()}


def _exclusions(connection: DuckDBPyConnection) -> dict[str, int]:
    query = "select excluded, count(*) as n from chosen where excluded is not null group by excluded order by excluded"
    return {row["excluded"]: row["n"] for row in rows_of(connection, query)}


def differing(then: Mapping[str, str], now: Mapping[str, str]) -> Sequence[str]:
    """The columns whose marks differ, those included that only one of both has."""
    return sorted(name for name in then.keys() | now.keys() if then.get(name) != now.get(name))


def newest_place(connection: DuckDBPyConnection) -> int:
    """The last place of the log that the read model holds an event of; 0 without any."""
    return int(one(connection, "select coalesce(max(sequence), 0) from events"))
