"""Video over HTTP."""

from vpr_service.held import held_router
from vpr_video.api import (
    call_evidence,
    calls,
    checklists,
    custody,
    districts,
    evidence,
    giving,
    guests,
    ice,
    invitations,
    joining,
    locating,
    participants,
    sessions,
    sockets,
    upload_links,
)
from vpr_video.held import HOLDINGS

routers = (
    sessions.router,
    participants.router,
    invitations.router,
    joining.router,
    calls.router,
    locating.router,
    checklists.router,
    districts.router,
    ice.router,
    evidence.router,
    call_evidence.router,
    custody.router,
    upload_links.router,
    giving.router,
    guests.router,
    guests.public,
    sockets.router,
    held_router(HOLDINGS),
)
