"""``/report/exit``: at once to a neutral site, leaving nothing behind that this browser could show."""

import structlog
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from vpr_events.outages import is_outage
from vpr_intake import receipts
from vpr_intake.settings import settings_of
from vpr_intake.web.rendering import HEADERS
from vpr_intake.web.status import COOKIE, forget
from vpr_service.origins import public_page
from vpr_service.runtime import Running, Runtime

CLEAR = {"Clear-Site-Data": '"cache", "cookies", "storage"'}

log = structlog.get_logger(__name__)

router = APIRouter(prefix="/report", include_in_schema=False, dependencies=[Depends(public_page)])


@router.get("/exit")
@router.post("/exit")
async def leave(request: Request, runtime: Running) -> Response:
    """Leave. A link leads here, for a form must not lead to another site."""
    if token := request.cookies.get(COOKIE):
        await _ended(token, runtime)
    answer = RedirectResponse(settings_of(runtime).exit_url, 303, {**HEADERS, **CLEAR})
    forget(answer)
    return answer


async def _ended(token: str, runtime: Runtime) -> None:
    """The session is over on our side too; an outage keeps nobody here."""
    try:
        runtime.gate.check()
        async with runtime.engine.begin() as connection:
            await receipts.end_session(connection, token)
    except Exception as error:
        if not is_outage(error):
            raise
        log.warning("the session of who left lasts until its time is over", error=type(error).__name__)
