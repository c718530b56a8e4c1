"""``python -m vpr_intake``: intake alone."""

from vpr_intake.app import make_app
from vpr_intake.settings import Settings
from vpr_service.serving import serve

if __name__ == "__main__":
    settings = Settings()
    serve(make_app(settings), settings.host, settings.port)
