"""Reports, as they are shown."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field

from vpr_events.contracts.values import Channel
from vpr_intake.domain.screening import Outcome
from vpr_intake.schemas.annotations import Annotation
from vpr_intake.schemas.details import Details
from vpr_intake.schemas.filing import Place, Reporter
from vpr_service.requests import Body, PageQuery, storable


class ReportQuery(PageQuery):
    """Which reports. Several categories, or several ids, mean any of them."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[list[UUID], Field(default_factory=list, max_length=50)]
    category: Annotated[list[Annotated[str, AfterValidator(storable)]], Field(default_factory=list)]


class FiredRule(Body):
    """A screening rule that fired, and why; ``text`` is null once the rules that are in force no longer have it."""

    code: str
    text: str | None


class Screened(Body):
    """What the screening rules of ``version`` said, the gravest first, and what to do now."""

    outcome: Outcome
    version: str
    rules: list[FiredRule]
    advice: str


class Filed(Body):
    """The answer to a filing. A ``stopped`` report is an emergency: tell the filer to call, as ``advice`` says."""

    id: UUID
    status: Literal["received", "stopped"] = "received"
    category: str
    filed_at: datetime
    version: int
    screening: Screened | None = None


class Progress(Body):
    """When the report reached each point; absent points were not reached."""

    opened_at: datetime | None
    claimed_at: datetime | None
    connected_at: datetime | None
    assessed_at: datetime | None
    dispatched_at: datetime | None
    arrived_at: datetime | None
    cleared_at: datetime | None
    closed_at: datetime | None


class ReportSummary(Body):
    """A report without personal data. ``expected_at``: when it is likely to be closed, by what metrics measures."""

    id: UUID
    status: str
    channel: Channel
    category: str
    district: str | None
    filed_at: datetime
    withdrawn_at: datetime | None
    expected_at: datetime | None
    version: int
    progress: Progress


class ReportUpdate(Body):
    """What a client added to its report; ``updated_at`` is when it was written, as the client says."""

    told_status: str
    updated_at: datetime
    received_at: datetime
    description: str | None
    first_name: str | None
    last_name: str | None
    email: str | None
    phone: str | None
    media_urls: list[str]


class Resident(Body):
    """What a resident who filed on the web was promised and wants; the officer who calls says ``phrase``.

    ``contact_by`` is phone, email or any. Whoever contacts a ``discreet`` one uses neutral words and tells nobody else
    what it is about. ``call_requested_at``: when they asked to be called, instead of taking a sensitive report back.
    """

    phrase: str
    language: str
    contact_by: str
    discreet: bool
    call_requested_at: datetime | None


class Report(ReportSummary):
    """A report with its particulars, what its client added, and corrections.

    ``screening`` is null for one from before the rules, ``resident`` for one that was not filed on the web.
    """

    screening: Screened | None
    answers: dict[str, str | list[str]]

    occurred_from: datetime | None
    occurred_to: datetime | None
    description: str | None
    place: Place
    reporter: Reporter
    details: Details | None
    media_urls: list[str]
    updates: list[ReportUpdate]
    resident: Resident | None = None
    annotations: list[Annotation]


class HistoryEntry(Body):
    """From ``at`` on the report had this status, in the words of Open311's service request updates."""

    status: str
    at: datetime


class PossibleDuplicate(Body):
    """Another report of the same category, near in place and time. Nothing of what it tells of people is shown."""

    report_id: UUID
    status: str
    filed_at: datetime
    happened_at: datetime
    metres: float
    seconds: float


class CaseNumber(Body):
    """What a report's receipt says, in groups to be read out; null for one that was not filed on our pages."""

    case_number: str | None


class Contact(Body):
    """How to reach the reporter, and by which name to call them. ``discreet``: in neutral words only.

    ``language`` is theirs, null where it is not known.
    """

    first_name: str | None
    email: str | None
    phone: str | None
    language: str | None = None
    discreet: bool = False
