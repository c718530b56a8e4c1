"""Links by which somebody outside of a session sends evidence: issued, used a few times, revoked or too old.

They outlive the session: who has the recording of a camera rarely has it at hand while others talk.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from vpr_events.contracts.session import (
    EvidenceKind,
    SessionUploadBegun,
    SessionUploadLinkIssued,
    SessionUploadLinkRevoked,
    UploadPurpose,
)
from vpr_events.decider import Command, Refused, Unknown
from vpr_events.event import Event

GRACE = timedelta(minutes=30)
"""How long an item that was begun in time may still be sent once its link is too old."""


@dataclass(frozen=True, slots=True)
class UploadLink:
    """A link; ``used`` counts the items that were begun by it."""

    id: UUID
    expires_at: datetime
    most: int
    used: int = 0
    revoked: bool = False


type UploadLinks = tuple[UploadLink, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueUploadLink(Command):
    """Let somebody outside of the session send ``most`` items."""

    link_id: UUID
    purpose: UploadPurpose
    most: int
    expires_at: datetime
    staff_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeUploadLink(Command):
    """Take nothing more by a link, also of what is being sent by it."""

    link_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginUpload(Command):
    """Somebody begins to send an item by a link."""

    evidence_id: UUID
    kind: EvidenceKind
    link_id: UUID


def issue_link(command: IssueUploadLink, links: UploadLinks) -> Sequence[Event]:
    """What issuing leads to."""
    if _found(command.link_id, links):
        return []
    return [
        SessionUploadLinkIssued(
            link_id=command.link_id,
            purpose=command.purpose,
            most=command.most,
            expires_at=command.expires_at,
            issued_by=command.staff_id,
        )
    ]


def revoke_link(command: RevokeUploadLink, links: UploadLinks) -> Sequence[Event]:
    """What taking a link back leads to."""
    return [] if _known(command.link_id, links).revoked else [SessionUploadLinkRevoked(link_id=command.link_id)]


def begin_upload(command: BeginUpload, links: UploadLinks) -> Sequence[Event]:
    """What the beginning of an item leads to."""
    check_link(command.link_id, links, command.at)
    return [SessionUploadBegun(evidence_id=command.evidence_id, kind=command.kind, link_id=command.link_id)]


def check_link(link_id: UUID, links: UploadLinks, at: datetime) -> None:
    """Whether another item may be sent by a link. Raises Refused and Unknown."""
    link = _known(link_id, links)
    if link.revoked:
        raise _revoked()
    if at >= link.expires_at:
        raise _expired()
    if link.used >= link.most:
        raise Refused("link_used_up", f"all {link.most} items of this link were sent")


def check_sending(link: UploadLink, at: datetime) -> None:
    """Whether an item that was begun by a link may go on. Raises Refused."""
    if link.revoked:
        raise _revoked()
    if at >= link.expires_at + GRACE:
        raise _expired()


def _revoked() -> Refused:
    return Refused("link_revoked", "this link was taken back")


def _expired() -> Refused:
    return Refused("link_expired", "this link is too old")


def _found(link_id: UUID, links: UploadLinks) -> UploadLink | None:
    return next((link for link in links if link.id == link_id), None)


def _known(link_id: UUID, links: UploadLinks) -> UploadLink:
    if link := _found(link_id, links):
        return link
    raise Unknown("no_such_link", "there is no such link")


def links_after(links: UploadLinks, event: Event) -> UploadLinks:
    """The links after an event of any kind."""
    match event:
        case SessionUploadLinkIssued():
            return (*links, UploadLink(event.link_id, event.expires_at, event.most))
        case SessionUploadLinkRevoked():
            return tuple(replace(one, revoked=True) if one.id == event.link_id else one for one in links)
        case SessionUploadBegun():
            return tuple(replace(one, used=one.used + 1) if one.id == event.link_id else one for one in links)
    return links


GIVING: Mapping[type[Command], Callable[[Any, UploadLinks], Sequence[Event]]] = {
    IssueUploadLink: issue_link,
    RevokeUploadLink: revoke_link,
    BeginUpload: begin_upload,
}
"""What is decided also after the session's end."""
