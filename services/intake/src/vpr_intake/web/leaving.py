"""``/report/exit``: at once to a neutral site, leaving nothing behind that this browser could show."""

from fastapi import APIRouter, Depends, Response
from fastapi.responses import RedirectResponse

from vpr_intake.settings import settings_of
from vpr_intake.web.rendering import HEADERS
from vpr_service.origins import public_page
from vpr_service.runtime import Running

CLEAR = {"Clear-Site-Data": '"cache", "cookies", "storage"'}

router = APIRouter(prefix="/report", include_in_schema=False, dependencies=[Depends(public_page)])


@router.get("/exit")
@router.post("/exit")
async def leave(runtime: Running) -> Response:
    """Leave. A link leads here, for a form must not lead to another site."""
    settings = settings_of(runtime)
    return RedirectResponse(settings.exit_url, 303, {**HEADERS, **CLEAR})
