"""Who reads figures, and who sees small numbers."""

from typing import Annotated

from fastapi import Depends

from vpr_events.contracts.values import Role
from vpr_metrics.settings import Settings
from vpr_service.auth import Principal, require
from vpr_service.runtime import Running

READERS = (Role.ANALYST, Role.SUPERVISOR, Role.AUDITOR, Role.ADMIN)

Reading = Depends(require(*READERS))
Reader = Annotated[Principal, Reading]
Measurer = Annotated[Principal, Depends(require(*READERS, Role.SERVICE))]
"""Services ask how long cases take."""


def sees_small(reader: Principal) -> bool:
    """Whether figures of few cases are shown: to supervisors, who may see the cases, and to our own services."""
    return reader.has(Role.SUPERVISOR, Role.SERVICE)


async def _zone(runtime: Running) -> str:
    if not isinstance(runtime.settings, Settings):
        raise TypeError("metrics needs its own settings")
    return runtime.settings.zone


Zone = Annotated[str, Depends(_zone)]
"""The city's time zone."""
