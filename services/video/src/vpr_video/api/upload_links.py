"""``/v1/sessions/{id}/upload-links``: an officer lets somebody outside of the session send evidence (decision 31)."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from vpr_events.pipeline import Execution
from vpr_service.described import problems
from vpr_service.requests import private
from vpr_service.runtime import Running
from vpr_video.api.callers import ActedOn, Actor
from vpr_video.domain.giving import RevokeUploadLink
from vpr_video.domain.session import session
from vpr_video.erased import check_kept
from vpr_video.evidence.link_schemas import NewUploadLink, UploadLinkShown
from vpr_video.evidence.links import issued, issuing, links_of
from vpr_video.evidence.taking import evidence_of
from vpr_video.sending.wiring import settings_of

router = APIRouter(prefix="/v1/sessions/{session_id}/upload-links", tags=["evidence"])


@router.post("", status_code=201, responses=problems(503))
async def issue(
    new: NewUploadLink, row: ActedOn, caller: Actor, runtime: Running, response: Response
) -> UploadLinkShown:
    """Make a link: it is shown in this answer alone. It works until it expires, also after the session's end.

    409 ``erased``; 503 ``evidence_off``.
    """
    evidence_of(runtime)
    async with runtime.reading() as connection:
        await check_kept(connection, row["report_id"])
    execution, token = issuing(new, row, caller.id, runtime)
    made = issued((await runtime.pipeline.execute(execution)).events)
    private(response)
    return UploadLinkShown(
        id=made.link_id,
        purpose=made.purpose,
        most=made.most,
        used=0,
        issued_at=execution.command.at,
        expires_at=made.expires_at,
        revoked_at=None,
        link=settings_of(runtime).give_link(token),
    )


@router.get("")
async def read(row: ActedOn, runtime: Running, response: Response) -> list[UploadLinkShown]:
    """The session's links, newest first."""
    async with runtime.reading() as connection:
        rows = await links_of(connection, row["id"])
    private(response)
    return [_shown(one) for one in rows]


@router.delete("/{link_id}", status_code=204)
async def revoke(link_id: UUID, row: ActedOn, runtime: Running) -> None:
    """Take nothing more by a link, also of what is being sent; what came of it is kept. Twice is the same as once."""
    command = RevokeUploadLink(at=runtime.now(), link_id=link_id)
    execution = Execution(decider=session, entity=row["id"], command=command, correlation_id=row["report_id"])
    await runtime.pipeline.execute(execution)


def _shown(row: dict[str, Any]) -> UploadLinkShown:
    return UploadLinkShown(
        id=row["link_id"],
        **{name: row[name] for name in ("purpose", "most", "used", "issued_at", "expires_at", "revoked_at")},
    )
