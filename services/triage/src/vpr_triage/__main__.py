"""``python -m vpr_triage``: triage alone."""

from vpr_service.serving import serve, settings_of
from vpr_triage.app import make_app
from vpr_triage.settings import Settings

if __name__ == "__main__":
    settings = settings_of(Settings)
    serve(make_app(settings), (settings.host, settings.port))
