"""The start page and the development sign-in of the all-in-one."""

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.templating import Jinja2Templates

from vpr.wording import WORDING
from vpr_events.contracts.values import Role
from vpr_service.auth import COOKIE, Principal, check_origin
from vpr_service.issuer import LIFETIME
from vpr_service.languages import language_of
from vpr_service.problems import Problem, invalid_field
from vpr_service.runtime import Runtime

router = APIRouter(include_in_schema=False)
templates = Jinja2Templates(Path(__file__).parent / "web" / "templates")

STAFF = tuple(role for role in Role if role is not Role.SERVICE)


@router.get("/healthz")
async def alive() -> dict[str, str]:
    """The process answers."""
    return {"status": "alive"}


@router.get("/")
async def start(request: Request) -> HTMLResponse:
    """What runs here, where to go on, and who is signed in."""
    states = {name: await _state(app.state.runtime) for name, app in request.app.state.services.items()}
    return _page(request, "start.html", states=states, who=await _signed_in(request), home=request.app.state.home)


@router.get("/sign-in")
async def sign_in_form(request: Request) -> HTMLResponse:
    """Choose a role to sign in with."""
    return _page(request, "sign_in.html", roles=STAFF, who=await _signed_in(request))


@router.post("/sign-in")
async def sign_in(request: Request, role: Annotated[str, Form()]) -> Response:
    """Sign in with a role: a cookie that no script can read."""
    check_origin(request)
    if role not in STAFF:
        raise invalid_field("role", f"one of {', '.join(STAFF)}")
    answer = RedirectResponse("/", 303)
    token = request.app.state.home.issuer().token([Role(role)])
    answer.set_cookie(COOKIE, token, max_age=int(LIFETIME.total_seconds()), httponly=True, samesite="strict")
    return answer


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """Forget the sign-in."""
    check_origin(request)
    answer = RedirectResponse("/", 303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


async def _state(runtime: Runtime) -> dict[str, object]:
    try:
        return await runtime.measuring.measure()
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one service, the page still shows the others
        return {"error": type(error).__name__}


async def _signed_in(request: Request) -> Principal | None:
    token = request.cookies.get(COOKIE)
    try:
        return await request.app.state.verifier.verify(token) if token else None
    except Problem:
        return None


def _page(request: Request, name: str, **values: Any) -> HTMLResponse:
    language = language_of(request)
    return templates.TemplateResponse(request, name, {"t": WORDING[language], "language": language, **values})
