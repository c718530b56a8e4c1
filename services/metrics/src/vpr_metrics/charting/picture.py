"""A picture before it is drawn: what it says and which numbers it shows. Plain values, so that it can be sent."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

MOST_ROWS = 60
"""So many groups can be told apart in a picture."""


class Kind(StrEnum):
    """How it is drawn."""

    DOTS = "dots"
    TREND = "trend"
    HEAT = "heat"
    CURVES = "curves"
    BARS = "bars"
    MAP = "map"


@dataclass(frozen=True, slots=True)
class Numbers:
    """What the picture shows as a table; every cell is text."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Picture:
    """``lines`` state the definition, n, the filters and the moment.

    ``rows`` are what is drawn, by ``kind``; ``words`` what its axes and legends say. A row without ``value`` and with
    ``few`` is of too few cases. ``shapes`` (GeoJSON features with ``code``) are for maps alone.
    """

    kind: Kind
    title: str
    lines: Sequence[str]
    rows: Sequence[Mapping[str, Any]]
    words: Mapping[str, str]
    numbers: Numbers
    language: str = "en"
    shapes: Sequence[Mapping[str, Any]] = field(default=())

    @property
    def told(self) -> dict[str, Any]:
        """The same as plain values."""
        return asdict(self)

    @property
    def description(self) -> str:
        """What it is, for who does not see it."""
        return ". ".join(part.rstrip(".") for part in (self.title, *self.lines)) + "."
