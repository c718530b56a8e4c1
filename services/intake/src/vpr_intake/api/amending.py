"""``PATCH /v1/reports/{id}``: who filed a report, or who works on it, replaces parts of it."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from vpr_events.decider import Refused
from vpr_events.pipeline import Execution
from vpr_intake.api.callers import CallerGiven
from vpr_intake.api.disclosing import allowed
from vpr_intake.api.reports import existing, summary
from vpr_intake.domain.report import AmendReport, report
from vpr_intake.private import REPLACEABLE, particulars_replaced
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
    """Replace parts of a report. If-Match names the version that was read; 412 when there is a newer one.

    A client amends its own. Staff need an active claim, an open task or broken glass (403 ``no_active_claim``). The
    answer shows no personal data.
    """
    await existing(report_id, caller, runtime)
    if caller.staff:
        await allowed(report_id, caller.staff, runtime)
    row = await existing(report_id, caller, runtime, personal=True)
    try:
        await runtime.pipeline.execute(_execution(report_id, row, body, version, runtime))
    except Refused as refusal:
        if refusal.code == "version_changed":
            raise version_changed(str(refusal)) from None
        raise
    row = await existing(report_id, caller, runtime)
    private(response, row["version"])
    return summary(row)


def _execution(report_id: UUID, row: dict[str, Any], body: Amendment, version: int, runtime: Running) -> Execution:
    given = body.model_fields_set
    told = {name: getattr(body, name) for name in given - {"description", "place", "reporter"}}
    command = AmendReport(at=runtime.now(), version=version, fields=tuple(given), **told)
    return Execution(decider=report, entity=report_id, command=command, private=[_particulars(report_id, row, body)])


def _particulars(report_id: UUID, row: dict[str, Any], body: Amendment) -> Any:
    values = {name: row[name] for name in REPLACEABLE}
    values |= body.place.model_dump() if body.place else {}
    values |= body.reporter.model_dump() if body.reporter else {}
    values |= {"description": body.description} if body.description else {}
    return particulars_replaced(report_id, values)
