"""``/v1/join``: the resident comes in by a link's token, without any other credential."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import cast
from uuid import UUID

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
from vpr_video.tokens import digest_of, new_token

router = APIRouter(prefix="/v1/join", tags=["join"])

GONE = frozenset({"invite_expired", "invite_revoked", "session_ended", "session_expired"})
"""Refusals that stay: 410 instead of the 409 of a link that was used."""


@router.post("")
async def join(body: Token, runtime: Running, response: Response) -> Joined:
    """Spend the link. 404: no such link; 409: it was used; 410: it is not valid any more."""
    private(response)
    joined = await open_invite(body.token, runtime)
    remember(response, joined.participant_token)
    return joined


async def open_invite(token: str, runtime: Runtime) -> Joined:
    """Open the invitation behind a token. Raises Problem 404, 409 or 410."""
    participant, credential = new_id(), new_token()
    execution = await _opening(token, participant, runtime)
    kept = credential_kept(cast("OpenInvite", execution.command), execution.entity, credential)
    with _answers():
        await runtime.pipeline.execute(replace(execution, private=[kept]))
    return Joined(session_id=execution.entity, participant_id=participant, participant_token=credential)


async def check_invite(token: str, runtime: Runtime) -> None:
    """Whether the invitation could be opened now, spending nothing. Raises what ``open_invite`` would."""
    execution = await _opening(token, new_id(), runtime)
    async with runtime.reading() as connection:
        past = (await store.load(connection, [execution.stream]))[execution.stream]
    with _answers():
        session.decide(execution.command, session.fold(event.data for event in past))


async def _opening(token: str, participant: UUID, runtime: Runtime) -> Execution:
    async with runtime.reading() as connection:
        invite = await queries.invite_of(connection, digest_of(token))
    if invite is None:
        raise Problem(404, "no_such_invite", "there is no such invitation")
    command = OpenInvite(at=runtime.now(), invite_id=invite["invite_id"], participant_id=participant)
    return Execution(decider=session, entity=invite["session_id"], command=command, correlation_id=invite["report_id"])


@contextmanager
def _answers() -> Iterator[None]:
    try:
        yield
    except Refused as refusal:
        if refusal.code in GONE:
            raise Problem(410, refusal.code, str(refusal)) from None
        raise
