"""Past cases."""

from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field

from vpr_events.contracts.history import HistoryCaseRecorded
from vpr_events.event import Code
from vpr_intake.extracts.mapping import check_source
from vpr_intake.extracts.records import LIVE
from vpr_service.requests import Body, storable


class PastCase(HistoryCaseRecorded):
    """A past case to import: what is recorded of it, and the agency's own number, which stays in intake."""

    model_config = ConfigDict(extra="forbid")

    source: Annotated[Code, AfterValidator(check_source), Field(json_schema_extra={"not": {"const": LIVE}})]
    record_id: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(storable)]


class PastCases(Body):
    """A batch of past cases, at most 1,000."""

    cases: Annotated[list[PastCase], Field(min_length=1, max_length=1000)]


class Imported(Body):
    """What became of a batch. ``differing`` lists records that were imported before with other content."""

    recorded: int
    unchanged: int
    differing: list[str]
