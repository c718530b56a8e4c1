"""``/v1/join``: the resident comes in by a link's token, without any other credential."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

from fastapi import APIRouter, Response

from vpr_events import store
from vpr_events.decider import Refused
from vpr_events.event import new_id
from vpr_events.pipeline import Execution
from vpr_service.problems import Problem
from vpr_service.requests import private
from vpr_service.runtime import Running, Runtime
from vpr_video import queries
from vpr_video.credentials import remember
from vpr_video.domain.commands import OpenInvite
from vpr_video.domain.session import session
from vpr_video.private import credential_kept
from vpr_video.schemas import Joined, Token
from vpr_video.tokens import code_in, digest_of, digest_of_code, new_token

router = APIRouter(prefix="/v1/join", tags=["join"])

GONE = frozenset({"invite_expired", "invite_revoked", "invite_withdrawn", "session_ended", "session_expired"})
"""Refusals that stay: 410 instead of the 409 of a link that was used."""


@router.post("")
async def join(body: Token, runtime: Running, response: Response) -> Joined:
    """Spend the link. 404: no such link; 409: it was used, or ``too_early``; 410: it is not valid any more."""
    private(response)
    joined = await open_invite(await invite_by_token(body.token, runtime), runtime)
    remember(response, joined.participant_token)
    return joined


async def invite_by_token(token: str, runtime: Runtime) -> dict[str, Any]:
    """The invitation behind a link's token, whatever became of it. Raises Problem 404."""
    return await _invite(digest_of(token), runtime)


async def invite_by_code(typed: str, runtime: Runtime) -> dict[str, Any]:
    """The invitation behind a short code. Raises Problem 404."""
    code = code_in(typed)
    return await _invite(await digest_of_code(code) if code else "", runtime)


async def _invite(digest: str, runtime: Runtime) -> dict[str, Any]:
    async with runtime.reading() as connection:
        invite = await queries.invite_of(connection, digest)
    if invite is None:
        raise Problem(404, "no_such_invite", "there is no such invitation")
    return invite


async def open_invite(invite: dict[str, Any], runtime: Runtime) -> Joined:
    """Come in by an invitation. Raises Problem 404, 409 or 410."""
    credential = new_token(32)
    execution = _opening(invite, runtime)
    command = cast("OpenInvite", execution.command)
    with answers():
        kept = credential_kept(command, execution.entity, credential)
        await runtime.pipeline.execute(replace(execution, private=[kept]))
    return Joined(session_id=execution.entity, participant_id=command.participant_id, participant_token=credential)


async def check_invite(invite: dict[str, Any], runtime: Runtime) -> None:
    """Whether the invitation could be opened now, spending nothing. Raises what ``open_invite`` would."""
    execution = _opening(invite, runtime)
    async with runtime.reading() as connection:
        past = (await store.load(connection, [execution.stream]))[execution.stream]
    with answers():
        session.decide(execution.command, session.fold(event.data for event in past))


def _opening(invite: dict[str, Any], runtime: Runtime) -> Execution:
    command = OpenInvite(at=runtime.now(), invite_id=invite["invite_id"], participant_id=new_id())
    return Execution(decider=session, entity=invite["session_id"], command=command, correlation_id=invite["report_id"])


@contextmanager
def answers() -> Iterator[None]:
    """Refusals that stay become 410."""
    try:
        yield
    except Refused as refusal:
        if refusal.code in GONE:
            raise Problem(410, refusal.code, str(refusal)) from None
        raise
