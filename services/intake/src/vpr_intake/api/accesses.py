"""``/v1/access``: who read what, when and why. Itself without personal data of reporters."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from vpr_intake import queries
from vpr_intake.api.alarms import Overseer
from vpr_intake.schemas.accesses import Access, AccessQuery
from vpr_service.requests import cursor_of, link_next, moment_of, private
from vpr_service.runtime import Running

router = APIRouter(prefix="/v1/access", tags=["access"])


@router.get("")
async def list_accesses(
    _: Overseer, runtime: Running, query: Annotated[AccessQuery, Query()], request: Request, response: Response
) -> list[Access]:
    """Accesses, newest first. ``Link`` leads to the next page."""
    async with runtime.reading() as connection:
        rows = await queries.list_accesses(
            connection,
            report_id=query.report_id,
            reader_id=query.reader_id,
            since=query.since,
            until=query.until,
            limit=query.limit + 1,
            after=query.after(moment_of, UUID),
        )
    more = len(rows) > query.limit
    rows = rows[: query.limit]
    link_next(request, response, cursor_of(rows[-1]["at"].isoformat(), str(rows[-1]["id"])) if more else None)
    private(response)
    return [Access(**row) for row in rows]
