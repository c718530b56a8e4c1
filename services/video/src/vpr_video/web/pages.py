"""``/join/{token}``: what a resident sees behind the link.

Messengers fetch links to preview them, so opening the page spends nothing: the button does.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from vpr_service.languages import language_of
from vpr_service.origins import public_page
from vpr_service.problems import Problem
from vpr_service.routes import TranslatingRoute
from vpr_service.runtime import Running
from vpr_video.api.joining import check_invite, open_invite
from vpr_video.credentials import remember
from vpr_video.schemas import TOKEN_LIMIT
from vpr_video.web import TEMPLATES
from vpr_video.web.texts import BUTTON, EMERGENCY, SENDER, text_of

HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
"""The address holds the token: it must stay in no cache and reach no other site."""

templates = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)

LinkToken = Annotated[str, Path(max_length=TOKEN_LIMIT)]


class PageRoute(TranslatingRoute):
    """Answers errors with a page for people."""

    @staticmethod
    def translate(request: Request, problem: Problem) -> Response:
        """The page that says what is wrong."""
        return _problem_page(request, problem)


router = APIRouter(prefix="/join", route_class=PageRoute, include_in_schema=False, dependencies=[Depends(public_page)])


@router.get("/{token}")
async def ask(token: LinkToken, request: Request, runtime: Running) -> Response:
    """A page with one button. 404, 409 or 410 where the button could not work."""
    await check_invite(token, runtime)
    return _page(request, "join.html", "join")


@router.post("/{token}")
async def join(token: LinkToken, request: Request, runtime: Running) -> Response:
    """Spend the link, and go on to the call's own page: the way back to this one is spent."""
    joined = await open_invite(token, runtime)
    root = request.scope.get("root_path", "").rstrip("/")
    answer = RedirectResponse(f"{root}/call?lang={language_of(request)}", 303, HEADERS)
    remember(answer, joined.participant_token)
    return answer


def _problem_page(request: Request, problem: Problem) -> Response:
    code = "no_such_invite" if problem.status == 422 else problem.code
    status = 404 if problem.status == 422 else problem.status
    response = _page(request, "text.html", code, status)
    response.headers.update(problem.headers or {})
    return response


def _page(request: Request, template: str, name: str, status: int = 200) -> Response:
    language = language_of(request)
    html = templates.get_template(template).render(
        language=language,
        root=request.scope.get("root_path", "").rstrip("/"),
        sender=SENDER[language],
        text=text_of(name, language),
        button=BUTTON[language],
        emergency=EMERGENCY[language],
    )
    return HTMLResponse(html, status, HEADERS)
