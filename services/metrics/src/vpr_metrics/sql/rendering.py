"""The rows of a query as the bytes of an answer, written by DuckDB and Arrow inside the jail.

What JSON and CSV have no word for is text as DuckDB writes it: dates of any year, intervals, ``\\xFF`` for a byte.
"""

import csv
import io
import json
from collections import Counter
from collections.abc import Sequence

import pyarrow as pa  # type: ignore[import-untyped]
from duckdb import DuckDBPyConnection, DuckDBPyRelation


def columns_of(table: pa.Table) -> list[dict[str, str]]:
    """Its columns, with their Arrow types."""
    return [{"name": one.name, "type": str(one.type)} for one in table.schema]


def rendered(connection: DuckDBPyConnection, table: pa.Table, form: str) -> bytes:
    """The rows as json (a list of rows, each a list of values), csv, arrow or parquet."""
    table = table.rename_columns(_names(table.column_names))
    match form:
        case "json":
            return _as_json(connection.from_arrow(table))
        case "csv":
            return _as_csv(connection.from_arrow(table))
        case "arrow":
            return _as_arrow(table)
    return _as_parquet(table)


def _as_json(found: DuckDBPyRelation) -> bytes:
    values = ", ".join(_plain(place, str(kind)) for place, kind in enumerate(found.types, 1))
    lines = [line for (line,) in found.project(f"json_array({values})::varchar").fetchall()]
    if any(str(kind).endswith(("]", ")")) for kind in found.types):
        lines = [json.dumps(json.loads(line, parse_constant=lambda _: None)) for line in lines]
    return f"[{','.join(lines)}]".encode()


def _as_csv(found: DuckDBPyRelation) -> bytes:
    texts = ", ".join(f"({_plain(place, str(kind))})::varchar" for place, kind in enumerate(found.types, 1))
    out = io.StringIO(newline="")
    csv.writer(out).writerows([found.columns, *found.project(texts).fetchall()])
    return out.getvalue().encode()


def _as_arrow(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def _as_parquet(table: pa.Table) -> bytes:
    from pyarrow import parquet  # it takes long to load, and most answers do without

    sink = io.BytesIO()
    parquet.write_table(table, sink)
    return sink.getvalue()


def _plain(place: int, kind: str) -> str:
    """A column as JSON and CSV can hold it: ISO 8601 for moments, none for what is no number."""
    if kind.startswith("TIMESTAMP") and not kind.endswith("]"):
        return f"replace(#{place}::varchar, ' ', 'T')"
    return f"if(isfinite(#{place}), #{place}, null)" if kind in {"DOUBLE", "FLOAT"} else f"#{place}"


def _names(columns: Sequence[str]) -> list[str]:
    """Columns that are named alike get numbers: a file has each name once."""
    seen: Counter[str] = Counter()
    names = []
    for name in columns:
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return names
