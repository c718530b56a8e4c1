"""``/v1/event-log.*``: the chosen cases for process-mining tools."""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from vpr_events.contracts.values import Role
from vpr_metrics.api.projected import Projected, check_source, not_built, read
from vpr_metrics.exporting import Writer, events_csv, ocel, xes
from vpr_metrics.projecting import NotBuilt
from vpr_metrics.schemas.choosing import Choice
from vpr_service.auth import require

router = APIRouter(prefix="/v1", tags=["figures"])


class LogForm(StrEnum):
    """How an event log is written; ``jsonocel`` is OCEL 2.0 in JSON."""

    XES = "xes"
    OCEL = "jsonocel"
    CSV = "csv"


WRITERS: dict[LogForm, tuple[Writer, str]] = {
    LogForm.XES: (xes, "application/xml"),
    LogForm.OCEL: (ocel, "application/json"),
    LogForm.CSV: (events_csv, "text/csv"),
}


@router.get("/event-log.{form}", response_class=StreamingResponse, dependencies=[Depends(require(Role.SUPERVISOR))])
async def event_log(query: Annotated[Choice, Query()], projection: Projected, form: LogForm) -> StreamingResponse:
    """Every milestone of the chosen cases, case by case: ids, codes and times, no personal data. It tells of single
    cases, so it is for who may see them.
    """
    selection = query.selection()
    await read(projection, lambda connection: check_source(connection, query.source))
    write, media = WRITERS[form]
    try:
        pieces = projection.stream(lambda connection: write(connection, selection))
    except NotBuilt:
        raise not_built() from None
    disposition = f'attachment; filename="event-log.{form}"'
    headers = {"Content-Disposition": disposition, "Cache-Control": "no-store"}
    return StreamingResponse(pieces, media_type=media, headers=headers)
