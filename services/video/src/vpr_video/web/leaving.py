"""``/call/exit``: at once out of the call and to a neutral site, leaving no way back in this browser."""

from typing import cast

import structlog
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from vpr_events.outages import is_outage
from vpr_events.pipeline import Execution
from vpr_service.origins import public_page
from vpr_service.problems import Problem
from vpr_service.runtime import Running, Runtime
from vpr_video.api.seats import resident_seat
from vpr_video.credentials import forget, token_in
from vpr_video.domain.commands import Leave
from vpr_video.domain.session import session
from vpr_video.private import credential_forgotten
from vpr_video.settings import Settings
from vpr_video.web.rendering import HEADERS

CLEAR = {"Clear-Site-Data": '"cache", "cookies", "storage"'}

log = structlog.get_logger(__name__)

router = APIRouter(include_in_schema=False, dependencies=[Depends(public_page)])


@router.post("/call/exit")
async def leave(request: Request, runtime: Running) -> Response:
    """Leave the call, and be known here no more. Who is in none is led away as well; 403 for another site's form."""
    try:
        await _left(request, runtime)
    except Exception as error:
        if not is_outage(error):
            raise
        log.warning("who left quickly is still known here", error=type(error).__name__)
    answer = RedirectResponse(cast("Settings", runtime.settings).exit_url, 303, {**HEADERS, **CLEAR})
    forget(answer)
    return answer


async def _left(request: Request, runtime: Runtime) -> None:
    """End the part of whoever asks, and what they are known by, in one transaction."""
    try:
        seat = await resident_seat(request, runtime)
    except Problem as problem:
        if problem.status != 401:
            raise
        return
    gone = [credential_forgotten(seat.row["id"], token_in(request))]
    command = Leave(at=runtime.now(), participant_id=seat.participant_id)
    await runtime.pipeline.execute(
        Execution(
            decider=session,
            entity=seat.row["id"],
            command=command,
            correlation_id=seat.row["report_id"],
            private=gone,
            unchanged=gone,
        )
    )
