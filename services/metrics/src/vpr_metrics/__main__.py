"""``python -m vpr_metrics``: metrics alone."""

from vpr_metrics.app import make_app
from vpr_metrics.settings import Settings
from vpr_service.serving import serve

if __name__ == "__main__":
    settings = Settings()
    serve(make_app(settings), settings.host, settings.port)
