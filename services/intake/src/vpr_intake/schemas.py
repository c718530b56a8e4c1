"""What intake takes and gives over HTTP."""

from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    EmailStr,
    Field,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from vpr_events.contracts.access import AlarmKind, BreakGlassReason
from vpr_events.contracts.history import HistoryCaseRecorded
from vpr_events.contracts.report import WithdrawalReason
from vpr_events.contracts.values import Channel, Role
from vpr_events.event import Code, Instant
from vpr_intake.announcing import EventType
from vpr_intake.domain.screening import Outcome
from vpr_service.requests import Body, PageQuery, storable

DESCRIPTION_LIMIT = 4000


def web_address(text: str) -> str:
    """The text, an absolute address of the web. Raises ValueError, without the text."""
    try:
        parts = urlsplit(text)
        absolute = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        absolute = False
    if not absolute or " " in text or not text.isprintable():
        raise ValueError("must be an absolute http or https address")
    return text


WebAddress = Annotated[str, AfterValidator(web_address)]


def within(limit: float) -> AfterValidator:
    """Degrees between minus and plus ``limit``; what would be good degrees of the other kind may be swapped."""

    def check(degrees: float) -> float:
        if not -limit <= degrees <= limit:
            hint = ": are latitude and longitude swapped?" if limit < abs(degrees) <= LONGITUDES else ""
            raise ValueError(f"must lie between -{limit:g} and {limit:g}{hint}")
        return degrees

    return AfterValidator(check)


def _degrees(limit: float) -> dict[str, Any]:
    return {"type": "number", "minimum": -limit, "maximum": limit}


LATITUDES, LONGITUDES = 90.0, 180.0


class Place(Body):
    """Where it happened: an address, a point (WGS 84 degrees), or both."""

    address: Annotated[str, Field(max_length=500)] | None = None
    latitude: Annotated[float, within(LATITUDES), WithJsonSchema(_degrees(LATITUDES))] | None = None
    longitude: Annotated[float, within(LONGITUDES), WithJsonSchema(_degrees(LONGITUDES))] | None = None

    @model_validator(mode="after")
    def _whole(self) -> "Place":
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("latitude and longitude come together")
        return self


class Reporter(Body):
    """Who reports, and how to reach them."""

    first_name: Annotated[str, Field(max_length=100)] | None = None
    last_name: Annotated[str, Field(max_length=100)] | None = None
    email: Annotated[EmailStr, Field(max_length=254)] | None = None
    phone: Annotated[str, Field(max_length=40)] | None = None


def _bounded(value: Any) -> Any:
    """The same, or ValueError: one error that names the question, where a union would name its parts."""
    if isinstance(value, str) and len(value) <= 2000:
        return value
    if isinstance(value, list) and len(value) <= 50 and all(isinstance(one, str) and len(one) <= 200 for one in value):
        return value
    raise ValueError("must be a text of at most 2,000 characters, or a list of at most 50 texts of at most 200")


type Answer = Annotated[str | list[str], BeforeValidator(_bounded)]


class NewReport(Body):
    """A report to file. Times carry their offset and must not lie in the future.

    ``answers`` are those to the category's questions, by the questions' codes.
    """

    category: Code
    description: Annotated[str, Field(min_length=1, max_length=DESCRIPTION_LIMIT)]
    district: Code | None = None
    occurred_from: Instant | None = None
    occurred_to: Instant | None = None
    place: Place = Place()
    reporter: Reporter = Reporter()
    answers: Annotated[dict[Code, Answer], Field(default_factory=dict, max_length=100)]


class Amendment(Body):
    """What is to be replaced: a field that is absent stays; place, reporter and answers are replaced whole."""

    category: Code | None = None
    description: Annotated[str, Field(min_length=1, max_length=DESCRIPTION_LIMIT)] | None = None
    district: Code | None = None
    occurred_from: Instant | None = None
    occurred_to: Instant | None = None
    place: Place | None = None
    reporter: Reporter | None = None
    answers: Annotated[dict[Code, Answer], Field(max_length=100)] | None = None

    @field_validator("*", mode="before")
    @classmethod
    def _not_null(cls, value: object) -> object:
        if value is None:
            raise ValueError("cannot be set to null: leave it out to keep what stands")
        return value

    @model_validator(mode="after")
    def _names_something(self) -> "Amendment":
        if not self.model_fields_set:
            raise ValueError("name at least one field to replace")
        return self


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


class Withdrawal(Body):
    """Why a report is taken back."""

    reason: WithdrawalReason


class Hold(Body):
    """A legal hold on a report."""

    id: UUID
    report_id: UUID


class Erasure(Body):
    """What became of a request to erase: ``approvals`` are the people who asked for it, two of whom it needs."""

    report_id: UUID
    status: Literal["waiting", "erased"]
    approvals: int


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
    """A report without personal data."""

    id: UUID
    status: str
    channel: Channel
    category: str
    district: str | None
    filed_at: datetime
    withdrawn_at: datetime | None
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


