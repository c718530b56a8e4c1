"""Links by which somebody outside of a session sends evidence: their rows, and beginning an item by one."""

from collections.abc import Iterable
from typing import Any, cast
from uuid import UUID

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vpr_events import store
from vpr_events.contracts.session import EvidenceKind, SessionUploadLinkIssued, SessionUploadLinkRevoked
from vpr_events.erasure import keeping
from vpr_events.event import Recorded, new_id, stream_name
from vpr_events.pipeline import Execution
from vpr_events.writes import Write
from vpr_evidence.keys import new_item_key
from vpr_evidence.names import tidy
from vpr_service.evidence import storing
from vpr_service.problems import Problem, invalid_field
from vpr_service.runtime import Runtime
from vpr_video.domain.giving import BeginUpload, IssueUploadLink, UploadLink, check_link, check_sending
from vpr_video.domain.items import Stage
from vpr_video.domain.session import session
from vpr_video.erased import ERASED
from vpr_video.evidence import items
from vpr_video.evidence.items import Row
from vpr_video.evidence.kinds import check_declared
from vpr_video.evidence.link_schemas import GivenItem, NewUploadLink
from vpr_video.evidence.taking import OFF, evidence_of, item_row
from vpr_video.sending.wiring import settings_of
from vpr_video.tables import Moment, evidence, upload_links
from vpr_video.tokens import digest_of, new_token

INSERT_LINK = ERASED.inserting(upload_links)
"""Nothing for a report that was erased: then the link opens nothing either."""
REVOKE = (
    update(upload_links)
    .where(upload_links.c.link_id == bindparam("link"))
    .values(revoked_at=bindparam("at", type_=Moment))
)
_used = (
    select(func.count())
    .select_from(evidence)
    .where(evidence.c.participant_id == upload_links.c.link_id)
    .scalar_subquery()
    .label("used")
)


def project_link(event: Recorded) -> Iterable[Write]:
    """A link that is taken back. Its row is made with its event, since only then its token is known."""
    if isinstance(event.data, SessionUploadLinkRevoked):
        yield Write(event.entity_id, REVOKE, {"link": event.data.link_id, "at": event.occurred_at})


async def link_by(connection: AsyncConnection, token: str) -> Row | None:
    """The link of a token, with how many items were begun by it; None for any other text."""
    query = select(*upload_links.c, _used).where(upload_links.c.token_digest == digest_of(token))
    row = (await connection.execute(query)).mappings().one_or_none()
    return dict(row) if row else None


async def links_of(connection: AsyncConnection, session_id: UUID) -> list[Row]:
    """A session's links, newest first."""
    query = select(*upload_links.c, _used).where(upload_links.c.session_id == session_id)
    query = query.order_by(upload_links.c.issued_at.desc(), upload_links.c.link_id.desc())
    return [dict(row) for row in (await connection.execute(query)).mappings()]


def issuing(new: NewUploadLink, row: Row, staff_id: UUID, runtime: Runtime) -> tuple[Execution, str]:
    """The command that issues a link, and its token, of which only the digest is kept."""
    now, token = runtime.now(), new_token()
    command = IssueUploadLink(
        at=now,
        link_id=new_id(),
        purpose=new.purpose,
        most=new.most,
        expires_at=now + settings_of(runtime).link_lifetime,
        staff_id=staff_id,
    )
    kept = {"link_id": command.link_id, "session_id": row["id"], "report_id": row["report_id"]}
    kept |= {"token_digest": digest_of(token), "purpose": new.purpose, "most": new.most, "issued_at": now}
    kept |= {"expires_at": command.expires_at, "revoked_at": None}
    writes = [keeping(row["report_id"]), Write(row["report_id"], INSERT_LINK, kept)]
    execution = Execution(
        decider=session, entity=row["id"], command=command, correlation_id=row["report_id"], private=writes
    )
    return execution, token


def issued(events: Iterable[Recorded]) -> SessionUploadLinkIssued:
    """The event that tells of a link that was made."""
    [event] = events
    return cast("SessionUploadLinkIssued", event.data)


async def given_link(token: str, runtime: Runtime) -> Row:
    """The link of a token, whatever became of it. Raises Problem 404."""
    async with runtime.reading() as connection:
        row = await link_by(connection, token)
    if row is None:
        raise Problem(404, "no_such_link", "there is no such link")
    return row


async def check_open(link: Row, runtime: Runtime) -> None:
    """Whether another item may be sent by this link. Raises Refused."""
    stream = stream_name("session", link["session_id"])
    async with runtime.reading() as connection:
        past = (await store.load(connection, [stream]))[stream]
    check_link(link["link_id"], session.fold(event.data for event in past).links, runtime.now())


async def begun(new: GivenItem, link: Row, runtime: Runtime) -> Row:
    """Begin an item by a link: its row. Raises Refused, and Problem 409, 422 and 503."""
    store_of, item = evidence_of(runtime), new_id()
    try:
        said = check_declared(EvidenceKind.FILE, new.media_type)
    except ValueError as error:
        raise invalid_field("media_type", str(error)) from None
    with storing(OFF):
        wrapped = store_of.keys.wrap(item, new_item_key())
    kept = items.file_kept(
        item,
        link["report_id"],
        wrapped_key=wrapped,
        declared_type=said,
        file_name=tidy(new.name),
        note=new.note or None,
    )
    command = BeginUpload(at=runtime.now(), evidence_id=item, kind=EvidenceKind.FILE, link_id=link["link_id"])
    execution = Execution(
        decider=session,
        entity=link["session_id"],
        command=command,
        correlation_id=link["report_id"],
        private=[*kept],
    )
    await runtime.pipeline.execute(execution)
    return await item_row(link["session_id"], item, runtime)


async def item_of(link: Row, evidence_id: UUID, runtime: Runtime) -> dict[str, Any]:
    """An item that was begun by this link. Raises Problem 404."""
    row = await item_row(link["session_id"], evidence_id, runtime)
    if row["participant_id"] != link["link_id"]:
        raise Problem(404, "no_such_evidence", "there is no such item of this link")
    return row


def check_takes(link: Row, row: Row, runtime: Runtime) -> None:
    """Whether more is taken of an item of this link; one that is captured may be completed again. Raises Refused."""
    if row["state"] != Stage.CAPTURED:
        revoked = link["revoked_at"] is not None
        known = UploadLink(link["link_id"], link["expires_at"], link["most"], link["used"], revoked)
        check_sending(known, runtime.now())
