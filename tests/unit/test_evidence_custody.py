"""Custody of one item, from events."""

from uuid import UUID

from tests.examples import NOON, minutes, recorded
from vpr_events.contracts.access import AccessRecorded
from vpr_events.contracts.report import ErasureBasis, ReportAttachmentAdded, ReportPersonalDataErased
from vpr_events.contracts.session import (
    EvidenceKind,
    SessionEvidenceCaptured,
    SessionEvidenceErased,
    SessionEvidenceExported,
    SessionEvidenceViewed,
)
from vpr_events.contracts.values import Role
from vpr_events.event import Event, Recorded, new_id
from vpr_evidence.custody import Deed, custody_of

REPORT, ITEM, OTHER, OFFICER, VIDEO, CLIENT = (new_id() for _ in range(6))
HASH = "0" * 64
RULE = ErasureBasis.RETENTION


def told(*events: Event, entity: UUID = REPORT) -> list[Recorded]:
    return [recorded(event, entity=entity, at=NOON + minutes(place)) for place, event in enumerate(events)]


def added(item: UUID) -> ReportAttachmentAdded:
    return ReportAttachmentAdded(attachment_id=item, media_type="image/jpeg", size=1, sha256=HASH, added_by=CLIENT)


def read(item: UUID | None, reader: UUID = OFFICER, acting_for: UUID | None = None) -> AccessRecorded:
    return AccessRecorded(
        reader_id=reader, role=Role.OFFICER, resource="attachment", purpose="claim", acting_for=acting_for, item_id=item
    )


def test_an_attachment_is_received_read_and_erased() -> None:
    events = told(
        added(ITEM), added(OTHER), read(ITEM), read(OTHER), read(None), read(ITEM, VIDEO, OFFICER),
        ReportPersonalDataErased(basis=RULE, rule="R1"),
    )  # fmt: skip
    entries = custody_of(ITEM, events)
    assert [(one.deed, one.by, one.why, one.through) for one in entries] == [
        (Deed.RECEIVED, CLIENT, None, None),
        (Deed.VIEWED, OFFICER, "claim", None),
        (Deed.VIEWED, OFFICER, "claim", VIDEO),
        (Deed.ERASED, None, "R1", None),
    ]
    assert [one.at for one in entries] == [NOON + minutes(place) for place in (0, 2, 5, 6)]
    assert [one.hash for one in entries] == [events[place].hash for place in (0, 2, 5, 6)]


def test_another_reports_erasure_is_no_matter_of_this_item() -> None:
    events = told(added(ITEM)) + told(ReportPersonalDataErased(basis=RULE, rule="R1"), entity=new_id())
    assert [one.deed for one in custody_of(ITEM, events)] == [Deed.RECEIVED]
    assert custody_of(new_id(), events) == []


def test_evidence_of_a_session_is_captured_viewed_exported_and_erased() -> None:
    events = told(
        SessionEvidenceCaptured(evidence_id=ITEM, kind=EvidenceKind.SNAPSHOT, sha256=HASH, size=1),
        SessionEvidenceViewed(evidence_id=ITEM, viewer_id=OFFICER, purpose="review"),
        SessionEvidenceExported(evidence_id=ITEM, exporter_id=OFFICER, purpose="court"),
        SessionEvidenceViewed(evidence_id=OTHER, viewer_id=OFFICER, purpose="review"),
        SessionEvidenceErased(evidence_id=ITEM, rule="R2"),
    )
    assert [(one.deed, one.by, one.why) for one in custody_of(ITEM, events)] == [
        (Deed.CAPTURED, None, "snapshot"),
        (Deed.VIEWED, OFFICER, "review"),
        (Deed.EXPORTED, OFFICER, "court"),
        (Deed.ERASED, None, "R2"),
    ]
