"""A table in the form that somebody takes away: CSV, Arrow or Parquet."""

from collections.abc import Callable, Mapping

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.csv  # type: ignore[import-untyped]
import pyarrow.parquet  # type: ignore[import-untyped]


def _csv(table: pa.Table, sink: pa.BufferOutputStream) -> None:
    pyarrow.csv.write_csv(table, sink)


def _arrow(table: pa.Table, sink: pa.BufferOutputStream) -> None:
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)


def _parquet(table: pa.Table, sink: pa.BufferOutputStream) -> None:
    pyarrow.parquet.write_table(table, sink)


FORMS: Mapping[str, Callable[[pa.Table, pa.BufferOutputStream], None]] = {
    "text/csv": _csv,
    "application/vnd.apache.arrow.stream": _arrow,
    "application/vnd.apache.parquet": _parquet,
}
"""By media type."""


def form_of(accept: str) -> str | None:
    """The media type among FORMS that an Accept header names first; None where it names none of them."""
    named = (one.partition(";")[0].strip().lower() for one in accept.split(","))
    return next((one for one in named if one in FORMS), None)


def rendered(table: pa.Table, form: str) -> bytes:
    """The table in a form."""
    sink = pa.BufferOutputStream()
    FORMS[form](table, sink)
    return bytes(sink.getvalue())
