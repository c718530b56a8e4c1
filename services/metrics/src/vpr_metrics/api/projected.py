"""The read model behind the figures."""

from typing import Annotated

from fastapi import Depends

from vpr_metrics.projecting import Projection
from vpr_service.runtime import Running


async def _projection(runtime: Running) -> Projection:
    return next(worker for worker in runtime.workers if isinstance(worker, Projection))


Projected = Annotated[Projection, Depends(_projection)]
