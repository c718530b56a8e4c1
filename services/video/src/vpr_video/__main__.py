"""``python -m vpr_video``: video alone."""

from vpr_service.serving import serve, settings_of
from vpr_video.app import make_app
from vpr_video.settings import Settings

if __name__ == "__main__":
    settings = settings_of(Settings)
    serve(make_app(settings), (settings.host, settings.port))
