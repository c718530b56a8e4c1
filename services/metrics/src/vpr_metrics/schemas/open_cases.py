"""Cases that wait, by how long they have."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, Field

from vpr_metrics import definitions
from vpr_metrics.schemas.choosing import Spanning
from vpr_metrics.schemas.drawing import Drawn
from vpr_metrics.schemas.figures import AsOf


class OpenCasesQuery(Spanning, Drawn):
    """Which records, and which interval they have begun and not ended."""


class AgeBand(BaseModel):
    """Open cases whose age in seconds is ``least`` or more, and less than ``below`` (null: however old)."""

    least: float
    below: float | None
    n: int | None
    suppressed: bool = False


class OpenCases(BaseModel):
    """Cases that have reached the interval's first clock point, not the second, and are not over.

    Ages are seconds from the first clock point to ``observed_until``. With ``suppressed`` there are too few cases to
    show any of it. ``withheld`` says why ``oldest``, or ``p90`` of few cases, is null that a supervisor is shown; null
    for supervisors.
    """

    definition_version: int = definitions.VERSION
    source: str
    interval: str
    start: Annotated[str, Field(serialization_alias="from")]
    end: Annotated[str, Field(serialization_alias="to")]
    unit: Literal["seconds"] = "seconds"
    zone: str
    as_of: AsOf | None
    until: AwareDatetime | None
    observed_until: datetime
    n: int | None = None
    mean: float | None = None
    median: float | None = None
    p90: float | None = None
    oldest: float | None = None
    withheld: str | None = None
    ages: list[AgeBand] = []
    suppressed: bool = False
