"""Video over HTTP."""

from vpr_video.api import calls, ice, invitations, joining, participants, sessions

routers = (sessions.router, participants.router, invitations.router, joining.router, calls.router, ice.router)
