"""``python -m vpr_dispatch``: dispatch alone."""

from vpr_dispatch.app import make_app
from vpr_dispatch.settings import Settings
from vpr_service.serving import serve, settings_of

if __name__ == "__main__":
    settings = settings_of(Settings)
    serve(make_app(settings), (settings.host, settings.port))
