"""``/v1/sql``: analysts' own queries, on a snapshot and in a jail."""

from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from vpr_metrics.api.forms import RESPONSES, Accepted, Table, shown
from vpr_metrics.api.readers import Reader, sees_small
from vpr_metrics.projecting import NotBuilt
from vpr_metrics.schemas.sql import Column, Query, QueryResult
from vpr_metrics.sql.jail import Jail, Result
from vpr_metrics.sql.snapshot import Kind
from vpr_service.problems import Problem
from vpr_service.runtime import Running

router = APIRouter(prefix="/v1", tags=["figures"])


async def _jail(runtime: Running) -> Jail:
    return runtime.worker(Jail)


@router.post("/sql", response_model=QueryResult, responses=RESPONSES)
async def query(body: Query, reader: Reader, jail: Annotated[Jail, Depends(_jail)], form: Accepted) -> Response:
    """Run one SELECT on a snapshot of the read model, whose age the answer tells.

    Supervisors see the tables ``records`` and ``events``; others see ``records`` without ids, in which traits that
    fewer than five records share are null. 422 names what is wrong with the query.
    """
    try:
        found = await jail.query(body.sql, Kind.WHOLE if sees_small(reader) else Kind.GUARDED)
    except NotBuilt:
        detail = "the read model is being built from the log, try again"
        raise Problem(503, "not_built", detail, headers={"Retry-After": "2"}) from None
    answer = shown(_answer(found, jail), lambda: _table(found), form, "query")
    answer.headers["X-Snapshot-At"] = found.as_of.isoformat()
    answer.headers["X-Truncated"] = str(found.truncated).lower()
    return answer


def _answer(found: Result, jail: Jail) -> QueryResult:
    return QueryResult(
        columns=[Column(name=one.name, type=str(one.type)) for one in found.table.schema],
        rows=list(zip(*(column.to_pylist() for column in found.table.columns), strict=True)),
        snapshot_at=found.as_of,
        snapshot_age=(jail.now() - found.as_of).total_seconds(),
        truncated=found.truncated,
    )


def _table(found: Result) -> Table:
    """Columns that are named alike get numbers: a file has each name once."""
    seen: Counter[str] = Counter()
    names = []
    for one in found.table.schema:
        seen[one.name] += 1
        names.append(one.name if seen[one.name] == 1 else f"{one.name}_{seen[one.name]}")
    table = found.table.rename_columns(names)
    return Table({one.name: one.type for one in table.schema}, table.to_pylist())
