"""``/join``: where a short code is typed, on another device than the one that is gone. Neutral for everybody."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response

from vpr_service.origins import public_page
from vpr_service.problems import Problem
from vpr_service.routes import TranslatingRoute
from vpr_service.runtime import Running
from vpr_video.api.joining import invite_by_code, open_invite
from vpr_video.limiting import Limited, Source
from vpr_video.web.rendering import early_page, into_call, page

WRONG = frozenset({404, 409, 410, 422})
"""Unknown, used, too old, no code at all: who guesses learns nothing about which."""


class CodeRoute(TranslatingRoute):
    """Answers errors with the same form again."""

    @staticmethod
    def translate(request: Request, problem: Problem) -> Response:
        """The form, and what is wrong."""
        if problem.code == "too_early":
            return early_page(request, request.state.invite, status=problem.status)
        name, status = ("code_wrong", 404) if problem.status in WRONG else (problem.code, problem.status)
        template = "code.html" if name == "code_wrong" else "text.html"
        response = page(request, template, name, neutral=True, status=status)
        response.headers.update(problem.headers or {})
        return response


router = APIRouter(prefix="/join", route_class=CodeRoute, include_in_schema=False, dependencies=[Depends(public_page)])


@router.api_route("", methods=["GET", "HEAD"])
async def type_code(request: Request) -> Response:
    """The form."""
    return page(request, "code.html", "code", neutral=True)


@router.post("")
async def join_by_code(
    request: Request,
    runtime: Running,
    limits: Limited,
    source: Source,
    code: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """Spend the code. Every try counts, so that nobody gets far by guessing."""
    limits.type_code(source)
    invite = await invite_by_code(code, runtime)
    request.state.invite = invite
    return into_call(request, await open_invite(invite, runtime))
