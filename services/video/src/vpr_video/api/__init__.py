"""Video over HTTP."""

from vpr_service.held import held_router
from vpr_video.api import (
    call_evidence,
    calls,
    custody,
    evidence,
    ice,
    invitations,
    joining,
    participants,
    sessions,
    sockets,
)
from vpr_video.held import HOLDINGS

routers = (
    sessions.router,
    participants.router,
    invitations.router,
    joining.router,
    calls.router,
    ice.router,
    evidence.router,
    call_evidence.router,
    custody.router,
    sockets.router,
    held_router(HOLDINGS),
)
