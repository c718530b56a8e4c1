"""``/v1/rebuild``: the read model anew from the log."""

from dataclasses import asdict

from fastapi import APIRouter, Depends

from vpr_events.contracts.values import Role
from vpr_metrics.api.projected import Projected
from vpr_metrics.projecting import Projection
from vpr_metrics.schemas.figures import RebuildStatus
from vpr_service.auth import require

router = APIRouter(prefix="/v1", tags=["operation"], dependencies=[Depends(require(Role.ADMIN))])


@router.post("/rebuild", status_code=202)
async def rebuild(projection: Projected) -> RebuildStatus:
    """Fill a new generation of the read model from the log; the old one answers until it is complete."""
    projection.want_rebuild()
    return _status(projection)


@router.get("/rebuild")
async def rebuild_status(projection: Projected) -> RebuildStatus:
    """How far the rebuild is."""
    return _status(projection)


def _status(projection: Projection) -> RebuildStatus:
    told = {name: value for name, value in asdict(projection.rebuild).items() if name in RebuildStatus.model_fields}
    return RebuildStatus(generation=projection.generation, seconds_left=projection.rebuild.seconds_left, **told)
