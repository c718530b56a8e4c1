"""Video over HTTP."""

from vpr_video.api import invitations, joining, sessions

routers = (sessions.router, invitations.router, joining.router)
