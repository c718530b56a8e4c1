"""From an officer's asking for an SMS to its being handed to the gateway, over a real service and a real gateway."""

import asyncio
import time
from pathlib import Path

from tests.bench.meetings import Video, asking, video_alone
from tests.bench.steady import percentile
from tests.inviting import TAKEN, Town
from tests.receivers import Came, Reply

INVITATIONS = 200


def handed_to_gateway(folder: Path) -> tuple[float, float]:
    """p50 and p99 in milliseconds, one invitation after the other."""
    return asyncio.run(_measured(folder))


async def _measured(folder: Path) -> tuple[float, float]:
    came: asyncio.Queue[float] = asyncio.Queue()

    def taken(_: Came) -> Reply:
        came.put_nowait(time.perf_counter())
        return TAKEN

    async with Town.open() as town:
        town.gateway.answering = taken
        settings = {
            "VIDEO_SMS": "twilio", "VIDEO_SMS_URL": town.gateway.url, "VIDEO_SMS_ACCOUNT": "AC1",
            "VIDEO_SMS_TOKEN": "north", "VIDEO_SMS_FROM": "+12045550100", "VIDEO_SMS_PER_HOUR": "100000",
            "VIDEO_OUTBOUND_ALLOW": "127.0.0.0/8", "VIDEO_INTAKE_URL": town.intake.url, "VIDEO_EMAIL": "none",
        }  # fmt: skip
        alone = video_alone(folder, town.intake.url, **settings)
        system = await asyncio.to_thread(alone.__enter__)
        try:
            async with asking(system, town.intake.url) as video:
                times = await _invite(video, came)
        finally:
            await asyncio.to_thread(alone.__exit__, None, None, None)
    return percentile(times, 0.5) * 1000, percentile(times, 0.99) * 1000


async def _invite(video: Video, came: asyncio.Queue[float]) -> list[float]:
    times = []
    for session, officer in await video.sessions(INVITATIONS):
        begun = time.perf_counter()
        await video.post(f"/v1/sessions/{session}/invitations", officer, {"channel": "sms"})
        async with asyncio.timeout(30):
            times.append(await came.get() - begun)
    return sorted(times[INVITATIONS // 10 :])  # the first ones warm it up
