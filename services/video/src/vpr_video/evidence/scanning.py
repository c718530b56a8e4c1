"""Looking through what comes from outside for malware, by clamd's INSTREAM: the item streams there, on no disk.

The clients for it on PyPI read blocking files, a kilobyte at a time: an item would have to lie somewhere readable.
"""

import asyncio
from collections.abc import AsyncIterable
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

import structlog

from vpr_events.contracts.session import EvidenceKind
from vpr_evidence.receiving import NotTaken
from vpr_service.problems import Problem
from vpr_video.settings import Settings

FROM_OUTSIDE = frozenset({EvidenceKind.PHOTO, EvidenceKind.FILE})
"""What is not made by our own pages."""

REPLY_LIMIT = 4096

NOT_WHOLE = "Heuristics.Limits.Exceeded"
"""What clamd says to have found in what it did not look through whole, being larger than it may be."""

log = structlog.get_logger(__name__)


class Infected(NotTaken):
    """Malware was found in it."""

    code = "file_infected"


@dataclass(frozen=True)
class Scanner:
    """clamd at ``tcp://host:port`` or ``unix:///path``."""

    address: str
    within: timedelta

    async def check(self, content: AsyncIterable[bytes]) -> None:
        """Raises Infected; Problem 503 ``scanner_unavailable`` where clamd does not answer, or does not look through.

        What is larger than clamd's StreamMaxLength is not looked through: it is refused so as well. So is what exceeds
        its other limits, where it says so (AlertExceedsMax).
        """
        try:
            async with asyncio.timeout(self.within.total_seconds()):
                reply = await self._asked(content)
        except (OSError, TimeoutError) as error:
            log.warning("clamd does not answer", error=type(error).__name__)
            raise _unavailable() from None
        if reply.endswith("OK"):
            return
        if reply.endswith("FOUND") and NOT_WHOLE not in reply:
            log.warning("malware was found", signature=reply.removeprefix("stream: ").removesuffix(" FOUND")[:100])
            raise Infected("a scanner found malware in this file: it is not kept")
        log.warning("clamd does not look through", reply=reply[:100])
        raise _unavailable()

    async def _asked(self, content: AsyncIterable[bytes]) -> str:
        parts = urlsplit(self.address)
        opening = (
            asyncio.open_unix_connection(parts.path)
            if parts.scheme == "unix"
            else asyncio.open_connection(parts.hostname, parts.port)
        )
        reader, writer = await opening
        try:
            writer.write(b"zINSTREAM\0")
            async for part in content:
                writer.write(len(part).to_bytes(4) + part)
                await writer.drain()
            writer.write(bytes(4))
            await writer.drain()
            return (await reader.read(REPLY_LIMIT)).decode("utf-8", "replace").strip("\0\n ")
        finally:
            writer.close()


def scanner_of(settings: Settings) -> Scanner | None:
    """The scanner that is set up; None where none is."""
    return Scanner(settings.clamd, settings.clamd_within) if settings.clamd else None


def _unavailable() -> Problem:
    detail = "the malware scanner does not answer: what was sent is kept aside, complete it again in a while"
    return Problem(503, "scanner_unavailable", detail, headers={"Retry-After": "30"})
