"""When the city is open, as intake tells: appointments are booked within these hours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from vpr_events.decider import Invalid
from vpr_service.city import CITY, OfCity
from vpr_service.languages import Language

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class Opening:
    """Spans such as ``08:00-16:30`` by day, on the wall clock of ``zone``; without any, no hours are known."""

    zone: str = "UTC"
    spans: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def check(self, starts_at: datetime) -> None:
        """Raise Invalid for an appointment that begins while the city is closed."""
        here = starts_at.astimezone(ZoneInfo(self.zone))
        today, minute = self.spans.get(DAYS[here.weekday()], ()), f"{here:%H:%M}"
        if any(self.spans.values()) and not any(_within(minute, span) for span in today):
            open_then = ", ".join(today) or "closed"
            raise Invalid("starts_at", f"it lies outside of the opening hours ({open_then}, {self.zone})")


def _within(minute: str, span: str) -> bool:
    opens, _, closes = span.partition("-")
    return opens <= minute < closes


class OpeningHours(OfCity[Opening]):
    """Asks intake at ``url``; without one, or while it does not answer, no hours are known."""

    def __init__(self, url: str) -> None:
        super().__init__(url, (CITY,), make=_opening, unknown=lambda _: Opening())


def _opening(_: Language, answers: Sequence[Any]) -> Opening:
    [city] = answers
    return Opening(
        str(city["zone"]), {str(day): tuple(map(str, spans)) for day, spans in city["opening_hours"].items()}
    )
