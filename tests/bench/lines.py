"""Signalling by plain WebSocket peers: what idle connections cost, how fast an offer passes, and who comes back."""

import asyncio
import time
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass

import psutil
from websockets.exceptions import WebSocketException

from tests.bench.meetings import Meeting, Video, asking
from tests.bench.steady import percentile
from tests.processes import Separate
from tests.sockets import Caller, calling

CONNECTIONS, OFFERS, CALLS = 500, 400, 50
WITHIN = 60.0
SDP = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\n" + "a=x-padding:0123456789\r\n" * 300
"""As long as a browser's."""


@dataclass(frozen=True)
class Idle:
    """Kilobytes of a connection; milliseconds for an offer from one to the other, beside all of them."""

    kilobytes: float
    p50: float
    p99: float


@dataclass(frozen=True)
class Restarted:
    """Calls that came back after a kill -9, and the seconds until the last had, from the service's first answer."""

    calls: int
    back: int
    seconds: float


def idle_connections(system: Separate) -> Idle:
    """500 connections on one process."""
    return asyncio.run(_idle(system))


async def _idle(system: Separate) -> Idle:
    async with asking(system) as video, AsyncExitStack() as stack:
        meetings = await video.meetings(CONNECTIONS // 2)
        before = _memory(system)
        pairs = [await _pair(video, meeting, stack) for meeting in meetings]
        after = _memory(system)
        times = sorted([await _relay(*pairs[number % len(pairs)], meetings[number % len(pairs)])
                        for number in range(OFFERS)])  # fmt: skip
    cost = (after - before) / CONNECTIONS / 1024
    return Idle(cost, percentile(times, 0.5) * 1000, percentile(times, 0.99) * 1000)


def _memory(system: Separate) -> int:
    child = system.processes["video"].child
    assert child is not None
    return int(psutil.Process(child.pid).memory_info().rss)


async def _pair(video: Video, meeting: Meeting, stack: AsyncExitStack) -> tuple[Caller, Caller]:
    base = video.url.replace("http", "ws")
    officer = await stack.enter_async_context(calling(f"{base}/v1/sessions/{meeting.id}/socket", meeting.officer))
    resident = await stack.enter_async_context(calling(f"{base}/v1/call/socket", meeting.resident))
    await officer.sees(_both)
    await resident.sees(_both)
    return officer, resident


def _both(view: dict[str, object]) -> bool:
    people = view["people"]
    return isinstance(people, list) and {one["kind"] for one in people if one["online"]} == {"officer", "resident"}


async def _relay(officer: Caller, resident: Caller, meeting: Meeting) -> float:
    begun = time.perf_counter()
    await officer.say(type="description", to=meeting.resident_id, description={"type": "offer", "sdp": SDP})
    await resident.hears_of("description")
    return time.perf_counter() - begun


def restarted_under_calls(system: Separate) -> Restarted:
    """kill -9 under 50 calls, then the service again."""
    return asyncio.run(_restarted(system))


async def _restarted(system: Separate) -> Restarted:
    async with asking(system) as video:
        meetings = await video.meetings(CALLS)
        met, again = [asyncio.Event() for _ in meetings], [asyncio.Event() for _ in meetings]
        tasks = [asyncio.create_task(_stay(video, one, *both)) for one, *both in zip(meetings, met, again, strict=True)]
        async with asyncio.timeout(WITHIN):
            await asyncio.gather(*(one.wait() for one in met))
        process = system.processes["video"]
        await asyncio.to_thread(process.kill)
        await asyncio.to_thread(process.start)
        begun = time.perf_counter()
        with suppress(TimeoutError):
            async with asyncio.timeout(WITHIN):
                await asyncio.gather(*(one.wait() for one in again))
        seconds = time.perf_counter() - begun
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return Restarted(CALLS, sum(one.is_set() for one in again), seconds)


async def _stay(video: Video, meeting: Meeting, met: asyncio.Event, again: asyncio.Event) -> None:
    """Both sides keep coming back, as pages do, and are back when an offer passes."""
    for come in (met, again):
        while not come.is_set():
            with suppress(OSError, WebSocketException, TimeoutError, AssertionError):
                async with AsyncExitStack() as stack:
                    officer, resident = await _pair(video, meeting, stack)
                    await _relay(officer, resident, meeting)
                    come.set()
                    await officer.connection.wait_closed()
            await asyncio.sleep(0.25)
