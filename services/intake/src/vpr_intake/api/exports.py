"""``/v1/reports/{id}/export``: what a person may ask to see, everything that is held about their report."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from vpr_events.contracts.access import AlarmKind
from vpr_events.contracts.values import Role
from vpr_intake.api.disclosing import note_reading
from vpr_intake.api.reports import existing
from vpr_intake.api.reviewing import is_restricted, raise_alarm, review_own
from vpr_intake.domain.access import Resource
from vpr_intake.elsewhere import Elsewhere
from vpr_intake.held import HOLDINGS
from vpr_intake.schemas.exports import Export, ExportQuery
from vpr_intake.settings import settings_of
from vpr_service.auth import Principal, require
from vpr_service.held import held_by
from vpr_service.requests import private
from vpr_service.runtime import Running

router = APIRouter(prefix="/v1/reports/{report_id}", tags=["access requests"])

EXPORTERS = (Role.SUPERVISOR, Role.ADMIN)


@router.get("/export")
async def export(
    report_id: UUID,
    caller: Annotated[Principal, Depends(require(*EXPORTERS))],
    runtime: Running,
    query: Annotated[ExportQuery, Query()],
    response: Response,
) -> Export:
    """Everything that is held about a report, in every service; the reading is recorded with the request's number.

    Who read the report is told by roles and times. 503 ``part_missing`` names a service that does not give its part:
    an export is whole, or there is none.
    """
    await existing(report_id, None, runtime)
    purpose = f"access/{query.reference}"
    others = await Elsewhere.of(settings_of(runtime)).held(report_id, caller.id, purpose)
    role = next(role for role in EXPORTERS if caller.has(role))
    await note_reading(report_id, caller.id, role, Resource.EXPORT, purpose, runtime)
    await review_own(report_id, caller.id, caller.contacts, runtime)
    if await is_restricted(report_id, runtime):
        await raise_alarm(report_id, AlarmKind.RESTRICTED_CASE, caller.id, "export", runtime)
    own = await held_by(runtime.engine, HOLDINGS, report_id)
    private(response)
    return Export(
        report_id=report_id, reference=query.reference, exported_at=runtime.now(), services={"intake": own, **others}
    )
