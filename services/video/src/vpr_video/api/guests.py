"""``/v1/sessions/{id}/guests``: an officer brings in somebody without an account; ``/v1/join/guest``: they come in."""

from uuid import UUID

from fastapi import APIRouter, Response

from vpr_events import store
from vpr_events.pipeline import Execution
from vpr_service.described import problems
from vpr_service.requests import private
from vpr_service.runtime import Running, Runtime
from vpr_video.api.callers import ActedOn, Actor
from vpr_video.api.joining import answers
from vpr_video.credentials import remember
from vpr_video.domain.guests import RevokeGuestInvite
from vpr_video.domain.session import session
from vpr_video.erased import check_kept
from vpr_video.guests import Row, coming, guest_by, guests_of, inviting, state_of
from vpr_video.schemas import GuestShown, Joined, NewGuest, Token
from vpr_video.sending.wiring import settings_of

router = APIRouter(prefix="/v1/sessions/{session_id}/guests", tags=["invitations"])
public = APIRouter(prefix="/v1/join", tags=["join"])


@router.post("", status_code=201, responses=problems(409))
async def invite(new: NewGuest, row: ActedOn, caller: Actor, runtime: Running, response: Response) -> GuestShown:
    """Invite an interpreter or a specialist: the link is shown in this answer alone. Pass it on yourself.

    409 ``erased``, ``session_ended``, ``session_expired``.
    """
    async with runtime.reading() as connection:
        await check_kept(connection, row["report_id"])
    execution, kept, token = inviting(new, row, caller.id, runtime)
    await runtime.pipeline.execute(execution)
    private(response)
    return _shown(kept, runtime, settings_of(runtime).guest_link(token))


@router.get("")
async def read(row: ActedOn, runtime: Running, response: Response) -> list[GuestShown]:
    """The session's guests, the newest first; none once the report's personal data is erased."""
    async with runtime.reading() as connection:
        rows = await guests_of(connection, row["id"])
    private(response)
    return [_shown(one, runtime) for one in rows]


@router.delete("/{invite_id}", status_code=204)
async def revoke(invite_id: UUID, row: ActedOn, caller: Actor, runtime: Running) -> None:
    """Take a link back; twice is the same as once. 409 ``invite_used``: show them out of the call instead."""
    command = RevokeGuestInvite(at=runtime.now(), invite_id=invite_id, staff_id=caller.id)
    execution = Execution(decider=session, entity=row["id"], command=command, correlation_id=row["report_id"])
    await runtime.pipeline.execute(execution)


@public.post("/guest")
async def join(body: Token, runtime: Running, response: Response) -> Joined:
    """A guest spends the link, and waits. 404: no such link; 409: it was used; 410: it is not valid any more."""
    private(response)
    joined = await come_in(await guest_by(body.token, runtime), runtime)
    remember(response, joined.participant_token)
    return joined


async def come_in(invited: Row, runtime: Runtime) -> Joined:
    """Come in by an invitation. Raises Problem 404, 409 or 410."""
    guest = coming(invited, runtime)
    with answers():
        await runtime.pipeline.execute(guest.execution)
    return Joined(
        session_id=invited["session_id"], participant_id=guest.participant_id, participant_token=guest.credential
    )


async def check_guest(invited: Row, runtime: Runtime) -> None:
    """Whether the link could be opened now, spending nothing. Raises what ``come_in`` would."""
    execution = coming(invited, runtime).execution
    async with runtime.reading() as connection:
        past = (await store.load(connection, [execution.stream]))[execution.stream]
    with answers():
        session.decide(execution.command, session.fold(event.data for event in past))


def _shown(row: Row, runtime: Runtime, link: str | None = None) -> GuestShown:
    told = {name: row[name] for name in ("kind", "name", "issued_at", "expires_at", "opened_at", "revoked_at")}
    return GuestShown(id=row["invite_id"], state=state_of(row, runtime.now()), link=link, **told)
