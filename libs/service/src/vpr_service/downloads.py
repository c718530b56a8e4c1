"""Giving out a file that somebody sent us: as a download in a sandbox only, whole or the part that Range asks for."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from urllib.parse import quote

import structlog
from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from vpr_evidence.encryption import Damaged
from vpr_evidence.keys import KeyMissing
from vpr_evidence.media_types import SUFFIXES
from vpr_evidence.names import with_suffix
from vpr_evidence.ranges import Part, Unsatisfiable, part_of
from vpr_evidence.storage import NotStored, StorageUnavailable
from vpr_service.problems import Problem

SANDBOX = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Accept-Ranges": "bytes",
}

log = structlog.get_logger(__name__)

type Reading = Callable[[int, int], AsyncIterator[bytes]]
"""Gives the bytes from the first number to before the second."""


@dataclass(frozen=True, slots=True)
class Download:
    """A file to be given out. ``name`` is the sender's; without one it is called ``called``."""

    size: int
    sha256: str
    media_type: str
    name: str | None
    called: str

    @property
    def disposition(self) -> str:
        """A download under its own name; a name that says something else about the content gets the right end."""
        suffix = SUFFIXES.get(self.media_type, "")
        name = with_suffix(self.name or self.called + suffix, suffix) if suffix else self.name or self.called
        return f"attachment; filename*=UTF-8''{quote(name, safe='')}"


async def answered(download: Download, reading: Reading, request: Request) -> Response:
    """The answer, of which the beginning is there: what fails at once is a problem.

    Raises Problem 410 for a file that is gone, 416, 500 ``<called>_damaged`` and 503.
    """
    etag = f'"{download.sha256}"'
    part = _part(request, download.size, etag)
    headers = SANDBOX | {"ETag": etag, "Content-Disposition": download.disposition}
    headers |= {"Content-Length": str(part.end - part.start if part else download.size)}
    headers |= {"Content-Range": part.content_range} if part else {}
    content = await _begun(reading(part.start, part.end) if part else reading(0, download.size), download.called)
    return StreamingResponse(content, 206 if part else 200, headers, download.media_type)


def _part(request: Request, size: int, etag: str) -> Part | None:
    condition = request.headers.get("If-Range")
    if condition and condition != etag:
        return None
    try:
        return part_of(request.headers.get("Range"), size)
    except Unsatisfiable:
        beyond = {"Content-Range": f"bytes */{size}"}
        raise Problem(416, "range_not_satisfiable", "the range lies outside of the file", headers=beyond) from None


async def _begun(content: AsyncIterator[bytes], called: str) -> AsyncIterator[bytes]:
    try:
        first = await anext(content)
    except NotStored:
        raise Problem(410, "erased", "the file was erased") from None
    except StorageUnavailable:
        raise Problem(503, "unavailable", "the store of evidence does not answer, try again",
                      headers={"Retry-After": "2"}) from None  # fmt: skip
    except (Damaged, KeyMissing) as error:
        log.exception("a file cannot be read", kind=called, error=type(error).__name__)
        raise Problem(500, f"{called}_damaged", "the file is not what was received, or its key is missing") from None

    async def rest() -> AsyncIterator[bytes]:
        yield first
        async for piece in content:
            yield piece

    return rest()
