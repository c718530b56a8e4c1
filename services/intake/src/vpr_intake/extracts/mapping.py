"""The mapping file: which columns of an extract are which clock points and codes. See README.md beside this file."""

import re
from collections.abc import Iterator
from datetime import timedelta
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from vpr_intake.extracts.formats import DayFormats, MomentFormats, TimeFormats, check_zone_words
from vpr_intake.extracts.records import LIVE, PointName


class MappingError(ValueError):
    """A mapping that cannot be used, or an extract that lacks what it names; the message names the field."""


def check_source(value: str) -> str:
    """The source of past cases. Raises ValueError for the one that the service's own cases have."""
    if value == LIVE:
        raise ValueError(f"{LIVE} is what the service's own cases are called by; choose another")
    return value


def _check_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("not an IANA time zone") from error
    return value


def _check_pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError("not a regular expression") from error
    return value


type Column = Annotated[str, Field(min_length=1, max_length=200)]
type Reason = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
type Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,39}$")]


class Part(BaseModel):
    """Unknown keys are errors: a misspelt rule must not be silently ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DateColumn(Part):
    """A column that holds a date; its time of day, if any, is ignored."""

    column: Column
    format: DayFormats


class DateTimePoint(Part):
    """A column that holds date and time. Formats are strptime's; a format with %z makes the stamp absolute."""

    kind: Literal["datetime"]
    column: Column
    format: MomentFormats


class TimePoint(Part):
    """A column that holds a time of day; its date comes from `date`, else from the midnight rule."""

    kind: Literal["time"]
    column: Column
    format: TimeFormats = ("%H:%M:%S",)
    date: DateColumn | None = None


class ListPoint(Part):
    """A column that holds `UNIT=HH:MM:SS, UNIT=HH:MM:SS`; one of its stamps is the clock point.

    `first` and `last` go by position, `min` and `max` by instant after midnights are counted.
    """

    kind: Literal["list"]
    column: Column
    format: TimeFormats = ("%H:%M:%S",)
    separator: str = Field(default=",", min_length=1)
    unit_separator: str = Field(default="=", min_length=1)
    take: Literal["first", "last", "min", "max"]


type Point = Annotated[DateTimePoint | TimePoint | ListPoint, Field(discriminator="kind")]


class CodeSource(Part):
    """A bounded local code. `values` translates; `slug` turns each run of characters no code may have into "-"."""

    column: Column
    values: dict[str, Code] = {}
    slug: bool = False


class PrioritySource(Part):
    """A whole number, with the end of the scale that is gravest."""

    column: Column
    gravest: Literal["lowest", "highest"]
    values: dict[str, int] = {}


class Exclusion(Part):
    """Rows whose column matches (re.search on the stripped value) are kept, flagged with the reason."""

    column: Column
    matches: Annotated[str, AfterValidator(_check_pattern)]
    reason: Reason


class Flag(Part):
    """Whether a column's stripped value matches (re.search); unknown where the column is empty."""

    column: Column
    matches: Annotated[str, AfterValidator(_check_pattern)]


class Mapping(Part):
    """How to read one kind of extract; README.md says what each rule does."""

    source: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$"), AfterValidator(check_source)]
    title: str = Field(min_length=1)
    licence: str = Field(min_length=1)
    credit: str = Field(min_length=1)
    zone: Annotated[str, AfterValidator(_check_zone)]
    encoding: Literal["utf-8-sig", "latin-1", "cp1252"] = "utf-8-sig"
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    pathway: Literal["virtual", "in_person"] = "in_person"
    nulls: tuple[str, ...] = ()
    record_id: Column
    category: CodeSource | None = None
    district: CodeSource | None = None
    priority: PrioritySource | None = None
    officer_initiated: Flag | None = None
    units: Column | None = None
    day: DateColumn | None = None
    midnight_tolerance_minutes: int = Field(default=120, ge=0, lt=1440)
    points: dict[PointName, Point] = Field(min_length=1)
    exclude: tuple[Exclusion, ...] = ()
    same_id: Literal["first", "merge"] = "first"
    notes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _times_of_day_have_a_date(self) -> Self:
        dated = any(p.kind == "datetime" or (p.kind == "time" and p.date) for p in self.points.values())
        if not dated and self.day is None:
            raise ValueError("day: needed, for no clock point has a date")
        return self

    @model_validator(mode="after")
    def _no_zone_is_passed_over(self) -> Self:
        dated = {f"points.{name}.date": p.date for name, p in self.points.items() if isinstance(p, TimePoint)}
        named = {f"points.{name}": point for name, point in self.points.items()} | dated | {"day": self.day}
        for name, part in named.items():
            for form in part.format if part else ():
                try:
                    check_zone_words(form, self.zone)
                except ValueError as error:
                    raise ValueError(f"{name}.format: {error}") from error
        return self

    @property
    def tolerance(self) -> timedelta:
        return timedelta(minutes=self.midnight_tolerance_minutes)

    def columns(self) -> set[str]:
        """Every column the mapping reads."""
        return set(_columns(self))


def _columns(part: Part) -> Iterator[str]:
    if isinstance(part, Mapping):
        yield part.record_id
        yield from [part.units] if part.units else []
    elif column := getattr(part, "column", None):
        yield column
    for value in dict(part).values():
        children = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else (value,)
        for child in children:
            if isinstance(child, Part):
                yield from _columns(child)


def load_mapping(source: str | Path) -> Mapping:
    """The mapping in a YAML text or file. Raises MappingError naming each wrong field; OSError for the file."""
    text = source.read_text(encoding="utf-8") if isinstance(source, Path) else source
    try:
        return Mapping.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise MappingError("the mapping is not YAML") from error
    except ValidationError as error:
        wrong = (f"{'.'.join(map(str, e['loc'])) or 'mapping'}: {e['msg']}" for e in error.errors())
        raise MappingError("; ".join(wrong)) from error


def shipped_mappings() -> dict[str, str]:
    """YAML texts of the mappings that come with this package, by file name without ending."""
    folder = resources.files("vpr_intake.extracts") / "mappings"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name)
    return {f.name.removesuffix(".yaml"): f.read_text(encoding="utf-8") for f in files}
