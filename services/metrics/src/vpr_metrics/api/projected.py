"""The read model behind the figures."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from duckdb import DuckDBPyConnection
from fastapi import Depends

from vpr_metrics.choosing import sources
from vpr_metrics.projecting import NotBuilt, Projection
from vpr_metrics.schemas.figures import AsOf
from vpr_service.problems import Problem, invalid_field
from vpr_service.runtime import Running


async def _projection(runtime: Running) -> Projection:
    return runtime.worker(Projection)


Projected = Annotated[Projection, Depends(_projection)]


async def read[T](projection: Projection, query: Callable[[DuckDBPyConnection], T]) -> T:
    """What a query finds. Raises Problem 503 while there is no read model yet."""
    try:
        return await projection.read(query)
    except NotBuilt:
        raise not_built() from None


def not_built() -> Problem:
    """There is no complete read model yet."""
    return Problem(
        503, "not_built", "the read model is being built from the log, try again", headers={"Retry-After": "2"}
    )


def check_source(connection: DuckDBPyConnection, source: str, field: str = "source") -> None:
    """Raises Problem 422 for a source that no record has."""
    if source not in dict(sources(connection)):
        raise invalid_field(field, "unknown source; GET /v1/sources lists them")


def as_of(event: tuple[Any, datetime] | None) -> AsOf | None:
    """The newest event that an answer knows of, as it is told."""
    return AsOf(event_id=event[0], recorded_at=event[1]) if event else None
