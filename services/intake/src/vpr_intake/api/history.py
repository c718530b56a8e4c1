"""``/v1/history/cases``: past cases of a records extract become events."""

import asyncio
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends

from vpr_events.contracts.history import HistoryCaseRecorded
from vpr_events.contracts.values import Role
from vpr_events.decider import Refused
from vpr_events.pipeline import Execution
from vpr_intake.domain.history import RecordCase, case_id, history
from vpr_intake.private import record_number
from vpr_intake.schemas.history import Imported, PastCase, PastCases
from vpr_service.auth import Principal, require
from vpr_service.clock import Clock
from vpr_service.problems import invalid_field
from vpr_service.runtime import Running

router = APIRouter(prefix="/v1/history", tags=["history"])

POINTS = [name for name in HistoryCaseRecorded.model_fields if name.endswith("_at")]
MOMENTS = ["occurred_from", "occurred_to", *POINTS]


@router.post("/cases")
async def record_cases(
    body: PastCases, runtime: Running, _: Annotated[Principal, Depends(require(Role.ADMIN))]
) -> Imported:
    """Record past cases. A case that was recorded before with the same content changes nothing."""
    executions = {past.record_id: _execution(past, runtime.now) for past in body.cases}
    if len(executions) < len(body.cases):
        raise invalid_field("cases", "a record_id stands in this batch twice")
    _check_past(body, runtime.now())
    try:
        outcome = await runtime.pipeline.execute(*executions.values())
    except Refused:
        return await _each(executions, runtime)
    recorded = len(outcome.events)
    return Imported(recorded=recorded, unchanged=len(body.cases) - recorded, differing=[])


def _check_past(body: PastCases, now: datetime) -> None:
    """Raises Problem 422 for a time that has not come yet."""
    for number, past in enumerate(body.cases):
        for name in MOMENTS:
            if (when := getattr(past, name)) and when > now:
                raise invalid_field(f"cases.{number}.{name}", "lies in the future")


async def _each(executions: dict[str, Execution], runtime: Running) -> Imported:
    """Each for itself: what waits at the same moment shares a commit all the same."""
    outcomes = await asyncio.gather(*(_recorded(one, runtime) for one in executions.values()))
    told = dict(zip(executions, outcomes, strict=True))
    differing = [record_id for record_id, recorded in told.items() if recorded is None]
    recorded = sum(one or 0 for one in outcomes)
    return Imported(recorded=recorded, unchanged=len(told) - recorded - len(differing), differing=differing)


async def _recorded(execution: Execution, runtime: Running) -> int | None:
    """How many events it made; None for a case that was recorded otherwise."""
    try:
        return len((await runtime.pipeline.execute(execution)).events)
    except Refused:
        return None


def began(case: HistoryCaseRecorded) -> datetime | None:
    """When the case reached us: filed, or its first known clock point where the extract has no filed time."""
    points = [when for name in POINTS if (when := getattr(case, name))]
    return case.filed_at or min(points, default=None)


def _execution(past: PastCase, now: Clock) -> Execution:
    entity = case_id(past.source, past.record_id)
    case = HistoryCaseRecorded(**past.model_dump(exclude={"record_id"}))
    number = record_number(entity, past.source, past.record_id)
    command = RecordCase(at=began(case) or now(), case=case)
    return Execution(decider=history, entity=entity, command=command, private=[number])
