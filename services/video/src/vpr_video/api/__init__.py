"""Video over HTTP."""

from vpr_service.held import held_router
from vpr_video.api import invitations, joining, sessions
from vpr_video.held import HOLDINGS

routers = (sessions.router, invitations.router, joining.router, held_router(HOLDINGS))
