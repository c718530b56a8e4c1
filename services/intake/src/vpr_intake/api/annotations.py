"""``/v1/reports/{id}/annotations``: corrections, beside what they correct."""

from uuid import UUID

from fastapi import APIRouter, Response

from vpr_events.event import new_id
from vpr_events.pipeline import Execution
from vpr_intake import queries
from vpr_intake.api.callers import ReaderGiven, WriterGiven
from vpr_intake.api.disclosing import allowed, disclose_to_staff
from vpr_intake.api.reports import existing
from vpr_intake.domain.access import Resource
from vpr_intake.domain.annotations import Annotate
from vpr_intake.domain.report import report
from vpr_intake.private import annotation_of
from vpr_intake.schemas.annotations import Annotation, NewAnnotation
from vpr_service.problems import Problem
from vpr_service.requests import RequiredKey, key_of, private
from vpr_service.runtime import Running

router = APIRouter(prefix="/v1/reports/{report_id}/annotations", tags=["annotations"])


@router.post("", status_code=201)
async def annotate(
    report_id: UUID, body: NewAnnotation, caller: WriterGiven, runtime: Running, given: RequiredKey, response: Response
) -> Annotation:
    """Say what is wrong or missing in a report; nothing of it is overwritten, also once it was withdrawn.

    A client annotates its own reports. Staff need an active claim, an open task or broken glass.
    """
    await existing(report_id, caller, runtime)
    if caller.staff:
        await allowed(report_id, caller.staff, runtime)
    command = Annotate(at=runtime.now(), annotation_id=new_id(), concerns=body.concerns, annotated_by=caller.id)
    written = annotation_of(
        report_id,
        id=command.annotation_id,
        **body.model_dump(),
        annotated_by=caller.id,
        by_client=caller.staff is None,
        annotated_at=command.at,
    )
    execution = Execution(decider=report, entity=report_id, command=command, private=[written])
    outcome = await runtime.pipeline.execute(execution, key=key_of(caller, given))
    annotation_id: UUID = outcome.events[0].data.annotation_id  # type: ignore[attr-defined]
    async with runtime.reading() as connection:
        rows = await queries.annotations_of(connection, report_id)
    private(response)
    for row in rows:
        if row["id"] == annotation_id:
            return Annotation(**row)
    raise Problem(409, "erased", "the report's personal data was erased")


@router.get("")
async def read_annotations(
    report_id: UUID, caller: ReaderGiven, runtime: Running, response: Response
) -> list[Annotation]:
    """The annotations of a report, the oldest first: a client's own, or all for staff, whose reading is recorded."""
    await existing(report_id, caller, runtime)
    if caller.staff:
        await disclose_to_staff(report_id, caller.staff, Resource.ANNOTATIONS, runtime)
    async with runtime.reading() as connection:
        rows = await queries.annotations_of(connection, report_id, by=caller.client_id)
    private(response)
    return [Annotation(**row) for row in rows]
