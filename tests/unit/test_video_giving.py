"""Links for evidence of others: what each command leads to."""

from datetime import timedelta
from uuid import UUID

import pytest

from tests.examples import NOON, minutes
from vpr_events.contracts.session import (
    EvidenceKind,
    SessionUploadBegun,
    SessionUploadLinkIssued,
    SessionUploadLinkRevoked,
    UploadPurpose,
)
from vpr_events.decider import Refused, Unknown
from vpr_events.event import Event
from vpr_video.domain.giving import GIVING, BeginUpload, IssueUploadLink, RevokeUploadLink, links_after

LINK, ITEM, STAFF = (UUID(int=number) for number in range(1, 4))
UNTIL = NOON + timedelta(days=7)
ISSUE = IssueUploadLink(at=NOON, link_id=LINK, purpose=UploadPurpose.CAMERA, most=2, expires_at=UNTIL, staff_id=STAFF)
BEGIN = BeginUpload(at=NOON + minutes(1), evidence_id=ITEM, kind=EvidenceKind.FILE, link_id=LINK)
REVOKE = RevokeUploadLink(at=NOON, link_id=LINK)
ISSUED = SessionUploadLinkIssued(link_id=LINK, purpose=UploadPurpose.CAMERA, most=2, expires_at=UNTIL, issued_by=STAFF)
BEGUN = SessionUploadBegun(evidence_id=ITEM, kind=EvidenceKind.FILE, link_id=LINK)
REVOKED = SessionUploadLinkRevoked(link_id=LINK)


def decided(command: IssueUploadLink | BeginUpload | RevokeUploadLink, *past: Event) -> list[Event]:
    links = ()
    for event in past:
        links = links_after(links, event)  # type: ignore[assignment] # the empty tuple is one
    return list(GIVING[type(command)](command, links))


def test_a_link_is_issued_once() -> None:
    assert decided(ISSUE) == [ISSUED]
    assert decided(ISSUE, ISSUED) == []


def test_a_link_is_taken_back_once() -> None:
    assert decided(REVOKE, ISSUED) == [REVOKED]
    assert decided(REVOKE, ISSUED, REVOKED) == []
    with pytest.raises(Unknown):
        decided(REVOKE)


def test_an_item_is_begun_by_a_link() -> None:
    assert decided(BEGIN, ISSUED) == [BEGUN]
    assert decided(BEGIN, ISSUED, BEGUN) == [BEGUN]


@pytest.mark.parametrize(
    ("past", "code"),
    [((ISSUED, BEGUN, BEGUN), "link_used_up"), ((ISSUED, REVOKED), "link_revoked"), ((), "no_such_link")],
)
def test_nothing_is_begun_by_a_link_that_takes_no_more(past: tuple[Event, ...], code: str) -> None:
    with pytest.raises((Refused, Unknown)) as refused:
        decided(BEGIN, *past)
    assert refused.value.code == code


def test_nothing_is_begun_by_a_link_that_is_too_old() -> None:
    late = BeginUpload(at=UNTIL, evidence_id=ITEM, kind=EvidenceKind.FILE, link_id=LINK)
    with pytest.raises(Refused) as refused:
        decided(late, ISSUED)
    assert refused.value.code == "link_expired"
