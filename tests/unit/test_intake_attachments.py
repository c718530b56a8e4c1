"""Deciding on a report's attachments, and what names of files become."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from tests.examples import NOON
from vpr_events.contracts.report import (
    ErasureBasis,
    ReportAttachmentAdded,
    ReportFiled,
    ReportPersonalDataErased,
    ReportWithdrawn,
    WithdrawalReason,
    WithdrawnBy,
)
from vpr_events.contracts.values import Channel
from vpr_events.event import Event
from vpr_events.testing import given
from vpr_evidence.names import LIMIT, UNPRINTABLE, tidy
from vpr_intake.domain.report import report
from vpr_intake.domain.report_commands import AddAttachment
from vpr_intake.settings import Settings

FILED = ReportFiled(channel=Channel.WEB, category="theft")
WITHDRAWN = ReportWithdrawn(by=WithdrawnBy.RESIDENT, reason=WithdrawalReason.MISTAKE)
ERASED = ReportPersonalDataErased(basis=ErasureBasis.RETENTION, rule="R1")
CLIENT = UUID(int=9)


def add(number: int = 1, **changes: Any) -> AddAttachment:
    good: dict[str, Any] = {"media_type": "image/jpeg", "size": 10, "sha256": "0" * 64, "most": 2, "most_bytes": 30}
    return AddAttachment(at=NOON, attachment_id=UUID(int=number), **good | changes)


def added(number: int = 1, size: int = 10, by: UUID | None = None) -> ReportAttachmentAdded:
    return ReportAttachmentAdded(
        attachment_id=UUID(int=number), media_type="image/jpeg", size=size, sha256="0" * 64, added_by=by
    )


def test_a_file_is_added_with_who_added_it() -> None:
    given(report, FILED).when(add(added_by=CLIENT)).then(added(by=CLIENT))
    given(report, FILED).when(add()).then(added())


def test_the_same_file_again_changes_nothing() -> None:
    given(report, FILED, added()).when(add()).then()
    given(report, FILED, added(), WITHDRAWN).when(add()).then()


@pytest.mark.parametrize(
    ("past", "code"),
    [
        ([], "no_such_report"),
        ([FILED, WITHDRAWN], "withdrawn"),
        ([FILED, added(), ERASED], "erased"),
        ([FILED, added(1), added(2)], "attachments_full"),
        ([FILED, added(1, size=21)], "attachments_full"),
    ],
)
def test_a_report_that_takes_no_more_says_why(past: list[Event], code: str) -> None:
    given(report, *past).when(add(3)).then_refused(code)


def test_the_limits_are_inclusive() -> None:
    given(report, FILED, added(1, size=20)).when(add(2)).then(added(2))


def test_files_that_were_told_before_these_said_who_are_read() -> None:
    body = {"attachment_id": UUID(int=1), "media_type": "image/png", "size": 1, "sha256": "0" * 64}
    assert ReportAttachmentAdded.model_validate(body).added_by is None


@given_any(st.text(max_size=400))
def test_a_name_of_any_text_has_neither_path_nor_what_cannot_be_seen(name: str) -> None:
    kept = tidy(name)
    if kept is not None:
        assert 0 < len(kept) <= LIMIT
        assert not UNPRINTABLE.search(kept)
        assert not {"/", "\\"} & set(kept)
        assert kept.strip(".") != ""
        assert tidy(kept) is not None


def limits(path: str, content_type: str) -> int:
    chosen: dict[str, Any] = {"max_body_bytes": 1, "photo_bytes": 10, "video_bytes": 30, "document_bytes": 20}
    settings = Settings.model_construct(None, **chosen, open311_body_bytes=5)
    return settings.body_limit(path, content_type)


@pytest.mark.parametrize(
    ("path", "content_type", "most"),
    [
        ("/v1/reports/x/attachments", "image/jpeg", 31),
        ("/v1/reports/x/attachments/y", "image/jpeg", 1),
        ("/v1/reports", "multipart/form-data", 1),
        ("/open311/v2/requests.json", "multipart/form-data; boundary=x", 5),
        ("/open311/v2/requests.json", "application/x-www-form-urlencoded", 1),
        ("/x/v1/reports/x/attachments", "image/jpeg", 1),
    ],
)
def test_only_where_files_are_taken_bodies_may_be_large(path: str, content_type: str, most: int) -> None:
    assert limits(path, content_type) == most
