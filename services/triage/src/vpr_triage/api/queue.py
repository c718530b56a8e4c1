"""``/v1/cases``: the queue, and one case."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from vpr_service.requests import cursor_of, link_next, moment_of, private
from vpr_service.runtime import Running
from vpr_triage import queries
from vpr_triage.api.callers import Found, Reader, shown
from vpr_triage.schemas import Case, QueueQuery
from vpr_triage.status import Status

router = APIRouter(prefix="/v1/cases", tags=["cases"])

GRAVITY_LIMIT = 2**31 - 1
"""What its column holds."""


@router.get("")
async def list_cases(
    caller: Reader, runtime: Running, query: Annotated[QueueQuery, Query()], request: Request, response: Response
) -> list[Case]:
    """The queue: gravest priority first, then oldest; without a priority last. ``Link`` leads to the next page."""
    wanted = queries.Filter(
        statuses=query.status or ([] if query.holder else [Status.OPEN]),
        holder=caller.id if query.holder else None,
        categories=query.category,
        districts=query.district,
    )
    after = query.after(_gravity_of, moment_of, UUID)
    async with runtime.reading() as connection:
        rows = await queries.queue(connection, wanted, limit=query.limit + 1, after=after)
    more = len(rows) > query.limit
    rows = rows[: query.limit]
    link_next(request, response, _cursor(rows[-1]) if more else None)
    private(response)
    return [shown(row) for row in rows]


@router.get("/{case_id}")
async def read_case(_: Reader, row: Found, response: Response) -> Case:
    """One case with its progress."""
    private(response, row["version"])
    return shown(row)


def _cursor(row: dict[str, Any]) -> str:
    return cursor_of(row["gravity"], row["opened_at"].isoformat(), str(row["id"]))


def _gravity_of(part: Any) -> int:
    if not isinstance(part, int) or abs(part) > GRAVITY_LIMIT:
        raise ValueError("no gravity of a case")
    return part
