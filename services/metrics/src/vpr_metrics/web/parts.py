"""What the parts of the dashboard are made of."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from duckdb import DuckDBPyConnection
from markupsafe import Markup

from vpr_metrics.api.answering import View as Asking
from vpr_metrics.api.projected import read
from vpr_metrics.charting.picture import Picture
from vpr_metrics.charting.speech import Speech
from vpr_metrics.charting.studio import Studio
from vpr_metrics.charting.styling import NARROW
from vpr_metrics.city import Shapes
from vpr_metrics.projecting import Projection
from vpr_metrics.web.texts import TEXTS
from vpr_metrics.web.viewing import View


@dataclass(frozen=True, slots=True)
class Looking:
    """Who looks at what: a view, in a language, with or without small numbers."""

    view: View
    speech: Speech
    shapes: Shapes
    projection: Projection
    studio: Studio
    zone: str
    whole_truth: bool

    @property
    def text(self) -> Mapping[str, str]:
        """The dashboard's words."""
        return TEXTS[self.speech.language]

    async def told[Q, T](
        self, tell: Callable[[DuckDBPyConnection, Q, Asking], T], query: Q, *, whole_truth: bool = False
    ) -> T:
        """The API's answer to a question, with small numbers if the reader sees them, or for the ``whole_truth``."""
        asking = Asking(self.projection.now(), self.zone, self.whole_truth or whole_truth)
        return await read(self.projection, lambda connection: tell(connection, query, asking))

    def query(self, **more: Any) -> dict[str, Any]:
        """The view as the API's query, of its one interval."""
        return self.view.choice(self.zone) | {"interval": self.view.interval} | more


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture as it stands on the page, with the API's path and query that give the same."""

    picture: Picture
    svg: Markup
    path: str

    def api(self, form: str) -> str:
        """Where the API gives it in a form."""
        name, _, query = self.path.partition("?")
        return f"{name}.{form}?{query}"


@dataclass(frozen=True, slots=True)
class Warned:
    """A doubt, in the reader's words, and what was found, in English."""

    title: str
    rule: str
    detail: str


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the dashboard: sentences, doubts (None: not looked for), and figures."""

    sentences: Sequence[str]
    figures: Sequence[Figure]
    warnings: Sequence[Warned] | None = field(default=None)


async def figure(looking: Looking, picture: Picture, name: str, query: Mapping[str, Any]) -> Figure:
    """The picture, drawn small enough for a phone. Raises Problem."""
    svg = await looking.studio.draw(picture, "svg", NARROW, titled=False)
    told = {**query, "lang": looking.speech.language}
    return Figure(picture, Markup(svg.decode()), f"v1/{name}?{urlencode(told)}")  # noqa: S704 - drawn by ourselves
