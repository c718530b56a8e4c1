"""An answer as JSON, CSV, Arrow or Parquet, some as a picture: by the path's suffix, or else by Accept."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

import pyarrow as pa  # type: ignore[import-untyped]
from fastapi import Depends, Request, Response
from pyarrow import parquet
from pydantic import BaseModel

from vpr_service.problems import Problem


class Form(StrEnum):
    """How an answer is written."""

    JSON = "json"
    CSV = "csv"
    ARROW = "arrow"
    PARQUET = "parquet"
    SVG = "svg"
    PNG = "png"
    HTML = "html"


MEDIA = {
    Form.JSON: "application/json",
    Form.CSV: "text/csv",
    Form.ARROW: "application/vnd.apache.arrow.stream",
    Form.PARQUET: "application/vnd.apache.parquet",
    Form.SVG: "image/svg+xml",
    Form.PNG: "image/png",
    Form.HTML: "text/html",
}
DATA = (Form.JSON, Form.CSV, Form.ARROW, Form.PARQUET)
"""The forms that every answer has; the others are pictures."""

TEXT, NUMBER, COUNT, TRUTH = pa.string(), pa.float64(), pa.int64(), pa.bool_()
MOMENT = pa.timestamp("us", "UTC")

RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"content": {MEDIA[form]: {} for form in DATA if form is not Form.JSON}},
    406: {"description": "None of the forms that are accepted"},
}
"""What to tell OpenAPI of an endpoint that answers in every form."""


@dataclass(frozen=True, slots=True)
class Table:
    """The same answer as rows; ``columns`` gives each column's type, in order."""

    columns: Mapping[str, pa.DataType]
    rows: Sequence[Mapping[str, Any]]

    def arrow(self) -> pa.Table:
        """The rows as Arrow."""
        return pa.Table.from_pylist([dict(row) for row in self.rows], pa.schema(list(self.columns.items())))


async def accepted(request: Request) -> Form:
    """The form that the Accept header likes best; JSON for who takes anything. Raises Problem 406."""
    return liked(request, DATA)


Accepted = Annotated[Form, Depends(accepted)]


def liked(request: Request, offered: Sequence[Form]) -> Form:
    """The form that the Accept header likes best, the first for who takes anything. Raises Problem 406."""
    header = request.headers.get("Accept", "*/*")
    for wanted in sorted((_weighed(part) for part in header.split(",")), key=lambda one: -one[1]):
        if form := _form_of(*wanted, offered):
            return form
    raise _not_acceptable(offered)


def _not_acceptable(offered: Sequence[Form]) -> Problem:
    return Problem(406, "not_acceptable", f"this comes as {', '.join(MEDIA[form] for form in offered)}")


def _weighed(part: str) -> tuple[str, float]:
    media, *parameters = (word.strip() for word in part.split(";"))
    weights = [word.removeprefix("q=") for word in parameters if word.startswith("q=")]
    try:
        return media.lower(), float(weights[0]) if weights else 1.0
    except ValueError:
        return media.lower(), 0.0


def _form_of(media: str, weight: float, offered: Sequence[Form]) -> Form | None:
    if weight <= 0:
        return None
    if media == "*/*":
        return offered[0]
    return next((form for form in offered if media in {MEDIA[form], MEDIA[form].partition("/")[0] + "/*"}), None)


def shown(answer: BaseModel, table: Callable[[], Table], form: Form, name: str) -> Response:
    """The answer in that form, or its table; ``name`` is what a browser calls the file. Raises Problem 406 for a
    picture.
    """
    return sent(_written(answer, table, form), form, name)


def sent(written: bytes, form: Form, name: str, more: Mapping[str, str] | None = None) -> Response:
    """An answer that is written in that form already, with the headers that it needs, and ``more``."""
    headers = {"Vary": "Accept", "Cache-Control": "no-store", **(more or {})}
    if form is not Form.JSON:
        headers["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return Response(written, headers=headers, media_type=MEDIA[form])


def _written(answer: BaseModel, table: Callable[[], Table], form: Form) -> bytes:
    match form:
        case Form.JSON:
            return as_json(answer)
        case Form.CSV:
            return _as_csv(table())
        case Form.ARROW:
            return _as_arrow(table().arrow())
        case Form.PARQUET:
            return _as_parquet(table().arrow())
        case _:
            raise _not_acceptable(DATA)


def as_json(answer: BaseModel) -> bytes:
    """The answer in JSON."""
    return answer.model_dump_json(by_alias=True).encode()


def _as_csv(table: Table) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(table.columns), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: _cell(row.get(name)) for name in table.columns} for row in table.rows)
    return text.getvalue().encode()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if hasattr(value, "isoformat") else value


def _as_arrow(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def _as_parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    parquet.write_table(table, sink)
    return sink.getvalue()
