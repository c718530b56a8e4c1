"""Having Janus record what one participant sends, in parts: as long as it is wanted, by the connection that stands."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import structlog

from vpr_video.media.janus import JanusRefused
from vpr_video.media.recordings import Recordings, Wanted
from vpr_video.media.rooms import Room

log = structlog.get_logger(__name__)


class Sending(Protocol):
    """A connection that stands, by the handle by which Janus knows it."""

    handle: int


type Failed = Callable[[UUID], Awaitable[None]]


@dataclass(eq=False)
class Recorder[L: Sending]:
    """``failed`` is told of an item for which Janus cannot record."""

    recordings: Recordings
    room: Room
    failed: Failed
    _leg: L | None = None
    _runs: Wanted | None = None

    async def keep(self, wanted: Wanted | None, leg: L | None) -> L | None:
        """Record this by that connection; another one, or something else, is another part.

        What Janus does not stop recording when it is asked is returned: it must be hung up. Raises JanusAway.
        """
        if self._leg is not None and (self._leg is not leg or self._runs != wanted):
            stopping = self._leg
            try:
                await self.room.record_no_more(stopping.handle)
            except JanusRefused as refusal:
                log.warning("a recording does not stop", code=refusal.code, reason=refusal.reason)
                self.over(stopping)
                return stopping
            self.over(stopping)
        if wanted is not None and leg is not None and self._leg is None:
            await self._begin(wanted, leg)
        return None

    async def _begin(self, wanted: Wanted, leg: L) -> None:
        base = self.recordings.base(wanted)
        self._leg, self._runs = leg, wanted
        try:
            await self.room.record(leg.handle, base)
        except JanusRefused as refusal:
            log.warning("Janus does not record", code=refusal.code, reason=refusal.reason)
            self.over(leg)
            await self.failed(wanted.evidence_id)
        else:
            if not self.recordings.begun(base):
                log.error("Janus does not write where recordings are looked for", evidence=str(wanted.evidence_id))
                await self.failed(wanted.evidence_id)

    def over(self, leg: L) -> None:
        """The connection is gone, and what was recorded by it is finished."""
        if leg is self._leg:
            self._leg = self._runs = None

    def forget(self) -> None:
        """Janus has lost everything."""
        self._leg = self._runs = None
