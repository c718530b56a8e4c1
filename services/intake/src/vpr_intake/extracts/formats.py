"""Formats of stamps, tried when a mapping is loaded: one by which strptime would misread in silence is refused."""

import re
import warnings
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

PROBE = datetime(2001, 12, 13, 14, 15, 16, tzinfo=timezone(timedelta(hours=-6)))
"""Day, month and year, and morning and afternoon, cannot be taken for each other in it."""

ALWAYS_UTC = {"UTC", "Etc/UTC", "GMT", "Etc/GMT"}

_DIRECTIVE = re.compile(r"%(.)", re.DOTALL)
_ZONE_WORD = re.compile(r"(?<![a-z])(?:z|utc|gmt)(?![a-z])|[+-][0-9]{2}:?[0-9]{2}(?![0-9])", re.IGNORECASE)


def _minute(moment: datetime) -> object:
    return moment.replace(second=0, microsecond=0)


def _day(moment: datetime) -> object:
    return moment.date()


def _time_of_day(moment: datetime) -> object:
    return moment.hour, moment.minute


def _checked(form: str, told: Callable[[datetime], object], parts: str) -> str:
    names = set(_DIRECTIVE.findall(form))
    if "Z" in names:
        raise ValueError("%Z: a zone's name is not read; write %z, which reads offsets and Z")
    if told is not _day and "p" in names and "I" not in names:
        raise ValueError("%p is read beside %I only")
    read, probe = _read(form), PROBE
    if read.tzinfo is None:
        probe = PROBE.replace(tzinfo=None)
    else:
        told, parts = _minute, "with %z, date, hour and minute"
    if told(read) != told(probe):
        raise ValueError(f"must tell {parts}: it reads {probe:%Y-%m-%d %H:%M} as {read:%Y-%m-%d %H:%M}")
    return form


def _read(form: str) -> datetime:
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # of a missing year, which is refused
        try:
            return datetime.strptime(PROBE.strftime(form), form)  # noqa: DTZ007 -- with a zone where the format has one
        except re.error as error:
            raise ValueError("names a part twice") from error


def _of_moments(form: str) -> str:
    return _checked(form, _minute, "date, hour and minute")


def _of_days(form: str) -> str:
    return _checked(form, _day, "the day")


def _of_times(form: str) -> str:
    return _checked(form, _time_of_day, "hour and minute")


def check_zone_words(form: str, zone: str) -> None:
    """Raises ValueError for a zone that stands in a format as mere text, unless it is the mapping's own, UTC."""
    found = _ZONE_WORD.search(_DIRECTIVE.sub("%", form))
    if found and not (found[0].isalpha() and zone in ALWAYS_UTC):
        otherwise = " (or zone: UTC, if all stamps are)" if found[0].isalpha() else ""
        raise ValueError(f"{form}: {found[0]} would be passed over; write %z, which reads offsets and Z{otherwise}")


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


_One = BeforeValidator(_listed)
_Some = Field(min_length=1)

type MomentFormats = Annotated[tuple[Annotated[str, AfterValidator(_of_moments)], ...], _One, _Some]
"""strptime formats that tell date, hour and minute."""
type DayFormats = Annotated[tuple[Annotated[str, AfterValidator(_of_days)], ...], _One, _Some]
"""strptime formats that tell a day."""
type TimeFormats = Annotated[tuple[Annotated[str, AfterValidator(_of_times)], ...], _One, _Some]
"""strptime formats that tell hour and minute; with %z, the date too, for an offset changes within the year."""
