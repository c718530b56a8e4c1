"""``PATCH /v1/reports/{id}``: who filed a report, or who works on it, replaces parts of it."""

from uuid import UUID

from fastapi import APIRouter, Response

from vpr_events.decider import Refused
from vpr_intake.api.callers import CallerGiven
from vpr_intake.api.disclosing import allowed
from vpr_intake.api.filing import amendment
from vpr_intake.api.reports import existing, summary
from vpr_intake.schemas import Amendment, ReportSummary
from vpr_service.requests import ExpectedVersion, private, version_changed
from vpr_service.runtime import Running

router = APIRouter(prefix="/v1/reports", tags=["reports"])


@router.patch("/{report_id}")
async def amend(
    report_id: UUID,
    body: Amendment,
    caller: CallerGiven,
    runtime: Running,
    version: ExpectedVersion,
    response: Response,
) -> ReportSummary:
    """Replace parts of a report, which is screened again.

    If-Match names the version that was read; 412 when there is a newer one. A client amends its own. Staff need an
    active claim, an open task or broken glass (403 ``no_active_claim``). The answer shows no personal data.
    """
    await existing(report_id, caller, runtime)
    if caller.staff:
        await allowed(report_id, caller.staff, runtime)
    row = await existing(report_id, caller, runtime, personal=True)
    try:
        await runtime.pipeline.execute(*amendment(report_id, row, body, version, caller, runtime))
    except Refused as refusal:
        if refusal.code == "version_changed":
            raise version_changed(str(refusal)) from None
        raise
    row = await existing(report_id, caller, runtime)
    private(response, row["version"])
    return summary(row)
