"""Whether the media server can record now: it is set up, the call goes through it, and there is room."""

import asyncio

from vpr_service.problems import Problem
from vpr_service.runtime import Runtime
from vpr_video.media.wiring import recordings_at
from vpr_video.seats import Seat
from vpr_video.sending.wiring import settings_of
from vpr_video.signalling.hub import hub_of


async def check_served(seat: Seat, runtime: Runtime) -> None:
    """Raise Problem unless the media server can record this call now: 503, 409, or 507 without room."""
    settings = settings_of(runtime)
    recordings = recordings_at(settings)
    if recordings is None:
        raise Problem(503, "recording_off", "VIDEO_JANUS_RECORDINGS is missing: the media server does not record")
    if not hub_of(runtime).records(seat):
        raise Problem(409, "not_through_media_server", "this call does not go through the media server now")
    least = settings.janus_recordings_free
    if await asyncio.to_thread(lambda: recordings.free) < least:
        detail = f"where the media server records, fewer than {least} bytes are left: no recording begins"
        raise Problem(507, "storage_full", detail, headers={"Retry-After": "30"})
