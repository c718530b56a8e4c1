"""From a question to its answer, off the event loop: what the read model tells, in the form that was asked for."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated

from duckdb import DuckDBPyConnection
from fastapi import Depends, Response
from pydantic import BaseModel

from vpr_metrics.api.drawing import Drawing, drawn
from vpr_metrics.api.forms import DATA, Form, Table, shown
from vpr_metrics.api.projected import Projected, read
from vpr_metrics.api.readers import Measurer, Reader, Zone, sees_small
from vpr_metrics.charting.picture import Picture
from vpr_metrics.choosing import Selection
from vpr_metrics.city import Told
from vpr_metrics.positions import Position
from vpr_metrics.projecting import Projection
from vpr_metrics.schemas.choosing import Choice


@dataclass(frozen=True, slots=True)
class View:
    """For whom, and when, a question is answered: ``now`` for those who wait, the city's ``zone``, whether small
    numbers are shown, and up to where the log counts (all of it unless given).
    """

    now: datetime
    zone: str
    whole_truth: bool
    position: Position | None = None

    def of(self, choice: Choice) -> Selection:
        """The records of a choice, as this view knows them."""
        return replace(choice.selection(), position=self.position)


async def _readers_view(projection: Projected, reader: Reader, zone: Zone) -> View:
    return View(projection.now(), zone, sees_small(reader))


async def _measurers_view(projection: Projected, reader: Measurer, zone: Zone) -> View:
    return View(projection.now(), zone, sees_small(reader))


ReadersView = Annotated[View, Depends(_readers_view)]
MeasurersView = Annotated[View, Depends(_measurers_view)]


@dataclass(frozen=True, slots=True)
class Shape[T: BaseModel]:
    """What a kind of answer is in other forms: its file's ``name``, its rows, its picture."""

    name: str
    table: Callable[[T], Table]
    draw: Callable[[T, Told], Picture]


async def answered[T: BaseModel](
    projection: Projection, tell: Callable[[DuckDBPyConnection], T], shape: Shape[T], form: Form, drawing: Drawing
) -> Response:
    """What the read model tells, as a response. Raises Problem 503 while there is no read model."""

    def work(connection: DuckDBPyConnection) -> Response:
        told = tell(connection)
        return shown(told, lambda: shape.table(told), form, shape.name)

    if form in DATA:
        return await read(projection, work)
    told = await read(projection, tell)
    return await drawn(lambda city: shape.draw(told, city), form, shape.name, drawing)
