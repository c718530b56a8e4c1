"""``python -m vpr_video``: video alone."""

from vpr_service.serving import serve
from vpr_video.app import make_app
from vpr_video.settings import Settings

if __name__ == "__main__":
    settings = Settings()
    serve(make_app(settings), settings.host, settings.port)
