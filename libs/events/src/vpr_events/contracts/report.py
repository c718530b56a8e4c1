"""Family ``report``, owned by intake: what a resident, a 311 system or a clerk filed."""

from enum import StrEnum
from uuid import UUID

from vpr_events.contracts.values import Channel, Gravest
from vpr_events.event import Code, Event, Instant, Sha256


class ScreeningOutcome(StrEnum):
    """What the screening rules answer."""

    STOP = "stop"
    OFFICER_REVIEW = "officer_review"
    VIRTUAL = "virtual"
    WEB_ONLY = "web_only"


class WithdrawnBy(StrEnum):
    """Who took a report back."""

    RESIDENT = "resident"
    CLIENT = "client"
    CLERK = "clerk"


class WithdrawalReason(StrEnum):
    """Why a report was taken back."""

    RESOLVED = "resolved"
    MISTAKE = "mistake"
    DUPLICATE = "duplicate"
    OTHER = "other"


class ErasureBasis(StrEnum):
    """What allows an erasure."""

    RETENTION = "retention"
    APPROVAL = "approval"


class ReportFiled(Event, name="report.filed"):
    """A report was accepted. ``client_id`` names the 311 client, ``filed_by`` the member of staff, if one did."""

    channel: Channel
    category: Code
    district: Code | None = None
    client_id: UUID | None = None
    filed_by: UUID | None = None
    occurred_from: Instant | None = None
    occurred_to: Instant | None = None


class ReportScreened(Event, name="report.screened"):
    """The rule set answered; every outcome gives its reasons."""

    rule_set: Code
    outcome: ScreeningOutcome
    reasons: tuple[Code, ...] = ()


class ReportStopped(Event, name="report.stopped"):
    """Screening found an emergency: the filer was told to call 911, a supervisor is alarmed.

    ``priority`` is the gravest of the agency's scale; ``gravest`` says which end of it that is.
    """

    rule_set: Code
    reasons: tuple[Code, ...]
    priority: int | None = None
    gravest: Gravest | None = None


class ReportAmended(Event, name="report.amended"):
    """Fields were replaced; ``fields`` holds their names. What may stand here does, if it was replaced; the rest stays
    in intake.
    """

    fields: tuple[Code, ...]
    category: Code | None = None
    district: Code | None = None
    occurred_from: Instant | None = None
    occurred_to: Instant | None = None


class ReportAttachmentAdded(Event, name="report.attachment_added"):
    """A file was added, by a 311 client or a member of staff (absent: by the resident). ``size`` in bytes."""

    attachment_id: UUID
    media_type: Code
    size: int
    sha256: Sha256
    added_by: UUID | None = None


class ReportStatementTaken(Event, name="report.statement_taken"):
    """A statement was written down; its text stays in intake. ``digest`` is the SHA-256 of a salt and the text, so that
    it proves nothing once both are erased. ``corrects`` names the statement that this one puts right.
    """

    statement_id: UUID
    taken_by: UUID
    language: Code
    digest: Sha256
    corrects: UUID | None = None


class ReportStatementConfirmed(Event, name="report.statement_confirmed"):
    """The statement with this ``digest`` was read back to whom it is of, who confirmed it before ``confirmed_to``."""

    statement_id: UUID
    digest: Sha256
    confirmed_to: UUID


class ReportAnnotated(Event, name="report.annotated"):
    """Somebody said what is wrong or missing in the part that it ``concerns``; the words stay in intake."""

    annotation_id: UUID
    concerns: Code
    annotated_by: UUID


class ReportWithdrawn(Event, name="report.withdrawn"):
    """The report was taken back by who filed it."""

    by: WithdrawnBy
    reason: WithdrawalReason


class ReportPersonalDataErased(Event, name="report.personal_data_erased"):
    """Every service erases what it holds of this report's personal data."""

    basis: ErasureBasis
    rule: Code | None = None
    approvers: tuple[UUID, ...] = ()


class ReportHoldPlaced(Event, name="report.hold_placed"):
    """A legal hold forbids erasure."""

    hold_id: UUID
    placed_by: UUID


class ReportHoldLifted(Event, name="report.hold_lifted"):
    """The legal hold ended."""

    hold_id: UUID
    lifted_by: UUID
