"""``/v1/sessions/{id}/invitations``: single-use links for the resident."""

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Response

from vpr_events.contracts.session import SessionInviteSent
from vpr_events.event import new_id
from vpr_events.pipeline import Execution
from vpr_service.requests import RequiredKey, key_of, private
from vpr_service.runtime import Running
from vpr_video.api.callers import ActedOn, Actor
from vpr_video.domain.commands import IssueInvite
from vpr_video.domain.session import session
from vpr_video.private import digest_kept
from vpr_video.schemas import Invitation, NewInvitation
from vpr_video.settings import Settings
from vpr_video.tokens import new_token

router = APIRouter(prefix="/v1/sessions", tags=["sessions"])

SHOWN_ONCE = "the link was shown in the first answer; a new invitation, with a new Idempotency-Key, replaces a lost one"


async def _settings(runtime: Running) -> Settings:
    return cast("Settings", runtime.settings)


@router.post("/{session_id}/invitations", status_code=201)
async def invite(
    new: NewInvitation,
    row: ActedOn,
    caller: Actor,
    runtime: Running,
    settings: Annotated[Settings, Depends(_settings)],
    given: RequiredKey,
    response: Response,
) -> Invitation:
    """Invite the resident; an earlier link that was not opened is void from now on.

    A repeat with the same Idempotency-Key answers 200 with the same invitation and no link. Tokens are random: one
    derived from a server's secret could be shown again, but whoever got that secret could open every invitation.
    Nothing is lost by it: a link that did not arrive is better replaced than left alive.
    """
    token, now = new_token(), runtime.now()
    command = IssueInvite(
        at=now,
        invite_id=new_id(),
        channel=new.channel,
        expires_at=min(now + settings.invite_lifetime, row["expires_at"]),
    )
    execution = _execution(command, row, token)
    outcome = await runtime.pipeline.execute(execution, key=key_of(caller, given))
    sent = cast("SessionInviteSent", outcome.events[0].data)
    private(response)
    response.status_code = 200 if outcome.replayed else 201
    return Invitation(
        id=sent.invite_id,
        session_id=row["id"],
        channel=sent.channel,
        expires_at=sent.expires_at,
        link=None if outcome.replayed else settings.link_of(token),
        note=SHOWN_ONCE if outcome.replayed else None,
    )


def _execution(command: IssueInvite, session_row: ActedOn, token: str) -> Execution:
    return Execution(
        decider=session,
        entity=session_row["id"],
        command=command,
        correlation_id=session_row["report_id"],
        private=[digest_kept(command, session_row["id"], token)],
    )
