"""``python -m vpr_intake``: intake alone."""

from vpr_intake.app import make_app
from vpr_intake.settings import Settings
from vpr_service.serving import serve, settings_of

if __name__ == "__main__":
    settings = settings_of(Settings)
    serve(make_app(settings), (settings.host, settings.port))
