"""What workers have in common: they work in steps until told to stop, and wait while a server is away."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from vpr_events.outages import is_outage

IDLE = 0.25
BACK_OFF = 0.5

log = structlog.get_logger(__name__)


async def in_steps(
    stop: asyncio.Event, worker: str, step: Callable[[], Awaitable[bool]], woken: asyncio.Event | None = None
) -> None:
    """Call ``step`` until ``stop``: at once again while it says that there is more, else after a moment, or ``woken``.

    Raises what ``step`` raises, but for outages: those are waited out.
    """
    while not stop.is_set():
        try:
            pause = 0 if await step() else IDLE
        except Exception as error:
            if not is_outage(error):
                raise
            log.warning("worker waits", worker=worker, error=type(error).__name__)
            pause = BACK_OFF
        await resting(stop, pause, woken if pause == IDLE else None)


async def resting(stop: asyncio.Event, seconds: float, woken: asyncio.Event | None = None) -> None:
    """Rest, but not beyond ``stop``, nor once ``woken``."""
    if not seconds:
        return await asyncio.sleep(0)
    waiting = [asyncio.ensure_future(event.wait()) for event in (stop, woken) if event is not None]
    try:
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in waiting:
            one.cancel()
