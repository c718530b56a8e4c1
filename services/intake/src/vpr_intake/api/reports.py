"""``/v1/reports``: file, list and withdraw; nothing here answers with personal data (see particulars)."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from vpr_events.pipeline import Outcome
from vpr_intake import queries
from vpr_intake.api.callers import Caller, CallerGiven, FilerGiven
from vpr_intake.api.filing import UNKNOWN_CATEGORY, city_of, filing, withdrawal
from vpr_intake.api.screening import told_in
from vpr_intake.city import City
from vpr_intake.domain import screening as screened
from vpr_intake.domain.report import report
from vpr_intake.expecting import expected_at
from vpr_intake.schemas.filing import NewReport, Withdrawal
from vpr_intake.schemas.shown import Filed, HistoryEntry, Progress, ReportQuery, ReportSummary
from vpr_service.languages import language_of
from vpr_service.lean import LeanRoute
from vpr_service.problems import Problem, invalid_field
from vpr_service.requests import RequiredKey, cursor_of, key_of, link_next, moment_of, private
from vpr_service.runtime import Running, Runtime

router = APIRouter(prefix="/v1", tags=["reports"])
filing_router = APIRouter(prefix="/v1", tags=["reports"], route_class=LeanRoute)


@filing_router.post("/reports", status_code=201)
async def file_report(
    new: NewReport, caller: FilerGiven, runtime: Running, given: RequiredKey, request: Request, response: Response
) -> Filed:
    """File a report. The answer means that it is stored durably; the same Idempotency-Key is answered alike."""
    executions = filing(new, caller, caller.channel, runtime)
    outcome = await runtime.pipeline.execute(*executions, key=key_of(caller, given))
    filed = filed_of(outcome, city_of(runtime), language_of(request))
    private(response, filed.version)
    response.headers["Location"] = f"{request.scope['path']}/{filed.id}"
    return filed


def filed_of(outcome: Outcome, city: City, language: str) -> Filed:
    """What is answered to a filing."""
    event = outcome.events[0]
    screening = told_in(outcome.events, city, language)
    return Filed(
        id=event.entity_id,
        status="stopped" if screening and screening.outcome is screened.Outcome.EMERGENCY else "received",
        category=event.data.category,  # type: ignore[attr-defined]
        filed_at=event.occurred_at,
        version=max(one.version for one in outcome.events if one.family == report.family),
        screening=screening,
    )


@router.get("/reports")
async def list_reports(
    caller: CallerGiven,
    runtime: Running,
    query: Annotated[ReportQuery, Query()],
    request: Request,
    response: Response,
) -> list[ReportSummary]:
    """Reports, newest first: a client's own, or all for staff. ``Link`` leads to the next page."""
    _check_known(query.category, city_of(runtime))
    wanted = queries.Filter(client_id=caller.client_id, ids=query.id, categories=query.category)
    async with runtime.reading() as connection:
        rows = await queries.list_reports(connection, wanted, limit=query.limit + 1, after=query.after(moment_of, UUID))
    more = len(rows) > query.limit
    rows = rows[: query.limit]
    link_next(request, response, cursor_of(rows[-1]["filed_at"].isoformat(), str(rows[-1]["id"])) if more else None)
    private(response)
    return [summary(row, caller, runtime) for row in rows]


def _check_known(codes: Sequence[str], city: City) -> None:
    for place, code in enumerate(codes):
        if code not in city.categories:
            raise invalid_field(f"category.{place}", UNKNOWN_CATEGORY)


@router.get("/reports/{report_id}/history")
async def report_history(
    report_id: UUID, caller: CallerGiven, runtime: Running, response: Response
) -> list[HistoryEntry]:
    """Which status a report had and since when, the oldest first; of a sensitive one a client learns no more than
    that it is open. No personal data."""
    row = await existing(report_id, caller, runtime)
    async with runtime.reading() as connection:
        changes = await queries.status_changes_of(connection, [report_id], sensitive=caller.staff is not None)
    private(response, row["version"])
    began = HistoryEntry(status="stopped" if row["stopped_at"] == row["filed_at"] else "open", at=row["filed_at"])
    return [began, *(HistoryEntry(status=change["status"], at=change["at"]) for change in changes)]


@router.post("/reports/{report_id}/withdrawal")
async def withdraw_report(
    report_id: UUID, body: Withdrawal, caller: FilerGiven, runtime: Running, response: Response
) -> ReportSummary:
    """Take a report back; doing it twice is the same as once."""
    await existing(report_id, caller, runtime)
    await runtime.pipeline.execute(withdrawal(report_id, caller, body.reason, runtime.now()))
    row = await existing(report_id, caller, runtime)
    private(response, row["version"])
    return summary(row, caller, runtime)


async def existing(
    report_id: UUID, caller: Caller | None, runtime: Running, *, personal: bool = False
) -> dict[str, Any]:
    """The report's row, with particulars only when ``personal``.

    Raises Problem 404; another client's report does not exist for this one.
    """
    async with runtime.reading() as connection:
        row = await queries.one_report(connection, report_id, personal=personal)
    if row is None or (caller and not caller.may_see(row["client_id"])):
        raise Problem(404, "no_such_report", "there is no such report")
    return row


def summary(row: dict[str, Any], caller: Caller, runtime: Runtime) -> ReportSummary:
    """A report's row without personal data, as this caller may see it."""
    row = queries.for_client(row) if caller.client_id else row
    return ReportSummary(
        **{name: row[name] for name in ReportSummary.model_fields if name in row},
        status=queries.status_of(row),
        expected_at=expected_at(row, runtime),
        progress=Progress(**{name: row[name] for name in Progress.model_fields}),
    )
