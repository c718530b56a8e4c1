"""What is done about attachments beside requests: facts are read, erased and forgotten objects removed."""

import asyncio
from dataclasses import dataclass
from uuid import UUID

from vpr_events.effect_runner import Task, Tried
from vpr_events.working import in_steps, resting
from vpr_evidence.encryption import Damaged
from vpr_evidence.facts import UNREADABLE, facts_of
from vpr_evidence.reading import read
from vpr_evidence.storage import NotStored
from vpr_intake.attaching import evidence_of
from vpr_intake.kept_files import facts_written, item_of, object_forgotten, one_attachment, sweep
from vpr_intake.settings import settings_of
from vpr_service.runtime import Runtime

EVERY = 300.0
"""Seconds between two looks for what was never recorded."""


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


@dataclass(frozen=True)
class Remover:
    """The handler that removes what is stored for an erased report. Its key is gone already."""

    runtime: Runtime

    async def __call__(self, task: Task) -> Tried:
        """Remove one object; what is gone is gone."""
        name = str(task.data["object"])
        await evidence_of(self.runtime).storage.delete(name)
        return Tried(writes=[object_forgotten(name)])


@dataclass
class Sweeper:
    """The worker that removes what was stored and never recorded: its request broke off, or its process died."""

    runtime: Runtime

    async def run(self, stop: asyncio.Event) -> None:
        """Every few minutes until ``stop``; nothing where attachments are not set up."""
        settings = settings_of(self.runtime)
        if not settings.takes_files:
            return

        async def step() -> bool:
            self.runtime.gate.check()
            swept = await sweep(self.runtime.engine, evidence_of(self.runtime).storage, settings.orphan_age)
            if not swept:
                await resting(stop, EVERY)
            return bool(swept)

        await in_steps(stop, "sweeper", step)
