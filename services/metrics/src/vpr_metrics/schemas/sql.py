"""Analysts' own queries, and what they find."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from vpr_service.requests import Body


class Query(Body):
    """One SELECT."""

    sql: Annotated[str, Field(min_length=1, max_length=20_000)]


class Column(BaseModel):
    """A column of an answer, and its Arrow type."""

    name: str
    type: str


class QueryResult(BaseModel):
    """Rows of a query on a snapshot that was ``snapshot_age`` seconds old; ``truncated``: there are more."""

    columns: list[Column]
    rows: list[tuple[Any, ...]]
    snapshot_at: datetime
    snapshot_age: float
    truncated: bool
