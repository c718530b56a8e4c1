"""``PATCH /v1/reports/{id}``: who filed a report, or who works on it, replaces parts of it."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from vpr_events.decider import Refused
from vpr_events.pipeline import Execution
from vpr_intake.api.callers import Caller, FilerGiven
from vpr_intake.api.disclosing import allowed
from vpr_intake.api.filing import city_of, stopped_alarm, understood, urgency_of
from vpr_intake.api.reports import existing, summary
from vpr_intake.city import City
from vpr_intake.domain.report import report
from vpr_intake.domain.report_commands import AmendReport, RescreenReport
from vpr_intake.domain.screening import Outcome
from vpr_intake.private import answers_replaced, details_of, particulars_replaced
from vpr_intake.receipts import sensitive
from vpr_intake.schemas.details import Details
from vpr_intake.schemas.filing import Amendment, NewReport, Place, Reporter
from vpr_intake.schemas.shown import ReportSummary
from vpr_service.problems import invalid_field
from vpr_service.requests import ExpectedVersion, private, version_changed
from vpr_service.runtime import Running, Runtime

router = APIRouter(prefix="/v1/reports", tags=["reports"])


@router.patch("/{report_id}")
async def amend(
    report_id: UUID,
    body: Amendment,
    caller: FilerGiven,
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
    if row["version"] != version:  # what stays is taken from this row: it must be of the version that is amended
        raise version_changed(f"the report is at version {row['version']} by now: read it again")
    try:
        await runtime.pipeline.execute(*_amendment(report_id, row, body, version, caller, runtime))
    except Refused as refusal:
        if refusal.code == "version_changed":
            raise version_changed(str(refusal)) from None
        raise
    row = await existing(report_id, caller, runtime)
    private(response, row["version"])
    return summary(row, caller, runtime)


def _amendment(
    report_id: UUID, row: Mapping[str, Any], body: Amendment, version: int, caller: Caller, runtime: Runtime
) -> Sequence[Execution]:
    """The executions that replace parts of a report, whose ``row`` this is, and screen it again.

    Raises Problem 422 as ``filing`` does.
    """
    city, at = city_of(runtime), runtime.now()
    _check_district(row, body)
    whole = _amended(row, body, city)
    facts = understood(whole, city)
    told = {name: getattr(body, name) for name in body.model_fields_set & {"category", "occurred_from", "occurred_to"}}
    district = facts.district if facts.district != row["district"] else None
    amend = AmendReport(at=at, version=version, fields=tuple(body.model_fields_set), district=district, **told)
    told_anew = {**whole.place.model_dump(), **whole.reporter.model_dump(), "description": whole.description}
    private = [particulars_replaced(report_id, {**row, **told_anew})]
    private += [answers_replaced(report_id, facts.answers)] if facts.answers != (row["answers"] or {}) else []
    private += [details_of(report_id, body.details, anew=True)] if body.details else []
    private += [sensitive(report_id)] if facts.sensitive else []
    screening = RescreenReport(at=at, screening=facts.screening, urgency=urgency_of(city))
    both = [
        Execution(decider=report, entity=report_id, command=amend, private=private),
        Execution(decider=report, entity=report_id, command=screening),
    ]
    stopped = facts.screening.outcome is Outcome.EMERGENCY and row["stopped_at"] is None
    return [*both, stopped_alarm(report_id, caller, facts.screening, at)] if stopped else both


def _check_district(row: Mapping[str, Any], body: Amendment) -> None:
    """The district of the old place is not that of a new one. Raises Problem 422."""
    if row["district"] and body.place and body.place.latitude is None and not body.district:
        raise invalid_field("district", "say in which district the new place is, or give its latitude and longitude")


def _amended(row: Mapping[str, Any], body: Amendment, city: City) -> NewReport:
    """The report as it is to be. Another category keeps the answers that it asks for."""
    category = city.categories.get(body.category or row["category"])
    kept = {code: answer for code, answer in (row["answers"] or {}).items() if category and category.question(code)}
    return NewReport.model_construct(
        category=body.category or row["category"],
        description=body.description or row["description"],
        district=body.district or row["district"],
        place=body.place or Place.model_construct(**{name: row[name] for name in Place.model_fields}),
        reporter=body.reporter or Reporter.model_construct(**{name: row[name] for name in Reporter.model_fields}),
        answers=kept if body.answers is None else body.answers,
        details=body.details or (Details.model_validate(row["details"]) if row["details"] else None),
    )
