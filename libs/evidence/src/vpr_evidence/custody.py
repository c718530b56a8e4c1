"""Custody: who received, read, exported and erased an item, from the events that tell it.

There is no log of custody beside the events: they are chained and sealed in their own streams already (decision 22).
This gathers those of one item.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from vpr_events.contracts.access import AccessRecorded
from vpr_events.contracts.report import ReportAttachmentAdded, ReportPersonalDataErased
from vpr_events.contracts.session import (
    SessionEvidenceCaptured,
    SessionEvidenceClosed,
    SessionEvidenceCopyRequested,
    SessionEvidenceDiscarded,
    SessionEvidenceErased,
    SessionEvidenceExported,
    SessionEvidenceOpened,
    SessionEvidenceViewed,
    SessionUploadBegun,
)
from vpr_events.event import Event, Recorded


class Deed(StrEnum):
    """What was done with an item."""

    RECEIVED = "received"
    OPENED = "opened"
    CLOSED = "closed"
    CAPTURED = "captured"
    DISCARDED = "discarded"
    COPIED = "copied"
    VIEWED = "viewed"
    EXPORTED = "exported"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class Entry:
    """One deed: by whom (None: by a resident, or by a rule), why (a code), when, and the event that tells it.

    ``hash`` chains that event to the one before it in its stream. A service that acted for somebody is named in
    ``through``.
    """

    deed: Deed
    by: UUID | None
    why: str | None
    at: datetime
    event_id: UUID
    hash: str
    through: UUID | None = None


def custody_of(item: UUID, events: Iterable[Recorded]) -> list[Entry]:
    """An item's entries out of the events of its report, of the accesses to it, or of its session, in their order.

    The erasure of a report's personal data counts for the items that were added to that report before it.
    """
    entries: list[Entry] = []
    reports: set[UUID] = set()
    for event in events:
        if isinstance(event.data, ReportAttachmentAdded) and event.data.attachment_id == item:
            reports.add(event.entity_id)
        told = _told(event.data, item, erased=event.entity_id in reports)
        if told:
            entries.append(Entry(at=event.occurred_at, event_id=event.id, hash=event.hash, **told))
    return entries


def _told(data: Event, item: UUID, *, erased: bool) -> Mapping[str, Any] | None:
    match data:
        case ReportAttachmentAdded(attachment_id=named, added_by=by) if named == item:
            return {"deed": Deed.RECEIVED, "by": by, "why": None}
        case ReportPersonalDataErased(basis=basis, rule=rule) if erased:
            return {"deed": Deed.ERASED, "by": None, "why": rule or basis}
        case AccessRecorded(item_id=named) as read if named == item:
            through = read.reader_id if read.acting_for else None
            by = read.acting_for or read.reader_id
            return {"deed": Deed.VIEWED, "by": by, "why": read.purpose, "through": through}
        case SessionEvidenceOpened() | SessionEvidenceClosed() | SessionEvidenceCaptured() | SessionEvidenceDiscarded():
            return _secured(data) if data.evidence_id == item else None
        case SessionUploadBegun(evidence_id=named, link_id=link) if named == item:
            return {"deed": Deed.OPENED, "by": link, "why": "link"}
        case SessionEvidenceCopyRequested(evidence_id=made, copied_from=of) as copy if item in {made, of}:
            return {"deed": Deed.COPIED, "by": copy.requester_id, "why": copy.purpose}
        case SessionEvidenceViewed(evidence_id=named) as seen if named == item:
            return {"deed": Deed.VIEWED, "by": seen.viewer_id, "why": seen.purpose}
        case SessionEvidenceExported(evidence_id=named) as handed if named == item:
            return {"deed": Deed.EXPORTED, "by": handed.exporter_id, "why": handed.purpose}
        case SessionEvidenceErased(evidence_id=named, rule=rule) if named == item:
            return {"deed": Deed.ERASED, "by": None, "why": rule}
    return None


def _secured(data: Event) -> Mapping[str, Any] | None:
    match data:
        case SessionEvidenceOpened(kind=kind, participant_id=by):
            return {"deed": Deed.OPENED, "by": by, "why": kind}
        case SessionEvidenceClosed(reason=reason):
            return {"deed": Deed.CLOSED, "by": None, "why": reason}
        case SessionEvidenceCaptured(kind=kind, participant_id=by):
            return {"deed": Deed.CAPTURED, "by": by, "why": kind}
        case SessionEvidenceDiscarded(reason=reason):
            return {"deed": Deed.DISCARDED, "by": None, "why": reason}
    return None
