"""``/join/{token}``: what a resident sees behind the link.

Messengers and scanners of mail fetch links, so opening the page spends nothing: the button does. Whose invitation is
neutral sees no word of police, and neither does whoever opens a link that we do not know.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response

from vpr_service.origins import public_page
from vpr_service.problems import Problem
from vpr_service.routes import TranslatingRoute
from vpr_service.runtime import Running
from vpr_video.api.callers import session_row
from vpr_video.api.joining import answers, check_invite, invite_by_token, open_invite
from vpr_video.domain.inviting import SENT_BY_US
from vpr_video.issuing import Wanted, check_channel, new_invite
from vpr_video.limiting import Limited, Source
from vpr_video.schemas import TOKEN_LIMIT
from vpr_video.sending.wiring import settings_of
from vpr_video.web.rendering import early_page, into_call, page

LOST = frozenset({"invite_used", "invite_expired"})
"""What is wrong with a link in whose place a new one helps."""

LinkToken = Annotated[str, Path(max_length=TOKEN_LIMIT)]


class PageRoute(TranslatingRoute):
    """Answers errors with a page for people."""

    @staticmethod
    def translate(request: Request, problem: Problem) -> Response:
        """The page that says what is wrong, with a button where a new link helps and can be sent."""
        code = "no_such_invite" if problem.status == 422 else problem.code
        status = 404 if problem.status == 422 else problem.status
        invite = getattr(request.state, "invite", None)
        if invite is not None and code == "too_early":
            return early_page(request, invite, status=status)
        asking = invite is not None and code in LOST and invite["channel"] in SENT_BY_US
        template = "ask.html" if asking else "text.html"
        response = page(
            request, template, code, neutral=invite is None or invite["neutral"], status=status,
            token=request.path_params.get("token", ""),
        )  # fmt: skip
        response.headers.update(problem.headers or {})
        return response


router = APIRouter(prefix="/join", route_class=PageRoute, include_in_schema=False, dependencies=[Depends(public_page)])


async def _invite(token: LinkToken, request: Request, runtime: Running) -> dict[str, Any]:
    """The link's invitation, remembered for the page of an error. Raises Problem 404."""
    invite = await invite_by_token(token, runtime)
    request.state.invite = invite
    return invite


LinkInvite = Annotated[dict[str, Any], Depends(_invite)]


@router.api_route("/{token}", methods=["GET", "HEAD"])
async def ask(invite: LinkInvite, request: Request, runtime: Running) -> Response:
    """A page with one button. 404, 409 or 410 where the button could not work; before an appointment it says when."""
    await check_invite(invite, runtime)
    return page(request, "join.html", "join", neutral=invite["neutral"])


@router.post("/{token}")
async def join(invite: LinkInvite, request: Request, runtime: Running) -> Response:
    """Spend the link, and go on to the call's own page: the way back to this one is spent."""
    return into_call(request, await open_invite(invite, runtime))


@router.post("/{token}/new-link")
async def new_link(invite: LinkInvite, request: Request, runtime: Running, limits: Limited, source: Source) -> Response:
    """Send another link to where this one went. Whoever asks learns neither where that is nor the link."""
    if invite["channel"] not in SENT_BY_US:
        raise Problem(409, "invite_expired", "only the officer can give a new link")
    limits.ask_for_link(invite["session_id"], source)
    settings, wanted = settings_of(runtime), Wanted.again(invite)
    await check_channel(wanted, invite["session_id"], runtime, settings)
    row = await session_row(invite["session_id"], runtime)
    made = await new_invite(wanted, row, runtime, settings, instead_of=invite["invite_id"])
    with answers():
        await runtime.pipeline.execute(made.execution)
    return page(request, "text.html", "link_sent", neutral=invite["neutral"])
