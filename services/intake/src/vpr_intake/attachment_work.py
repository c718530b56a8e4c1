"""What is done about attachments beside requests: facts are read."""

import asyncio
from dataclasses import dataclass
from uuid import UUID

from vpr_events.effect_runner import Task, Tried
from vpr_evidence.encryption import Damaged
from vpr_evidence.facts import UNREADABLE, facts_of
from vpr_evidence.reading import read
from vpr_evidence.storage import NotStored
from vpr_intake.attaching import evidence_of
from vpr_intake.kept_files import facts_written, item_of, one_attachment
from vpr_service.runtime import Runtime


@dataclass(frozen=True)
class FactsReader:
    """The handler that reads what an image tells of itself. It is no part of the receipt: that never waits for it."""

    runtime: Runtime

    async def __call__(self, task: Task) -> Tried:
        """Read one. An attachment that is erased by then has none."""
        async with self.runtime.reading() as connection:
            row = await one_attachment(connection, None, UUID(str(task.data["attachment"])))
        if row is None or row["object_name"] is None:
            return Tried()
        evidence, item = evidence_of(self.runtime), item_of(row)
        try:
            content = b"".join([part async for part in read(item, evidence.storage, evidence.keys)])
        except (Damaged, NotStored):
            return Tried(writes=[facts_written(row["report_id"], item.id, UNREADABLE)])
        facts = await asyncio.to_thread(facts_of, content, item.media_type)
        return Tried(writes=[facts_written(row["report_id"], item.id, facts)] if facts else ())
