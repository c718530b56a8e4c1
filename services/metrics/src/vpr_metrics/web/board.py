"""The dashboard's answers, each kept for as long as the data stays as it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from async_lru import alru_cache
from duckdb import DuckDBPyConnection
from fastapi import Request

from vpr_metrics.api.projected import not_built, read
from vpr_metrics.charting.studio import Studio
from vpr_metrics.choosing import rows_of, sources
from vpr_metrics.city import City
from vpr_metrics.projecting import Projection
from vpr_metrics.settings import Settings
from vpr_metrics.web.headline import Headline, headline
from vpr_metrics.web.panels import PANELS
from vpr_metrics.web.parts import Looking, Part
from vpr_metrics.web.viewing import View
from vpr_service.languages import Language
from vpr_service.runtime import Runtime

KEPT = 60.0
"""Seconds for which an answer is good at most: open cases grow older while the data stays."""
MOST = 256
CHOICES = ("category", "district", "priority", "channel")

type Position = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Choices:
    """What the filters offer: each source with the number of its records, and what its records have of each trait."""

    sources: Mapping[str, int]
    traits: Mapping[str, Sequence[str]]


class Board:
    """Answers views. What is asked twice at once is computed once."""

    def __init__(self, runtime: Runtime) -> None:
        if not isinstance(runtime.settings, Settings):
            raise TypeError("metrics needs its own settings")
        self._zone = runtime.settings.zone
        self._projection = next(one for one in runtime.workers if isinstance(one, Projection))
        self._studio = next(one for one in runtime.workers if isinstance(one, Studio))
        self._city = next(one for one in runtime.workers if isinstance(one, City))
        self._parts = alru_cache(maxsize=MOST, ttl=KEPT)(self._part)
        self._headlines = alru_cache(maxsize=MOST, ttl=KEPT)(self._headline)
        self._choices = alru_cache(maxsize=MOST, ttl=KEPT)(self._choice)

    async def part(self, name: str, view: View, language: Language, *, whole_truth: bool) -> Part:
        """A part of the page (one of PANELS). Raises Problem."""
        return await self._parts(name, view, language, whole_truth, self._position())

    async def headline(self, view: View, language: Language, *, whole_truth: bool) -> Headline:
        """The page's headline. Raises Problem."""
        return await self._headlines(view, language, whole_truth, self._position())

    async def choices(self, source: str) -> Choices:
        """What the filters offer. Raises Problem 503 while there is no read model."""
        return await self._choices(source, self._position())

    async def looking(self, view: View, language: Language, *, whole_truth: bool) -> Looking:
        """All that it takes to answer a view."""
        city = await self._city.told(language)
        return Looking(view, city.speech, city.shapes, self._projection, self._studio, self._zone, whole_truth)

    def _position(self) -> Position:
        if (position := self._projection.position) is None:
            raise not_built()
        return position

    async def _part(self, name: str, view: View, language: Language, whole_truth: bool, _: Position) -> Part:
        return await PANELS[name](await self.looking(view, language, whole_truth=whole_truth))

    async def _headline(self, view: View, language: Language, whole_truth: bool, _: Position) -> Headline:
        return await headline(await self.looking(view, language, whole_truth=whole_truth))

    async def _choice(self, source: str, _: Position) -> Choices:
        def find(connection: DuckDBPyConnection) -> Choices:
            traits = ", ".join(f"list(distinct {trait}::varchar) as {trait}" for trait in CHOICES)
            statement = f"select {traits} from records where source = $source"  # noqa: S608 - names of ours
            [row] = rows_of(connection, statement, {"source": source})
            return Choices(
                dict(sources(connection)),
                {trait: sorted(filter(None, row[trait] or ()), key=_natural) for trait in CHOICES},
            )

        return await read(self._projection, find)


def _natural(key: str) -> tuple[bool, int, str]:
    """Numbers by their value, before texts."""
    return (not key.isdigit(), int(key) if key.isdigit() else 0, key)


async def board_of(request: Request) -> Board:
    """The service's."""
    board: Board = request.app.state.board
    return board
