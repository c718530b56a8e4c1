"""``/v1/districts``: the outlines of the city's districts, for the map of where a resident is."""

from fastapi import APIRouter, Request

from vpr_service.languages import language_of
from vpr_service.runtime import Running
from vpr_video.api.callers import Reader
from vpr_video.districts import Districts, Outlines

router = APIRouter(prefix="/v1/districts", tags=["sessions"])


@router.get("")
async def read(_: Reader, request: Request, runtime: Running) -> Outlines:
    """The districts' boundaries as intake tells them, as GeoJSON; none while it does not answer."""
    return await runtime.worker(Districts).told(language_of(request))
