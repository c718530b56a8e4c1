"""What an event is: the base of all contracts, and an event as it is recorded."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, ClassVar, Protocol
from uuid import UUID, uuid5

import uuid_utils.compat as uuid_utils
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, StringConstraints

Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,39}$")]
"""A bounded code: an enumerated or local value, never free text."""

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 digest in lower-case hexadecimal."""

LocalTime = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$")]
"""A wall-clock time of a named zone, to the minute."""


def in_utc(when: datetime) -> datetime:
    """The same moment in UTC. Raises ValueError without an offset, or beyond the calendar."""
    if when.tzinfo is UTC:
        return when
    if when.utcoffset() is None:
        raise ValueError("a time needs its offset")
    try:
        return when.astimezone(UTC)
    except OverflowError:
        raise ValueError("a time lies beyond the calendar") from None


Instant = Annotated[AwareDatetime, AfterValidator(in_utc)]
"""A moment with its offset; written in UTC."""


class Event(BaseModel):
    """Base of every contract: one thing that happened, named in the past tense.

    A subclass states its name and version: ``class ReportFiled(Event, name="report.filed")``. Fields hold ids, enums,
    numbers, times and bounded codes only; unknown fields are ignored, so that a producer may add optional ones.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    event_name: ClassVar[str]
    event_version: ClassVar[int]

    def __init_subclass__(cls, *, name: str = "", version: int = 1, **kwargs: object) -> None:
        super().__init_subclass__()
        if name:
            cls.event_name, cls.event_version = name, version

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: object) -> None:
        """Nothing to add: the class keywords are consumed in ``__init_subclass__``."""

    @classmethod
    def event_type(cls) -> str:
        """The CloudEvents type, such as ``report.filed.v1``."""
        return f"{cls.event_name}.v{cls.event_version}"


def family_of(stream: str) -> str:
    """``case/<uuid>`` -> ``case``."""
    return stream.partition("/")[0]


class Envelope(Protocol):
    """What is known of a stored event without reading its body."""

    @property
    def id(self) -> UUID: ...
    @property
    def stream(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def type(self) -> str: ...
    @property
    def occurred_at(self) -> datetime: ...
    @property
    def recorded_at(self) -> datetime: ...
    @property
    def correlation_id(self) -> UUID: ...
    @property
    def causation_id(self) -> UUID | None: ...
    @property
    def hash(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event with what the store knows of it.

    ``stream`` is ``<family>/<uuid>``; ``version`` counts from 1 in that stream. ``occurred_at`` is when it happened,
    ``recorded_at`` when it was written; both aware, UTC. ``correlation_id`` is always the report's id. ``body`` holds
    the exact bytes, ``hash`` chains them to the stream's previous event.
    """

    id: UUID
    stream: str
    version: int
    data: Event
    type: str
    occurred_at: datetime
    recorded_at: datetime
    correlation_id: UUID
    causation_id: UUID | None
    body: bytes
    hash: str

    @property
    def family(self) -> str:
        """The family part of the stream's name."""
        return family_of(self.stream)

    @property
    def entity_id(self) -> UUID:
        """The id part of the stream's name."""
        return UUID(self.stream.partition("/")[2])


def new_id() -> UUID:
    """A fresh UUIDv7: ids of one process sort by time."""
    return uuid_utils.uuid7()


def made_at(event_id: UUID) -> datetime:
    """When ``new_id`` made this id, in real time; for an id of another kind, the beginning of 1970."""
    milliseconds = event_id.int >> 80 if event_id.version == 7 else 0
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def derived_id(cause: UUID, purpose: str) -> UUID:
    """The id that a reactor gives to what it makes: the same cause and purpose always yield the same id."""
    return uuid5(cause, purpose)


def stream_name(family: str, entity: UUID) -> str:
    """``family/uuid``, the name of one aggregate's stream."""
    return f"{family}/{entity}"
