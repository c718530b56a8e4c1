"""The start page of the all-in-one: for everybody on the public origin, for who is signed in on the staff origin."""

from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from fastapi.templating import Jinja2Templates

from vpr.wording import WORDING
from vpr_service.auth import principal
from vpr_service.cookies import csrf_token_of
from vpr_service.languages import Language, language_of
from vpr_service.origins import at_staff
from vpr_service.runtime import Runtime
from vpr_service.sign_in import StaffPageRoute

router = APIRouter(include_in_schema=False, route_class=StaffPageRoute)
templates = Jinja2Templates(Path(__file__).parent / "web" / "templates")


@router.get("/healthz")
async def alive() -> dict[str, str]:
    """The process answers."""
    return {"status": "alive"}


@router.get("/")
async def start(request: Request) -> Response:
    """What runs here and where to go on; on the staff origin, who is signed in."""
    staff = at_staff(request)
    who = await principal(request) if staff else None
    states = {name: await _state(app.state.runtime) for name, app in request.app.state.services.items()}
    return page(request, "staff.html" if staff else "start.html", states=states, who=who)


async def _state(runtime: Runtime) -> dict[str, object]:
    try:
        return await runtime.measuring.measure()
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one service, the page still shows the others
        return {"error": type(error).__name__}


def page(request: Request, name: str, language: Language | None = None, **values: Any) -> HTMLResponse:
    """A page in the reader's language, unless another is given."""
    language = language or language_of(request)
    shared = {"t": WORDING[language], "language": language, "csrf_token": csrf_token_of(request), "who": None}
    answer = templates.TemplateResponse(request, name, shared | values)
    answer.headers["Cache-Control"] = "no-store"
    return answer
