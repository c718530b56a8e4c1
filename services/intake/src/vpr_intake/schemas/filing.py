"""Filing and amending reports: what is taken."""

from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, EmailStr, Field, WithJsonSchema, field_validator, model_validator

from vpr_events.contracts.report import WithdrawalReason
from vpr_events.event import Code, Instant
from vpr_intake.schemas.details import Details
from vpr_service.requests import Body

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
    details: Details | None = None


class Amendment(Body):
    """What is to be replaced: a field that is absent stays; place, reporter, answers and details are replaced whole."""

    category: Code | None = None
    description: Annotated[str, Field(min_length=1, max_length=DESCRIPTION_LIMIT)] | None = None
    district: Code | None = None
    occurred_from: Instant | None = None
    occurred_to: Instant | None = None
    place: Place | None = None
    reporter: Reporter | None = None
    answers: Annotated[dict[Code, Answer], Field(max_length=100)] | None = None
    details: Details | None = None

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


class Withdrawal(Body):
    """Why a report is taken back."""

    reason: WithdrawalReason
