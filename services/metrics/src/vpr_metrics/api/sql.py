"""``/v1/sql``: analysts' own queries, on a snapshot and in a jail."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Response

from vpr_events.contracts.values import Role
from vpr_metrics.api.figures import READERS
from vpr_metrics.projecting import NotBuilt
from vpr_metrics.schemas import Column, Query, QueryResult
from vpr_metrics.sql.jail import Jail, Result
from vpr_metrics.sql.snapshot import Kind
from vpr_metrics.tabular import FORMS, form_of, rendered
from vpr_service.auth import Principal, require
from vpr_service.problems import Problem
from vpr_service.requests import private
from vpr_service.runtime import Running

router = APIRouter(prefix="/v1", tags=["figures"])

SEE_CASES = (Role.SUPERVISOR, Role.AUDITOR, Role.ADMIN)
"""Who may see single cases."""


async def _jail(runtime: Running) -> Jail:
    return next(worker for worker in runtime.workers if isinstance(worker, Jail))


@router.post("/sql", responses={200: {"content": {form: {} for form in FORMS}}})
async def query(
    body: Query,
    caller: Annotated[Principal, Depends(require(*READERS))],
    jail: Annotated[Jail, Depends(_jail)],
    response: Response,
    accept: Annotated[str, Header()] = "application/json",
) -> Any:
    """Run one SELECT on a snapshot of the read model, whose age the answer tells.

    Supervisors, auditors and administrators see the tables ``records`` and ``events``; analysts see ``records`` without
    ids, in which traits that fewer than five records share are null. 422 names what is wrong with the query.
    """
    try:
        result = await jail.query(body.sql, Kind.WHOLE if caller.has(*SEE_CASES) else Kind.GUARDED)
    except NotBuilt:
        detail = "the read model is being built from the log, try again"
        raise Problem(503, "not_built", detail, headers={"Retry-After": "2"}) from None
    if form := form_of(accept):
        told = {"X-Snapshot-At": result.as_of.isoformat(), "X-Truncated": str(result.truncated).lower()}
        return Response(rendered(result.table, form), media_type=form, headers={"Cache-Control": "no-store"} | told)
    private(response)
    return _shown(result, jail.now())


def _shown(result: Result, now: datetime) -> QueryResult:
    return QueryResult(
        columns=[Column(name=one.name, type=str(one.type)) for one in result.table.schema],
        rows=list(zip(*(column.to_pylist() for column in result.table.columns), strict=True)),
        snapshot_at=result.as_of,
        snapshot_age=(now - result.as_of).total_seconds(),
        truncated=result.truncated,
    )
