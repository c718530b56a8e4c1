"""``/v1/reports/{id}/possible-duplicates``: what triage is offered; an officer decides, in triage."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from vpr_intake import duplicates, queries
from vpr_intake.api.disclosing import READERS, allowed
from vpr_intake.api.reports import existing
from vpr_intake.api.reviewing import is_restricted
from vpr_intake.schemas.shown import PossibleDuplicate
from vpr_service.auth import Principal, require
from vpr_service.requests import private
from vpr_service.runtime import Running

router = APIRouter(prefix="/v1/reports/{report_id}", tags=["reports"])


@router.get("/possible-duplicates")
async def possible_duplicates(
    report_id: UUID, reader: Annotated[Principal, Depends(require(*READERS))], runtime: Running, response: Response
) -> list[PossibleDuplicate]:
    """Other reports of the same category within 50 metres and 24 hours, the nearest first; nothing is merged.

    Needs no claim, so that the queue can show it: no place and no person is told. Of a sensitive report and of a
    restricted category it does (403 ``no_active_claim``, ``restricted_case``).
    """
    row = await existing(report_id, None, runtime)
    if row["sensitive"] or await is_restricted(report_id, runtime):
        await allowed(report_id, reader, runtime)
    async with runtime.reading() as connection:
        rows = await duplicates.possible_duplicates(connection, report_id)
    private(response)
    told = ("filed_at", "happened_at", "metres", "seconds")
    return [
        PossibleDuplicate(report_id=row["id"], status=queries.status_of(row), **{name: row[name] for name in told})
        for row in rows
    ]
