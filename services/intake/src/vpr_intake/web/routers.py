"""The resident's pages over HTTP."""

from vpr_intake.web import leaving, photos, report, status

web_routers = (leaving.router, report.router, status.router, photos.router)
