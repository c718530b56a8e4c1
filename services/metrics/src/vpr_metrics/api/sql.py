"""``/v1/sql``: analysts' own queries, on a snapshot and in a jail."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Response

from vpr_metrics.api.forms import RESPONSES, Accepted, Form, sent
from vpr_metrics.api.projected import not_built
from vpr_metrics.api.readers import Reader, sees_small
from vpr_metrics.projecting import NotBuilt
from vpr_metrics.schemas.sql import Query, QueryResult
from vpr_metrics.sql.jail import Jail, Result
from vpr_metrics.sql.snapshot import Kind
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
        found = await jail.query(body.sql, Kind.WHOLE if sees_small(reader) else Kind.GUARDED, form)
    except NotBuilt:
        raise not_built() from None
    headers = {"X-Snapshot-At": found.as_of.isoformat(), "X-Truncated": str(found.truncated).lower()}
    return sent(_whole(found, jail) if form is Form.JSON else found.body, form, "query", headers)


def _whole(found: Result, jail: Jail) -> bytes:
    """The rows with what is told of them; they are JSON already."""
    told = {
        "columns": found.columns,
        "snapshot_at": found.as_of.isoformat(),
        "snapshot_age": (jail.now() - found.as_of).total_seconds(),
        "truncated": found.truncated,
    }
    return orjson.dumps(told)[:-1] + b',"rows":' + found.body + b"}"
