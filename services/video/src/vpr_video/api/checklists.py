"""``/v1/sessions/{id}/checklists``: what an officer looks at in a walk through a scene."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response

from vpr_service.problems import Problem
from vpr_service.requests import private
from vpr_service.runtime import Running
from vpr_video import queries
from vpr_video.api.callers import ActedOn, Reader, session_row
from vpr_video.erased import check_kept
from vpr_video.private import KEEP_TICK
from vpr_video.schemas import ChecklistShown, Tick
from vpr_video.sending.wiring import settings_of

router = APIRouter(prefix="/v1/sessions/{session_id}/checklists", tags=["sessions"])

Name = Annotated[str, Path(max_length=64)]


@router.get("")
async def read(session_id: UUID, _: Reader, runtime: Running, response: Response) -> list[ChecklistShown]:
    """Every checklist with what was ticked in the session; the one for the session's category comes first."""
    row = await session_row(session_id, runtime)
    guidance = settings_of(runtime).guidance
    async with runtime.reading() as connection:
        ticks = await queries.ticks_of(connection, session_id)
    private(response)
    suggested = guidance.checklist_of(row["category"])
    return [
        ChecklistShown(
            checklist=one.code,
            suggested=one is suggested,
            points=[point.code for point in one.points],
            ticked=[point for of, point in ticks if of == one.code],
        )
        for one in sorted(guidance.checklists.values(), key=lambda one: one is not suggested)
    ]


@router.put("/{checklist}/points/{point}", status_code=204)
async def tick(checklist: Name, point: Name, body: Tick, row: ActedOn, runtime: Running) -> None:
    """Note that a point was looked at, or was not after all. 404 for a point that the checklist does not have."""
    known = settings_of(runtime).guidance.checklists.get(checklist)
    if known is None or point not in {one.code for one in known.points}:
        raise Problem(404, "no_such_point", "there is no such point of a checklist")
    runtime.gate.check()
    if row["ended_at"]:
        raise Problem(409, "session_ended", "this session has ended")
    kept = {"session_id": row["id"], "checklist": checklist, "point": point, "report_id": row["report_id"]}
    async with runtime.engine.begin() as connection:
        await check_kept(connection, row["report_id"])
        await connection.execute(KEEP_TICK, kept | {"ticked": body.ticked, "at": runtime.now()})
