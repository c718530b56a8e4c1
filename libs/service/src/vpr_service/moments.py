"""Moments as people read them, on the wall clock of a zone."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from vpr_service.languages import Language

MONTHS: Mapping[Language, tuple[str, ...]] = {
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December"),
    "fr": ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre",
           "novembre", "décembre"),
}  # fmt: skip
DAYS: Mapping[Language, tuple[str, ...]] = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
}


def told(moment: datetime, zone: str, language: Language) -> str:
    """``4 May 2026, 20:30``, or ``4 mai 2026, 20 h 30``."""
    here = moment.astimezone(ZoneInfo(zone))
    day = "1er" if language == "fr" and here.day == 1 else str(here.day)
    return f"{day} {MONTHS[language][here.month - 1]} {here.year}, {told_hour(moment, zone, language)}"


def told_hour(moment: datetime, zone: str, language: Language) -> str:
    """``08:30``, or ``8 h 30``."""
    here = moment.astimezone(ZoneInfo(zone))
    return f"{here.hour} h {here.minute:02}" if language == "fr" else f"{here.hour:02}:{here.minute:02}"


def told_day(moment: datetime, zone: str, language: Language) -> str:
    """``Monday 4 May 2026, 20:30``, or ``lundi 4 mai 2026, 20 h 30``."""
    return f"{_weekday(moment, zone, language)} {told(moment, zone, language)}"


def told_short(moment: datetime, zone: str, language: Language) -> str:
    """``Monday 2026-05-04, 20:30``, or ``lundi 2026-05-04, 20 h 30``: within the characters of an SMS (GSM 7-bit)."""
    day = moment.astimezone(ZoneInfo(zone)).date().isoformat()
    return f"{_weekday(moment, zone, language)} {day}, {told_hour(moment, zone, language)}"


def _weekday(moment: datetime, zone: str, language: Language) -> str:
    return DAYS[language][moment.astimezone(ZoneInfo(zone)).weekday()]
