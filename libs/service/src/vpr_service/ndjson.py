"""Newline-delimited JSON (``application/x-ndjson``), taken and given line by line, so that no body is held whole."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

MEDIA_TYPE = "application/x-ndjson"


@dataclass(frozen=True, slots=True)
class Line:
    """A line with its number, from 1; ``text`` is None for one that was too long, of which nothing is kept."""

    number: int
    text: bytes | None


async def lines(chunks: AsyncIterator[bytes], longest: int) -> AsyncIterator[Line]:
    """The lines of a body that arrives in chunks; blank ones are counted and left out. Holds ``longest`` bytes."""
    number, begun, dropping = 0, b"", False
    async for chunk in chunks:
        *whole, begun = (begun + chunk).split(b"\n")
        for text in whole:
            number += 1
            if line := _line(number, text, longest, dropping):
                yield line
            dropping = False
        if len(begun) > longest:
            begun, dropping = b"", True
    if line := _line(number + 1, begun, longest, dropping):
        yield line


def _line(number: int, text: bytes, longest: int, dropping: bool) -> Line | None:
    if dropping or len(text) > longest:
        return Line(number, None)
    stripped = text.strip(b" \t\r")
    return Line(number, stripped) if stripped else None


type Results = asyncio.Queue[Awaitable[bytes] | bytes | None]
"""Lines, or what becomes one, in the order in which they are answered; None is the end."""


class Streamed(Response):
    """Answers with lines as they come, while ``work`` reads the body and puts them into the queue.

    Both go on at once: a client that reads nothing until it has sent everything must not bring either to a halt.
    (Starlette's own streaming response would take the body's messages away.)
    """

    media_type = MEDIA_TYPE

    def __init__(self, work: Callable[[Results], Awaitable[None]]) -> None:
        super().__init__(headers={"Cache-Control": "no-store"})
        del self.headers["content-length"]
        self._work = work

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's own
        """Send them."""
        results: Results = asyncio.Queue()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._working(results))
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            while (result := await results.get()) is not None:
                line = result if isinstance(result, bytes) else await result
                await send({"type": "http.response.body", "body": line + b"\n", "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _working(self, results: Results) -> None:
        try:
            await self._work(results)
        finally:
            results.put_nowait(None)
