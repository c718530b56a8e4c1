"""How numbers, times and names are said in a reader's language."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from vpr_metrics import definitions
from vpr_metrics.charting.words_en import EN
from vpr_metrics.charting.words_fr import FR
from vpr_service.languages import Language

WORDS: Mapping[Language, Mapping[str, str]] = {"en": EN, "fr": FR}
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
UNITS = (("s", 1.0, 2 * MINUTE), ("min", MINUTE, 2 * HOUR), ("h", HOUR, 14 * DAY), ("d", DAY, float("inf")))
"""A unit, its seconds, and below how many seconds it is used."""
NARROW, DASH = "\u202f", "\u2013"


@dataclass(frozen=True, slots=True)
class Unit:
    """What times are told in: ``name`` is one of s, min, h, d."""

    name: str
    seconds: float

    @classmethod
    def fit(cls, *longest: float | None) -> "Unit":
        """The one that suits the longest of these (seconds)."""
        most = max((one for one in longest if one is not None), default=0.0)
        return next(cls(name, seconds) for name, seconds, below in UNITS if most < below)


@dataclass(frozen=True, slots=True)
class Speech:
    """A language, and what the city calls its categories and districts in it."""

    language: Language = "en"
    categories: Mapping[str, str] = field(default_factory=dict)
    districts: Mapping[str, str] = field(default_factory=dict)

    def say(self, key: str, **values: object) -> str:
        """The words of this key."""
        return WORDS[self.language][key].format(**values)

    def number(self, value: float, digits: int = 0) -> str:
        """Such as 1,234.5, in French 1 234,5."""
        text = f"{value:,.{digits}f}"
        return text if self.language == "en" else text.replace(",", NARROW).replace(".", ",")

    def count(self, value: int | None) -> str:
        """A number of cases, or that it is not shown."""
        return self.say("too_few") if value is None else self.number(value)

    def percent(self, share: float, digits: int = 0, *, signed: bool = False) -> str:
        """A share of one, such as 12%; ``signed`` with a plus."""
        text = self.number(100 * share, digits)
        sign = "+" if signed and share > 0 else ""
        return f"{sign}{text}%" if self.language == "en" else f"{sign}{text}{NARROW}%"

    def time(self, seconds: float | None, unit: Unit | None = None) -> str:
        """Such as 14.0 h; a dash for none."""
        if seconds is None:
            return DASH
        told = unit or Unit.fit(seconds)
        return f"{self.number(seconds / told.seconds, 1)} {self.say(told.name)}"

    def moment(self, at: datetime, zone: str) -> str:
        """Such as 2026-05-04 07:00 (America/Winnipeg)."""
        return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} ({zone})"

    def interval(self, name: str, start: str = "", end: str = "") -> str:
        """What an interval is called; one of somebody's own by its points."""
        if name in definitions.INTERVALS:
            return self.say(f"interval_{name}")
        return self.say("step", before=self.say(f"point_{start}"), after=self.say(f"point_{end}"))

    def sentence(self, name: str, start: str = "", end: str = "") -> str:
        """What an interval measures."""
        if name in definitions.INTERVALS:
            return self.say(f"sentence_{name}")
        return self.say("between", start=self.say(f"point_{start}"), end=self.say(f"point_{end}"))

    def group(self, trait: str, key: str) -> str:
        """What people call a group's key: a category or district by its name, anything else as it is."""
        named = {"category": self.categories, "district": self.districts}.get(trait, {})
        known = WORDS[self.language]
        return named.get(key) or known.get(f"{trait}_{key}") or known.get(key if key in PLAIN else "") or key

    def groups(self, keys: Mapping[str, Any]) -> str:
        """The same for a group of several traits."""
        return ", ".join(self.group(trait, str(key)) for trait, key in keys.items())

    def hour_of_week(self, key: str) -> tuple[str, int]:
        """Day and hour of such as 1-08."""
        day, _, hour = key.partition("-")
        return self.say(f"day_{day}"), int(hour)


PLAIN = frozenset({"unknown", "true", "false"})
