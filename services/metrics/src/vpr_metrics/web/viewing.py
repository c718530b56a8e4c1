"""What a dashboard's address chooses: filters, the interval, and what it is compared with."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from vpr_events.contracts.values import Channel
from vpr_events.event import Code
from vpr_metrics.records import LIVE
from vpr_metrics.schemas.choosing import EARLIEST, LATEST, IntervalName, PathwayFilter
from vpr_service.languages import Language
from vpr_service.requests import Body

FROM_SOURCE = "source."
AGAINST = ("in_person", "before", "none")
TRAITS = ("category", "district", "priority", "channel", "pathway", "officer_initiated")
"""Filters of the API that the dashboard has too."""

SHARED = ("category", "district", "priority", "officer_initiated")
"""Those that choose alike in any source: an extract's cases came by no channel of ours, and have pathways of their own.
"""


def _of_our_time(day: date) -> date:
    if not EARLIEST <= day.year <= LATEST:
        raise ValueError(f"must lie in the years {EARLIEST} to {LATEST}")
    return day


Day = Annotated[date, AfterValidator(_of_our_time)]


class View(Body):
    """One view. ``from`` and ``to`` are the first and the last day of filing in the city's zone.

    ``against`` is ``in_person`` (virtual against in person), ``before`` (those filed before ``from``), ``none``, or
    ``source.`` and the name of another source; without it what suits the source.
    """

    model_config = ConfigDict(frozen=True, populate_by_name=False)

    source: Code = LIVE
    first: Annotated[Day | None, Field(alias="from")] = None
    last: Annotated[Day | None, Field(alias="to")] = None
    category: Code | None = None
    district: Code | None = None
    priority: Annotated[int | None, Field(ge=-(2**31), lt=2**31)] = None
    channel: Channel | None = None
    pathway: PathwayFilter | None = None
    officer_initiated: bool | None = None
    interval: IntervalName = "headline"
    against: Annotated[str, Field(max_length=60, pattern=rf"^({'|'.join(AGAINST)}|source\..+)$")] | None = None

    @field_validator("last")
    @classmethod
    def _in_order(cls, last: date | None, info: ValidationInfo) -> date | None:
        first: date | None = info.data.get("first")
        if first and last and last < first:
            raise ValueError("must not lie before from")
        return last

    @property
    def compared(self) -> str:
        """What it is compared with: as asked, or as suits the source."""
        if self.against:
            return self.against
        if self.source == LIVE and self.pathway is None:
            return "in_person"
        return "before" if self.first else "none"

    def choice(self, zone: str) -> dict[str, Any]:
        """The same as the API's query."""
        told = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        chosen = {name: told[name] for name in ("source", *TRAITS) if name in told}
        if self.first:
            chosen["from"] = _midnight(self.first, zone)
        if self.last:
            chosen["to"] = _midnight(self.last + timedelta(days=1), zone)
        return chosen

    def cohorts(self, zone: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Baseline and comparison as the API's queries; None where nothing is compared."""
        chosen, against = self.choice(zone), self.compared
        if against == "in_person":
            return chosen | {"pathway": "in_person"}, chosen | {"pathway": "virtual"}
        if against == "before" and self.first:
            before = {name: value for name, value in chosen.items() if name not in {"from", "to"}}
            return before | {"to": chosen["from"]}, chosen
        if against.startswith(FROM_SOURCE):
            shared = {name: chosen[name] for name in SHARED if name in chosen}
            return {"source": against.removeprefix(FROM_SOURCE)} | shared, chosen
        return None

    def address(self, language: Language, **more: str) -> str:
        """The query of an address that leads here."""
        told = self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
        return urlencode(told | {"lang": language} | more)


def _midnight(day: date, zone: str) -> str:
    return datetime.combine(day, time(), ZoneInfo(zone)).isoformat()


def _fault(name: str) -> str:
    if name in {"from", "to"}:
        return "fault_day"
    return "fault" if name in View.model_fields else "fault_field"


def viewed(given: Mapping[str, str]) -> tuple[View, dict[str, str]]:
    """The view of an address, and which text says what is wrong with which field: those are left out. Empty fields are
    none.
    """
    asked = {name: value for name, value in given.items() if value.strip() and name not in {"lang", "whole"}}
    try:
        return View.model_validate(asked), {}
    except ValidationError as error:
        faults = {str(one["loc"][0]): _fault(str(one["loc"][0])) for one in error.errors()}
    kept = {name: value for name, value in asked.items() if name not in faults}
    try:
        return View.model_validate(kept), faults
    except ValidationError:
        return View(), faults
