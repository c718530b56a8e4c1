"""``/v1/sessions/{id}/invitations``: invite the resident, see how that fares, take it back."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from vpr_events.pipeline import Execution
from vpr_service.requests import RequiredKey, key_of, private
from vpr_service.runtime import Running
from vpr_video import queries
from vpr_video.api.callers import ActedOn, Actor, Reader, session_row
from vpr_video.domain.commands import RevokeInvite
from vpr_video.domain.session import session
from vpr_video.domain.state import OVER
from vpr_video.issuing import Wanted, check_channel, issued, new_invite
from vpr_video.schemas import Invitation, InvitationStatus, InviteState, NewInvitation, SendingAttempt
from vpr_video.sending.wiring import settings_of
from vpr_video.settings import Settings

router = APIRouter(prefix="/v1/sessions", tags=["sessions"])

SHOWN_ONCE = "it was shown in the first answer; a new invitation, with a new Idempotency-Key, replaces a lost one"


async def _settings(runtime: Running) -> Settings:
    return settings_of(runtime)


@router.post(
    "/{session_id}/invitations",
    status_code=201,
    responses={200: {"model": Invitation, "description": "The same invitation as before, without its link."}},
)
async def invite(
    new: NewInvitation,
    row: ActedOn,
    caller: Actor,
    runtime: Running,
    settings: Annotated[Settings, Depends(_settings)],
    given: RequiredKey,
    response: Response,
) -> Invitation:
    """Invite the resident; an earlier link or code that was not opened is void from now on.

    A repeat with the same Idempotency-Key answers 200 with the same invitation and without link or code. Tokens are
    random: one derived from a server's secret could be shown again, but whoever got that secret could open every
    invitation. Nothing is lost by it: a link that did not arrive is better replaced than left alive.

    409 ``channel_not_set_up`` or ``no_neutral_sender``; 429 ``sms_budget_of_session`` or ``sms_budget_of_hour``.
    """
    fallback = not new.neutral if new.fallback is None else new.fallback
    wanted = Wanted(new.channel, new.language, new.neutral, fallback)
    await check_channel(wanted, row["id"], runtime, settings)
    made = await new_invite(wanted, row, runtime, settings)
    outcome = await runtime.pipeline.execute(made.execution, key=key_of(caller, given))
    event, fresh = issued(outcome), not outcome.replayed
    private(response)
    response.status_code = 201 if fresh else 200
    handed_over = event.channel in {"link", "code"}
    return Invitation(
        id=event.invite_id,
        session_id=row["id"],
        channel=event.channel,
        state="sent" if handed_over else "pending",
        expires_at=event.expires_at,
        link=made.link if fresh else None,
        code=made.code if fresh else None,
        note=SHOWN_ONCE if handed_over and not fresh else None,
    )


@router.get("/{session_id}/invitations")
async def list_invitations(session_id: UUID, _: Reader, runtime: Running, response: Response) -> list[InvitationStatus]:
    """How a session's invitations fare, newest first."""
    row = await session_row(session_id, runtime)
    async with runtime.reading() as connection:
        rows = await queries.invites_of(connection, session_id)
        attempts = await queries.attempts_of(connection, [one["invite_id"] for one in rows])
    private(response)
    return [_status(one, attempts, state_of(one, runtime, over=row["status"] in OVER)) for one in rows]


def state_of(row: dict[str, Any], runtime: Running, *, over: bool) -> InviteState:
    """Where an invitation stands; one that nobody opened expires with its session."""
    if row["opened_at"]:
        return "opened"
    if row["revoked_at"]:
        return "revoked"
    if row["failed_at"] and not row["sent_at"]:
        return "failed"
    if over or runtime.now() >= row["expires_at"]:
        return "expired"
    return "sent" if row["sent_at"] else "pending"


def _status(row: dict[str, Any], attempts: list[dict[str, Any]], state: InviteState) -> InvitationStatus:
    own = [one for one in attempts if one["invite_id"] == row["invite_id"]]
    shown = [SendingAttempt(**{name: one[name] for name in SendingAttempt.model_fields}) for one in own]
    told = {name: row[name] for name in InvitationStatus.model_fields if name in row}
    return InvitationStatus(**told, id=row["invite_id"], state=state, attempts=shown)


@router.delete("/{session_id}/invitations/{invite_id}", status_code=204)
async def revoke(invite_id: UUID, row: ActedOn, runtime: Running) -> None:
    """Take an invitation back; doing it twice is the same as once. 409 ``invite_used`` for one that was opened."""
    command = RevokeInvite(at=runtime.now(), invite_id=invite_id)
    execution = Execution(decider=session, entity=row["id"], command=command, correlation_id=row["report_id"])
    await runtime.pipeline.execute(execution)
