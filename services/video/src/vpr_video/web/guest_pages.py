"""``/guest/{token}``: what an interpreter or specialist without an account sees behind their link.

As with residents' links, opening the page spends nothing: the button does.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from vpr_service.origins import public_page
from vpr_service.problems import Problem
from vpr_service.routes import TranslatingRoute
from vpr_service.runtime import Running
from vpr_video.api.guests import check_guest, come_in
from vpr_video.guests import Row, guest_by
from vpr_video.schemas import TOKEN_LIMIT
from vpr_video.web.rendering import into_call, page

GuestToken = Annotated[str, Path(max_length=TOKEN_LIMIT)]


class GuestRoute(TranslatingRoute):
    """Answers errors with a page for people."""

    @staticmethod
    def translate(request: Request, problem: Problem) -> Response:
        """The page that says what is wrong, without a word of police."""
        code, status = ("no_such_invite", 404) if problem.status == 422 else (problem.code, problem.status)
        response = page(request, "text.html", code, neutral=True, status=status)
        response.headers.update(problem.headers or {})
        return response


router = APIRouter(
    prefix="/guest", route_class=GuestRoute, include_in_schema=False, dependencies=[Depends(public_page)]
)


async def _invited(token: GuestToken, runtime: Running) -> Row:
    return await guest_by(token, runtime)


Invited = Annotated[Row, Depends(_invited)]


@router.api_route("/{token}", methods=["GET", "HEAD"])
async def ask(invited: Invited, request: Request, runtime: Running) -> Response:
    """A page with one button. 404, 409 or 410 where the button could not work."""
    await check_guest(invited, runtime)
    return page(request, "join.html", f"guest_{invited['kind']}", neutral=True)


@router.post("/{token}")
async def join(invited: Invited, request: Request, runtime: Running) -> Response:
    """Spend the link, and go on to the call's own page."""
    return into_call(request, await come_in(invited, runtime))
