"""``/v1/cases/{id}/…``: what officers do with a case. Everything but the two creates may be repeated as it is."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Response

from vpr_events import timers
from vpr_events.contracts.values import Role
from vpr_events.decider import Command, Refused
from vpr_events.event import new_id, stream_name
from vpr_events.idempotency import IdempotencyKey
from vpr_events.pipeline import Execution, Outcome
from vpr_events.writes import Write
from vpr_service.problems import Problem, invalid_field
from vpr_service.requests import RequiredKey, key_of, private
from vpr_service.runtime import Running
from vpr_triage.api.callers import Found, Officer, current, execution_of, found
from vpr_triage.domain.case import LEASE, case
from vpr_triage.domain.commands import (
    AssessCase,
    ClaimCase,
    CloseCase,
    LinkDuplicate,
    PrioritiseCase,
    ReleaseCase,
    RequestVideo,
    StandAsOriginal,
)
from vpr_triage.domain.waiting import LEASE_TIMER
from vpr_triage.erased import check_kept
from vpr_triage.private import note_on
from vpr_triage.projections import renewed
from vpr_triage.schemas import Assessed, Case, Closing, NewAssessment, NewPriority, Nothing, Original, VideoRequested

router = APIRouter(prefix="/v1/cases/{case_id}", tags=["work"])


@router.post("/claim")
async def claim(officer: Officer, row: Found, runtime: Running, response: Response, _: Nothing | None = None) -> Case:
    """Take the case for half an hour; again by its holder, the half hour starts anew.

    409 ``claimed_by_another`` while another officer holds it.
    """
    command = ClaimCase(at=runtime.now(), officer_id=officer.id)
    execution = replace(execution_of(row, command), unchanged=_renewal(row["id"], command.at + LEASE))
    await runtime.pipeline.execute(execution)
    return await current(row["id"], runtime, response)


@router.post("/release")
async def release(officer: Officer, row: Found, runtime: Running, response: Response, _: Nothing | None = None) -> Case:
    """Put the case back into the queue. 409 ``not_holder`` for a case that somebody else, or nobody, holds."""
    await _execute(runtime, row, ReleaseCase(at=runtime.now(), officer_id=officer.id))
    return await current(row["id"], runtime, response)


@router.post("/priority")
async def prioritise(officer: Officer, row: Found, runtime: Running, response: Response, new: NewPriority) -> Case:
    """Set the priority. 409 ``claimed_by_another`` on a case that another officer holds, but for supervisors."""
    bound = None if officer.has(Role.SUPERVISOR) else officer.id
    command = PrioritiseCase(at=runtime.now(), priority=new.priority, gravest=new.gravest, officer_id=bound)
    await _execute(runtime, row, command)
    return await current(row["id"], runtime, response)


@router.post("/duplicate")
async def link_duplicate(officer: Officer, row: Found, runtime: Running, response: Response, body: Original) -> Case:
    """Link the case, which you hold, to one that tells of the same incident, and close it as its duplicate.

    Nothing is merged: both reports stay as they are. 422 without such an original; 409 ``original_is_duplicate``.
    """
    await _original(body.original_case_id, runtime)
    at = runtime.now()
    command = LinkDuplicate(at=at, case_id=row["id"], officer_id=officer.id, original_case_id=body.original_case_id)
    executions = [execution_of(row, command)]
    if body.original_case_id != row["id"]:
        standing = StandAsOriginal(at=at, duplicate_case_id=row["id"])
        executions.insert(0, Execution(decider=case, entity=body.original_case_id, command=standing))
    await runtime.pipeline.execute(*executions)
    return await current(row["id"], runtime, response)


async def _original(case_id: UUID, runtime: Running) -> None:
    try:
        await found(case_id, runtime)
    except Problem:
        raise invalid_field("original_case_id", "there is no such case") from None


@router.post("/close")
async def close(
    officer: Officer, row: Found, runtime: Running, response: Response, body: Closing | None = None
) -> Case:
    """Close an assessed case. 409 ``waits_for_dispatch`` when the assessment asked for a dispatch."""
    reason = body.reason if body else None
    await _execute(runtime, row, CloseCase(at=runtime.now(), officer_id=officer.id, reason=reason))
    return await current(row["id"], runtime, response)


@router.post("/video-requests", status_code=201)
async def request_video(
    officer: Officer,
    row: Found,
    runtime: Running,
    given: RequiredKey,
    response: Response,
    _: Nothing | None = None,
) -> VideoRequested:
    """Ask for a video session with the resident."""
    command = RequestVideo(at=runtime.now(), officer_id=officer.id, request_id=new_id())
    outcome = await _execute(runtime, row, command, key=key_of(officer, given))
    request_id: UUID = outcome.events[0].data.request_id  # type: ignore[attr-defined]
    private(response)
    return VideoRequested(request_id=request_id, case_id=row["id"], report_id=row["report_id"])


@router.post("/assessment", status_code=201)
async def assess(
    officer: Officer, row: Found, runtime: Running, given: RequiredKey, response: Response, new: NewAssessment
) -> Assessed:
    """Decide what becomes of the case; the same decision again is answered alike.

    409 ``erased`` for a note once the report's personal data was erased: decide without one.
    """
    if new.note and row["assessment_id"] is None:
        async with runtime.reading() as connection:
            await check_kept(connection, row["report_id"])
    command = AssessCase(
        at=runtime.now(), assessment_id=new_id(), officer_id=officer.id, **new.model_dump(exclude={"note"})
    )
    note = note_on(command, row["id"], row["report_id"], new.note) if new.note else ()
    outcome = await _execute(runtime, row, command, *note, key=key_of(officer, given))
    if new.note and not outcome.events and not outcome.replayed:
        raise Refused("already_assessed", "the case was assessed before: a note cannot be added")
    row = await found(row["id"], runtime)
    private(response)
    return Assessed(case_id=row["id"], **{name: row[name] for name in ("assessment_id", "report_id", "outcome")})


async def _execute(
    runtime: Running, row: Found, command: Command, *private_rows: Write, key: IdempotencyKey | None = None
) -> Outcome:
    return await runtime.pipeline.execute(execution_of(row, command, *private_rows), key=key)


def _renewal(case_id: UUID, lease_until: datetime) -> Sequence[Write]:
    """Only a claim that changes nothing else is a renewal."""
    stream = stream_name(case.family, case_id)
    return [timers.moved(stream, LEASE_TIMER, lease_until), renewed(case_id, lease_until)]
