"""Stopping what the media server records."""

from uuid import UUID

from vpr_events.contracts.session import EvidenceEnd
from vpr_service.runtime import Runtime
from vpr_video.domain.evidence_commands import StopRecording
from vpr_video.domain.items import Stage
from vpr_video.evidence import items
from vpr_video.evidence.taking import execution_of


async def stop_recording(evidence_id: UUID, reason: EvidenceEnd, runtime: Runtime) -> None:
    """Have it record no more for this item; one that has stopped has."""
    async with runtime.reading() as connection:
        row = await items.one_item(connection, evidence_id)
    if row is not None and row["state"] == Stage.OPEN:
        command = StopRecording(at=runtime.now(), evidence_id=evidence_id, reason=reason)
        await runtime.pipeline.execute(execution_of(row, command))