class Report(ReportSummary):
    """A report with its particulars, and what its client added. ``screening`` is null for one from before the rules."""

    screening: Screened | None
    answers: dict[str, str | list[str]]

    occurred_from: datetime | None
    occurred_to: datetime | None
    description: str | None
    place: Place
    reporter: Reporter
    media_urls: list[str]
    updates: list[ReportUpdate]


class Contact(Body):
    """How to reach the reporter, and by which name to call them."""

    first_name: str | None
    email: str | None
    phone: str | None


class BreakingGlass(Body):
    """Why a report must be read without holding its case; ``text`` is kept apart from the events, as personal data."""

    reason: BreakGlassReason
    text: Annotated[str, Field(min_length=10, max_length=2000)]


class BrokenGlass(Body):
    """The report can be read until ``until``; the alarm stands until a supervisor acknowledges it."""

    report_id: UUID
    alarm_id: UUID
    reason: str
    until: datetime


class Alarm(Body):
    """Something that a supervisor must look at; open without ``acknowledged_at``."""

    id: UUID
    kind: AlarmKind
    report_id: UUID
    caused_by: UUID
    reason: str
    raised_at: datetime
    acknowledged_by: UUID | None
    acknowledged_at: datetime | None


class AlarmWithText(Alarm):
    """An alarm with what its cause said for it; null once that is erased."""

    text: str | None


class AccessQuery(PageQuery):
    """Which accesses: to one report, by one reader (or by a service for that reader)."""

    model_config = ConfigDict(extra="forbid")

    report_id: UUID | None = None
    reader_id: UUID | None = None


class Access(Body):
    """Somebody read personal data of a report. With ``until`` the glass was broken, until then."""

    id: UUID
    at: datetime
    report_id: UUID
    reader_id: UUID
    role: Role
    resource: str
    purpose: str
    break_glass: bool
    until: datetime | None
    acting_for: UUID | None


class PastCase(HistoryCaseRecorded):
    """A past case to import: what is recorded of it, and the agency's own number, which stays in intake."""

    model_config = ConfigDict(extra="forbid")

    record_id: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(storable)]


class PastCases(Body):
    """A batch of past cases, at most 1,000."""

    cases: Annotated[list[PastCase], Field(min_length=1, max_length=1000)]


class Imported(Body):
    """What became of a batch. ``differing`` lists records that were imported before with other content."""

    recorded: int
    unchanged: int
    differing: list[str]


class NewClient(Body):
    """A client system to admit."""

    name: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[\w .()-]+$")]


class AdmittedClient(Body):
    """A new client; the key is shown this once."""

    id: UUID
    name: str
    api_key: str


HookTypes = Annotated[list[EventType], Field(min_length=1, max_length=len(EventType))]


class NewWebhook(Body):
    """A webhook to create; ``client_id`` is for administrators, who have no client of their own."""

    url: Annotated[str, Field(min_length=1, max_length=2000)]
    event_types: HookTypes
    client_id: UUID | None = None


class WebhookChange(Body):
    """What to change of a webhook; ``enabled`` true switches one on again that was switched off."""

    url: Annotated[str, Field(min_length=1, max_length=2000)] | None = None
    event_types: HookTypes | None = None
    enabled: bool | None = None


class HookShown(Body):
    """A webhook. ``disabled_reason``: gone (it answered 410), failing, or client (switched off by request)."""

    model_config = ConfigDict(extra="ignore")

    id: UUID
    client_id: UUID
    url: str
    event_types: list[str]
    enabled: bool
    disabled_reason: Literal["gone", "failing", "client"] | None
    created_at: datetime
    last_success_at: datetime | None
    last_failure_at: datetime | None
    version: int


class NewHookShown(HookShown):
    """A new webhook; its secret is shown this once."""

    secret: str


class NewSecret(Body):
    """A webhook's new secret, shown this once; the one before it signs too until ``previous_valid_until``."""

    secret: str
    previous_valid_until: datetime


class DeliveryQuery(PageQuery):
    """Which deliveries."""

    model_config = ConfigDict(extra="forbid")

    state: Literal["pending", "delivered", "failed"] | None = None


class Attempt(Body):
    """One try: what was answered, or why nothing was (``error``), and when the next one comes."""

    model_config = ConfigDict(extra="ignore")

    at: datetime
    ms: int
    status_code: int | None
    error: str | None
    next_at: datetime | None


class Delivery(Body):
    """A message for a webhook; ``id`` is its webhook-id."""

    model_config = ConfigDict(extra="ignore")

    id: UUID
    type: str
    report_id: UUID | None
    status: str | None
    occurred_at: datetime
    created_at: datetime
    state: Literal["pending", "delivered", "failed"]
    finished_at: datetime | None
    attempts: list[Attempt]
