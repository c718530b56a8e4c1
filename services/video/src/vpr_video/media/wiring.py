"""The media server as the settings say."""

from vpr_video.media.recordings import Recordings
from vpr_video.media.server import MediaServer
from vpr_video.settings import Settings


def recordings_at(settings: Settings) -> Recordings | None:
    """Where it records; None where it does not."""
    return Recordings(settings.janus_recordings) if settings.janus_recordings else None


def media_server(settings: Settings) -> MediaServer | None:
    """The media server; None where no call goes through one."""
    if settings.media == "peer":
        return None
    return MediaServer(settings.janus_url, settings.janus_secret.get_secret_value(), recordings_at(settings))
