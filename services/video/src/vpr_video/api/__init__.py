"""Video over HTTP."""

from vpr_video.api import calls, ice, invitations, joining, participants, sessions, sockets

routers = (
    sessions.router,
    participants.router,
    invitations.router,
    joining.router,
    calls.router,
    ice.router,
    sockets.router,
)
