"""Recordings at the media server end with what a replica notices: a lost case, a call that goes another way."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from vpr_events.contracts.session import EvidenceEnd
from vpr_service.runtime import Runtime
from vpr_video import queries
from vpr_video.evidence.stopping import stop_recording
from vpr_video.media.ways import Way
from vpr_video.seats import Seat, seat_in

NOT_SERVED = frozenset({"peer", "fallback"})


@dataclass(frozen=True)
class Serving:
    """``way`` tells how a call goes, ``patience`` for how many seconds it may go another way than it was recorded."""

    runtime: Runtime
    way: Callable[[Seat], Way]
    patience: float

    async def failed(self, evidence_id: UUID) -> None:
        """Janus does not record."""
        await stop_recording(evidence_id, EvidenceEnd.MEDIA_SERVER_AWAY, self.runtime)

    async def refused(self, session: UUID, who: UUID) -> None:
        """Somebody has no part in the session any more."""
        async with self.runtime.reading() as connection:
            served = await queries.served_recording(connection, session)
        if served is not None and served["participant_id"] == who:
            await stop_recording(served["id"], EvidenceEnd.CASE_LOST, self.runtime)

    def strays(self, seat: Seat) -> bool:
        """Whether a call is to be recorded by Janus and does not go through it. While Janus is away, nothing goes."""
        return seat.served is not None and self.way(seat) in NOT_SERVED

    async def stray(self, seat: Seat) -> None:
        """Stop it, unless the call soon goes through Janus (again): a service that starts has to reach it first."""
        await asyncio.sleep(self.patience)
        now = await seat_in(seat.row["id"], seat.participant_id, self.runtime)
        if now is not None and now.served is not None and now.served == seat.served and self.strays(now):
            await stop_recording(now.served["id"], EvidenceEnd.MEDIA_SERVER_AWAY, self.runtime)
