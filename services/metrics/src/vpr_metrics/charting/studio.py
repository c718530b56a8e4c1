"""The processes that draw pictures, from outside: few at once, each picture within a time, started when needed."""

import asyncio
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import orjson
import structlog

from vpr_metrics.charting.frames import HEAD
from vpr_metrics.charting.picture import Picture
from vpr_service.problems import Problem

WAITING = 32
"""So many pictures more may wait for their turn."""
STARTING = 60.0
"""Seconds that a process may take to start, or to make the script of interactive pictures."""
MOST_BYTES = 32 * 2**20

log = structlog.get_logger(__name__)


class Failed(Exception):
    """A picture could not be drawn; the process says why."""


@dataclass
class Desk:
    """A place for one process."""

    process: asyncio.subprocess.Process | None = None

    async def ask(self, order: dict[str, Any], seconds: float) -> bytes:
        """What the process draws. Raises TimeoutError and Failed. A process that was left half-way is ended."""
        try:
            if self.process is None:
                async with asyncio.timeout(STARTING):
                    self.process = await _started()
                    await _answer(self.process)
            async with asyncio.timeout(seconds):
                return await _asked(self.process, orjson.dumps(order))
        except Failed:
            raise
        except BaseException:
            await self.clear()
            raise

    async def clear(self) -> None:
        """End the process."""
        process, self.process = self.process, None
        if process:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


@dataclass
class Studio:
    """Draws. A picture may take ``seconds``; so many are drawn ``at_once``."""

    seconds: float
    at_once: int
    _free: asyncio.LifoQueue[Desk] = field(default_factory=asyncio.LifoQueue, init=False)
    _waiting: int = field(default=0, init=False)
    _script: bytes = field(default=b"", init=False)
    _scripting: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    def __post_init__(self) -> None:
        for _ in range(self.at_once):
            self._free.put_nowait(Desk())

    async def run(self, stop: asyncio.Event) -> None:
        """End the processes when the service ends."""
        await stop.wait()
        while not self._free.empty():
            await self._free.get_nowait().clear()

    async def draw(self, picture: Picture, form: str, width: int, *, titled: bool = True) -> bytes:
        """The picture as ``svg``, ``png`` or ``told``. Raises Problem: 422 if it takes too long, 503 if many wait."""
        order = {"form": form, "picture": picture.told, "width": width, "titled": titled}
        return await self._drawn(order | {"description": picture.description}, self.seconds)

    async def script(self) -> bytes:
        """What an interactive picture's page runs; made once."""
        async with self._scripting:
            if not self._script:
                self._script = await self._drawn({"form": "script"}, STARTING)
            return self._script

    async def _drawn(self, order: dict[str, Any], seconds: float) -> bytes:
        if self._waiting >= WAITING:
            raise _unavailable("charts_busy", "too many pictures wait already, try again")
        self._waiting += 1
        try:
            desk = await self._free.get()
            try:
                return await desk.ask(order, seconds)
            finally:
                self._free.put_nowait(desk)
        except TimeoutError:
            detail = f"the picture took more than {seconds:g} seconds: choose fewer groups, or another form"
            raise Problem(422, "chart_too_slow", detail) from None
        except (Failed, asyncio.IncompleteReadError, OSError) as error:
            log.exception("a picture could not be drawn", error=str(error)[-2000:])
            raise _unavailable(
                "chart_failed", "the picture could not be drawn; the figures come in other forms"
            ) from None
        finally:
            self._waiting -= 1


def _unavailable(code: str, detail: str) -> Problem:
    return Problem(503, code, detail, headers={"Retry-After": "5"})


async def _started() -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-m", "vpr_metrics.charting.worker", env={}, cwd="/", start_new_session=True,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def _asked(process: asyncio.subprocess.Process, order: bytes) -> bytes:
    if process.stdin is None:
        raise TypeError("the process has pipes")
    process.stdin.write(HEAD.pack(True, len(order)) + order)
    await process.stdin.drain()
    return await _answer(process)


async def _answer(process: asyncio.subprocess.Process) -> bytes:
    if process.stdout is None:
        raise TypeError("the process has pipes")
    good, size = HEAD.unpack(await process.stdout.readexactly(HEAD.size))
    if size > MOST_BYTES:
        raise OSError(f"the picture has {size} bytes")
    body = await process.stdout.readexactly(size)
    if not good:
        raise Failed(body.decode(errors="replace"))
    return body
