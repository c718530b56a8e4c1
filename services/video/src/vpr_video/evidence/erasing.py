"""Erasing evidence with its report: an event for each item.

Keys and words are deleted by ``projections.project_erasure``, as all personal data is, and objects by effects.
"""

from dataclasses import dataclass
from uuid import UUID

from vpr_events.effect_runner import Task, Tried
from vpr_service.runtime import Runtime
from vpr_video.domain.evidence_commands import EraseEvidence
from vpr_video.evidence import items
from vpr_video.evidence.taking import execution_of


@dataclass(frozen=True)
class Eraser:
    """The handler that tells, item by item, what was erased with a report."""

    runtime: Runtime

    async def __call__(self, task: Task) -> Tried:
        """Tell of all items of one report."""
        async with self.runtime.reading() as connection:
            rows = await items.items_of_report(connection, UUID(str(task.correlation_id)))
        rule, now = str(task.data["rule"]), self.runtime.now()
        return Tried(
            executions=[execution_of(row, EraseEvidence(at=now, evidence_id=row["id"], rule=rule)) for row in rows]
        )
