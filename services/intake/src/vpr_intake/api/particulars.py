"""``/v1/reports/{id}``: one report with its particulars, how to reach its reporter, and breaking the glass."""

from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from vpr_events.contracts.access import AccessAlarmRaised, AccessRecorded, AlarmKind
from vpr_events.contracts.values import Role
from vpr_events.decider import Refused
from vpr_events.event import new_id
from vpr_events.idempotency import IdempotencyKey
from vpr_events.pipeline import Execution, Outcome
from vpr_intake import queries
from vpr_intake.api.callers import ReaderGiven
from vpr_intake.api.disclosing import (
    READERS,
    VIDEO,
    disclose_to_service,
    disclose_to_staff,
    on_report,
    restricted_case,
    role_of,
)
from vpr_intake.api.filing import city_of
from vpr_intake.api.reports import existing, summary
from vpr_intake.api.reviewing import is_restricted
from vpr_intake.api.screening import told_of
from vpr_intake.case_numbers import spoken
from vpr_intake.domain.access import BreakGlass, Resource
from vpr_intake.domain.report import ERASED, report
from vpr_intake.domain.report_commands import CheckKept
from vpr_intake.private import alarm_text
from vpr_intake.receipts import number_if_any, resident_by
from vpr_intake.schemas.accesses import BreakingGlass, BrokenGlass
from vpr_intake.schemas.annotations import Annotation
from vpr_intake.schemas.details import Details
from vpr_intake.schemas.filing import Place, Reporter
from vpr_intake.schemas.shown import CaseNumber, Contact, Report, ReportUpdate, Resident
from vpr_intake.settings import settings_of
from vpr_service.auth import Principal, require
from vpr_service.languages import language_of
from vpr_service.problems import Problem
from vpr_service.requests import RequiredKey, key_of, private
from vpr_service.runtime import Running, Runtime

router = APIRouter(prefix="/v1/reports/{report_id}", tags=["reports"])


@router.get("")
async def read_report(
    report_id: UUID, caller: ReaderGiven, runtime: Running, request: Request, response: Response
) -> Report:
    """One report with its particulars and progress.

    A client reads its own. Staff need an active claim, an open task or broken glass (403 ``no_active_claim``), and
    every reading of theirs is recorded before it is answered.
    """
    await existing(report_id, caller, runtime)
    if caller.staff:
        await disclose_to_staff(report_id, caller.staff, Resource.PARTICULARS, runtime)
    row = await existing(report_id, caller, runtime, personal=True)
    async with runtime.reading() as connection:
        updates = await queries.updates_of(connection, report_id)
        resident = await resident_by(connection, report_id)
        annotations = await queries.annotations_of(connection, report_id, by=caller.client_id)
    fields = ReportUpdate.model_fields
    private(response, row["version"])
    return Report(
        **summary(row, caller, runtime).model_dump(),
        occurred_from=row["occurred_from"],
        occurred_to=row["occurred_to"],
        description=row["description"],
        screening=told_of(row, city_of(runtime), language_of(request)),
        answers=row["answers"] or {},
        place=Place.model_construct(**{name: row[name] for name in Place.model_fields}),
        reporter=Reporter.model_construct(**{name: row[name] for name in Reporter.model_fields}),
        details=Details.model_validate(row["details"]) if row["details"] else None,
        media_urls=row["media_urls"] or [],
        updates=[ReportUpdate.model_construct(**{name: one[name] for name in fields}) for one in updates],
        resident=Resident(**{name: resident[name] for name in Resident.model_fields}) if resident else None,
        annotations=[Annotation(**one) for one in annotations],
    )


@router.get("/contact")
async def read_contact(
    report_id: UUID,
    caller: Annotated[Principal, Depends(require(Role.SERVICE))],
    runtime: Running,
    response: Response,
) -> Contact:
    """How to reach the reporter: for a service that acts for an officer with a grant, or for video while it meets."""
    await existing(report_id, None, runtime)
    await disclose_to_service(report_id, caller, Resource.CONTACT, runtime)
    row = await existing(report_id, None, runtime, personal=True)
    async with runtime.reading() as connection:
        resident = await resident_by(connection, report_id) or {}
    private(response)
    told = {**row, "language": resident.get("language"), "discreet": resident.get("discreet", False)}
    return Contact.model_construct(**{name: told[name] for name in Contact.model_fields})


@router.get("/case-number")
async def read_case_number(
    report_id: UUID, caller: Annotated[Principal, Depends(require(Role.SERVICE))], runtime: Running, response: Response
) -> CaseNumber:
    """The number on the resident's receipt: for video, which tells it to whom it met. 404 for no such report."""
    if caller.service != VIDEO:
        raise Problem(403, "forbidden", "only video asks for it")
    await existing(report_id, None, runtime)
    async with runtime.reading() as connection:
        number = await number_if_any(connection, report_id)
    private(response)
    return CaseNumber(case_number=spoken(number) if number else None)


@router.post(
    "/break-glass",
    status_code=201,
    responses={200: {"model": BrokenGlass, "description": "The glass is broken already."}},
)
async def break_glass(
    report_id: UUID,
    body: BreakingGlass,
    caller: Annotated[Principal, Depends(require(*READERS))],
    runtime: Running,
    given: RequiredKey,
    response: Response,
) -> BrokenGlass:
    """Read a report without holding its case, for a limited time. Raises an alarm; 200 while the glass is broken.

    Of a restricted report supervisors alone break it (403 ``restricted_case``). ``text`` is not kept of a report whose
    personal data was erased, which ``text_kept`` tells.
    """
    await existing(report_id, None, runtime)
    restricted = await is_restricted(report_id, runtime)
    if restricted and not caller.has(Role.SUPERVISOR):
        raise restricted_case()
    now, settings = runtime.now(), settings_of(runtime)
    command = BreakGlass(
        at=now,
        reader_id=caller.id,
        role=Role.SUPERVISOR if restricted else role_of(caller),
        reason=body.reason,
        until=now + settings.break_glass_lifetime,
        alarm_id=new_id(),
        kind=AlarmKind.RESTRICTED_CASE if restricted else AlarmKind.BREAK_GLASS,
    )
    outcome = await _break(report_id, command, body.text, runtime, key_of(caller, given))
    private(response)
    async with runtime.reading() as connection:
        if outcome.events:
            opened, raised = (event.data for event in outcome.events)
            glass = _broken(cast("AccessRecorded", opened), cast("AccessAlarmRaised", raised))
        else:
            response.status_code = 200
            glass = await queries.broken_glass(connection, report_id, caller.id)
        alarm = await queries.one_alarm(connection, glass["alarm_id"], personal=True)
    return BrokenGlass(report_id=report_id, **glass, text_kept=bool(alarm and alarm["text"]))


async def _break(report_id: UUID, command: BreakGlass, text: str, runtime: Runtime, key: IdempotencyKey) -> Outcome:
    """What was said is kept with the alarm, under the report's lock too; of an erased report the alarm alone."""
    kept = Execution(decider=report, entity=report_id, command=CheckKept(at=command.at))
    said = on_report(report_id, command, alarm_text(command.alarm_id, report_id, text))
    try:
        return await runtime.pipeline.execute(kept, said, key=key)
    except Refused as refused:
        if refused.code != ERASED:
            raise
        return await runtime.pipeline.execute(on_report(report_id, command), key=key)


def _broken(opened: AccessRecorded, raised: AccessAlarmRaised) -> dict[str, Any]:
    return {"alarm_id": raised.alarm_id, "reason": raised.reason, "until": opened.until}
