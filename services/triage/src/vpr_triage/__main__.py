"""``python -m vpr_triage``: triage alone."""

from vpr_service.serving import serve
from vpr_triage.app import make_app
from vpr_triage.settings import Settings

if __name__ == "__main__":
    settings = Settings()
    serve(make_app(settings), settings.host, settings.port)
