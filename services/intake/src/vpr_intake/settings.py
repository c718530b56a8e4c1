"""Settings of intake: environment variables with the prefix ``INTAKE_``."""

import re
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, cast

import limits
from cryptography.fernet import Fernet
from pydantic import AfterValidator, BeforeValidator, Field, InstanceOf, SecretStr, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from vpr_evidence.media_types import Kind
from vpr_intake.city import City, load_city, shipped
from vpr_service.addresses import Allowed
from vpr_service.evidence import EvidenceSettings
from vpr_service.runtime import Runtime

DELAYS = (5.0, 300.0, 1800.0, 7200.0, 18_000.0, 36_000.0, 50_400.0, 72_000.0, 86_400.0)
"""Standard Webhooks 1.0.0: 5 s, 5 min, 30 min, 2, 5, 10, 14, 20 and 24 hours."""

MIB = 1024 * 1024
PHOTOS = "/report/case/photos"
ATTACHMENTS = re.compile(r"/v1/reports/[^/]+/attachments")
"""The one path besides Open311's that takes files."""

_loaded = cache(load_city)


def city_at(place: object) -> object:
    """The city of this folder, or the shipped one of this name; what is no text or path stays as it is.

    Raises CityError.
    """
    return _loaded(shipped().get(str(place)) or Path(place)) if isinstance(place, (str, Path)) else place


def _budget(text: str) -> str:
    """The text, if ``limits`` can read it. Raises ValueError."""
    limits.parse(text)
    return text


Budget = Annotated[str, AfterValidator(_budget)]
"""How often something may be done, such as ``60/hour`` or ``5 per minute``."""


class Settings(EvidenceSettings):
    """Intake's own settings. ``break_glass_lifetime`` is how long somebody may read who broke the glass.

    Who reads more than ``bulk_reading_limit`` different reports within an hour raises an alarm.
    ``city`` is the folder of the city's files, or the name of a shipped one.
    ``triage_url``, ``video_url`` and ``dispatch_url`` are where those answer: an export needs what they hold.
    Every ``retention_every`` seconds what is due by the city's rules is erased.
    ``jurisdiction_id`` is ours in Open311: other ones are then unknown, while without it any is taken. ``open311_url``
    (default: the address that was asked) and ``open311_test_url`` (default: the same) are what discovery tells, beside
    ``open311_contact`` and ``open311_key_service``, sentences for developers.

    ``metrics_url`` is where metrics answers: every ``expected_every`` seconds it is asked how long cases take, for
    the time at which a report is likely to be closed; without it none is told.

    ``webhook_keys`` (Fernet keys, comma-separated, the first encrypts) protect webhooks' secrets; without them there
    are no webhooks. ``webhook_delays``: seconds between a delivery's tries. ``webhook_secret_overlap``: how long the
    former secret signs too. ``delivery_log_age``: how long the log is kept. ``outbound_allow`` (comma-separated names,
    addresses and networks): what may be called although it is not public, also by http; for development.

    ``photo_bytes`` and so on bound one file, ``attachments_most`` and ``attachments_most_bytes`` those of a report,
    ``open311_body_bytes`` a form with files.

    ``exit_url``: the neutral site to which leaving the resident's pages leads. ``web_filings``, ``sign_ins`` (of one
    source) and ``sign_ins_per_case``: what strangers may try, such as ``60/hour``. ``resident_session``: how long the
    status page stays open. ``bulk_max_bytes``
    bounds a bulk filing.
    """

    model_config = SettingsConfigDict(env_prefix="INTAKE_", extra="ignore", hide_input_in_errors=True)

    port: int = 8001
    break_glass_lifetime: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(hours=24))] = timedelta(hours=1)
    bulk_reading_limit: Annotated[int, Field(ge=1)] = 30
    city: Annotated[InstanceOf[City], NoDecode, BeforeValidator(city_at)] = Field(
        default_factory=lambda: _loaded(shipped()["winnipeg"])
    )
    retention_every: Annotated[float, Field(gt=0)] = 60
    metrics_url: str = ""
    expected_every: Annotated[float, Field(gt=0)] = 300
    triage_url: str = ""
    video_url: str = ""
    dispatch_url: str = ""
    jurisdiction_id: str = ""
    open311_url: str = ""
    open311_test_url: str = ""
    open311_contact: str = "Write to whoever operates this service."
    open311_key_service: str = "Ask whoever operates this service for an API key."
    webhook_keys: SecretStr = SecretStr("")
    webhook_delays: tuple[Annotated[float, Field(gt=0)], ...] = DELAYS
    webhook_secret_overlap: Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(days=30))] = timedelta(hours=24)
    delivery_log_age: Annotated[timedelta, Field(ge=timedelta(hours=1))] = timedelta(days=30)
    outbound_allow: Annotated[tuple[str, ...], NoDecode] = ()
    photo_bytes: Annotated[int, Field(gt=0)] = 25 * MIB
    video_bytes: Annotated[int, Field(gt=0)] = 500 * MIB
    document_bytes: Annotated[int, Field(gt=0)] = 25 * MIB
    attachments_most: Annotated[int, Field(ge=1, le=1000)] = 20
    attachments_most_bytes: Annotated[int, Field(gt=0)] = 1024 * MIB
    open311_body_bytes: Annotated[int, Field(gt=0)] = 100 * MIB

    exit_url: Annotated[str, Field(pattern=r"^https?://[^\s]+$")] = "https://www.canada.ca/"
    web_filings: Budget = "60/hour"
    sign_ins: Budget = "120/hour"
    sign_ins_per_case: Budget = "10/hour"
    resident_session: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(hours=4))] = timedelta(minutes=15)
    bulk_max_bytes: Annotated[int, Field(ge=1)] = 33_554_432

    @field_validator("outbound_allow", mode="before")
    @classmethod
    def _listed(cls, given: object) -> object:
        return tuple(_parts(given)) if isinstance(given, str) else given

    @field_validator("outbound_allow")
    @classmethod
    def _readable(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        Allowed.of(given)
        return given

    @field_validator("webhook_keys")
    @classmethod
    def _usable(cls, given: SecretStr) -> SecretStr:
        for key in _parts(given.get_secret_value()):
            Fernet(key)
        return given

    @property
    def webhook_keys_given(self) -> tuple[str, ...]:
        """The keys, the one that encrypts first."""
        return tuple(_parts(self.webhook_keys.get_secret_value()))

    @property
    def file_bytes(self) -> dict[Kind, int]:
        """The most bytes of one file, by its kind."""
        return {Kind.PHOTO: self.photo_bytes, Kind.VIDEO: self.video_bytes, Kind.DOCUMENT: self.document_bytes}

    def body_limit(self, path: str, content_type: str) -> int:
        """Files, and many reports at once, may be larger than everything else."""
        if path == PHOTOS:
            return max(self.open311_body_bytes, *self.file_bytes.values())
        if path == "/v1/reports/bulk":
            return self.bulk_max_bytes
        if ATTACHMENTS.fullmatch(path):
            return max(self.file_bytes.values()) + self.max_body_bytes
        if path.startswith("/open311/") and content_type.startswith("multipart/form-data"):
            return max(self.open311_body_bytes, self.max_body_bytes)
        return self.max_body_bytes


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def settings_of(runtime: Runtime) -> Settings:
    """Intake's own settings, of a runtime of intake."""
    return cast("Settings", runtime.settings)
