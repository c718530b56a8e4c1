"""What the media server recorded becomes evidence, part by part; its files stay until the item is stored."""

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import structlog

from vpr_events.contracts.session import EvidenceEnd
from vpr_events.effect_runner import Task, Tried
from vpr_events.event import derived_id
from vpr_events.pipeline import Execution
from vpr_events.working import in_steps, resting
from vpr_events.writes import Write
from vpr_evidence.keys import new_item_key
from vpr_service.runtime import Runtime
from vpr_video.domain.evidence_commands import CaptureEvidence, CapturePart, DiscardEvidence
from vpr_video.domain.items import Stage
from vpr_video.evidence import items, making
from vpr_video.evidence.ffmpeg import Failed, Runner, drain
from vpr_video.evidence.items import Row
from vpr_video.evidence.making import Made
from vpr_video.evidence.remuxing import TYPE, WORKING, Remuxed, Remuxer
from vpr_video.evidence.taking import evidence_of, execution_of
from vpr_video.media.recordings import Part, Recordings
from vpr_video.media.wiring import recordings_at
from vpr_video.sending.wiring import settings_of

REMOVING = "evidence_recording_removal"
"""The kind of the effect."""

AGAIN = 1.0
"""Seconds until the next look at files that Janus still writes."""

UNCLAIMED = timedelta(days=1)
SWEEP_EVERY = 300.0
WHOLE = frozenset({EvidenceEnd.STOPPED, EvidenceEnd.SESSION_ENDED, EvidenceEnd.REPLACED})
"""After these a recording is all that it was meant to be."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Taker:
    """Makes an item of what was recorded for a row that is closing; ``until`` is when it was: nothing later is kept."""

    row: Row
    until: datetime | None
    runtime: Runtime

    async def taken(self) -> Tried:
        """The commands and rows. Raises Failed, and as storing does: then the files stay for the next try."""
        recordings = recordings_at(settings_of(self.runtime))
        if recordings is None:
            raise Failed("recordings_off")
        parts = recordings.parts(self.row["id"])
        if not all(part.written for part in parts):
            return Tried(again=AGAIN)
        settings = settings_of(self.runtime)
        remuxer = Remuxer(Runner(settings.copy_time, settings.recording_bytes), recordings.folder)
        made_with = await remuxer.made_with()
        done: list[tuple[Execution, Sequence[Write]]] = []
        async with making.lasting(self.runtime) as begun:
            for part in parts:
                async with remuxer.webm(part, self.until) as webm:
                    if webm is not None:
                        done.append(await self._stored(webm, part, made_with, begun, first=not done))
        if not done:
            empty = DiscardEvidence(at=self.runtime.now(), evidence_id=self.row["id"], reason="file_empty")
            return Tried(executions=[execution_of(self.row, empty)])
        return Tried(
            executions=[execution for execution, _ in done], writes=[write for _, writes in done for write in writes]
        )

    async def _stored(
        self, webm: Remuxed, part: Part, made_with: tuple[str, ...], begun: list[str], *, first: bool
    ) -> tuple[Execution, Sequence[Write]]:
        item = self.row["id"] if first else derived_id(self.row["id"], f"part/{part.id}")
        keys, report = evidence_of(self.runtime).keys, self.row["report_id"]
        key = self.row["wrapped_key"] if first else keys.wrap(item, new_item_key())
        made = await making.store(_content(webm.file), item, key, self.runtime, begun)
        own = [] if first else items.file_kept(item, report, wrapped_key=key, device_time=webm.began)
        command = self._command(item, made, made_with, first=first)
        return execution_of(self.row, command), [*own, *made.kept(item, report, self.runtime)]

    def _command(self, item: UUID, made: Made, made_with: tuple[str, ...], *, first: bool) -> CaptureEvidence:
        now, incomplete = self.runtime.now(), self.row["reason"] not in WHOLE
        if first:
            return CaptureEvidence(
                at=now, evidence_id=item, sha256=made.sha256, size=made.size, media_type=TYPE, made_with=made_with,
                incomplete=incomplete,
            )  # fmt: skip
        return CapturePart(
            at=now, evidence_id=item, sha256=made.sha256, size=made.size, media_type=TYPE, made_with=made_with,
            incomplete=incomplete, part_of=self.row["id"],
        )  # fmt: skip


async def _content(file: Path) -> AsyncIterator[bytes]:
    descriptor = os.open(file, os.O_RDONLY)
    try:
        async for part in drain(descriptor):
            yield part
    finally:
        os.close(descriptor)


@dataclass(frozen=True)
class FilesRemover:
    """The handler that removes the media server's files of an item that needs them no more."""

    runtime: Runtime

    async def __call__(self, task: Task) -> Tried:
        """Remove one item's; what is gone is gone. While Janus writes, it is looked again: it may begin another one."""
        return Tried(again=AGAIN if remove_files(UUID(str(task.data["evidence"])), self.runtime) else None)


def remove_files(evidence_id: UUID, runtime: Runtime) -> bool:
    """Nothing that the media server recorded for an item stays with it: whether it still wrote to some of it."""
    recordings = recordings_at(settings_of(runtime))
    return recordings is not None and recordings.remove(evidence_id)


@dataclass
class RecordingSweeper:
    """The worker that removes files of items of which nothing is kept, and after a day those that no item claims.

    After a day, also what a try to put some together left.
    """

    runtime: Runtime
    recordings: Recordings | None
    every: float = SWEEP_EVERY

    async def run(self, stop: asyncio.Event) -> None:
        """Every few minutes until ``stop``; nothing where the media server does not record."""
        if self.recordings is None:
            return

        async def step() -> bool:
            self.runtime.gate.check()
            await self.sweep(UNCLAIMED.total_seconds())
            await resting(stop, self.every)
            return False

        await in_steps(stop, "recordings", step)

    async def sweep(self, age: float) -> None:
        """Remove what is of an item that is gone, and what is older than so many seconds and needed by nothing."""
        if self.recordings is None:
            return
        for item, file, seconds in self.recordings.all():
            async with self.runtime.reading() as connection:
                row = await items.one_item(connection, item)
            if _gone(row) or (seconds > age and not _claimed(row)):
                file.unlink(missing_ok=True)
                log.info("a recording that nothing claims was removed", evidence=str(item))
        for folder in self.recordings.folder.glob(f"{WORKING}*"):
            if time.time() - folder.stat().st_mtime > age:
                with suppress(FileNotFoundError):
                    shutil.rmtree(folder)


def _gone(row: Row | None) -> bool:
    """Nothing is kept of the item."""
    return row is not None and row["wrapped_key"] is None


def _claimed(row: Row | None) -> bool:
    return row is not None and row["state"] in {Stage.OPEN, Stage.CLOSING}
