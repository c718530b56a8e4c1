"""Working copies: made by ffmpeg as an effect, stored beside the original, which never changes."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import structlog

from vpr_events.effect_runner import Task, Tried
from vpr_events.leasing import renewing
from vpr_evidence.chunked import read_chunks
from vpr_evidence.receiving import NotTaken
from vpr_service.problems import Problem, invalid_field
from vpr_service.runtime import Runtime
from vpr_video.domain.evidence_commands import CaptureEvidence, DiscardEvidence
from vpr_video.domain.items import Stage
from vpr_video.evidence import ffmpeg, items, making
from vpr_video.evidence.edits import NothingLeft, Source, graph_of
from vpr_video.evidence.ffmpeg import INPUTS, Failed, Runner, drain, fill, in_memory
from vpr_video.evidence.items import Row
from vpr_video.evidence.schemas import Edits, NewCopy
from vpr_video.evidence.taking import evidence_of, execution_of
from vpr_video.sending.wiring import settings_of

COPYING = "evidence_copying"
"""The kind of the effect."""

MOVING = frozenset({"video/webm", "video/mp4", "video/quicktime"})
CONTAINERS = {"video/webm": ("webm", ()), "video/mp4": ("mp4", ("-movflags", "+faststart"))}
"""How a copy that is not encoded anew is written."""

VP8 = ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "6", "-crf", "8", "-b:v", "3M", "-threads", "2")
OPUS = ("-c:a", "libopus", "-b:a", "96k")

log = structlog.get_logger(__name__)


def check_copy(new: NewCopy, original: Row, runtime: Runtime) -> None:
    """Whether such a copy can be made. Raises Problem 422, and 503 ``copies_off`` with what is missing."""
    if lacking := ffmpeg.missing():
        raise Problem(503, "copies_off", lacking)
    media_type = original["media_type"]
    if media_type not in INPUTS:
        raise invalid_field("evidence_id", f"no copies are made of {media_type}")
    if original["size"] > (most := settings_of(runtime).copy_bytes):
        raise invalid_field("evidence_id", f"copies are made of at most {most} bytes")
    still = media_type not in MOVING
    if still and (new.cut or new.mute):
        raise invalid_field("cut" if new.cut else "mute", "an image has no spans")
    if new.method == "remux" and media_type not in CONTAINERS:
        raise invalid_field("blur", f"say what is to be left out: of {media_type} no other copies are made")


def _words(edits: Edits, source: Source, media_type: str) -> tuple[str, Sequence[str]]:
    """The copy's media type, and how ffmpeg makes it. Raises NothingLeft."""
    if not (edits.blur or edits.cut or edits.mute):
        container, more = CONTAINERS[media_type]
        return media_type, ("-map", "0", "-c", "copy", *more, "-f", container)
    if edits.blur and not source.width:
        raise NothingLeft("there is no picture")
    graph, outputs = graph_of(edits, source)
    mapped = [word for output in outputs for word in ("-map", output)]
    if media_type not in MOVING:
        return "image/png", ("-filter_complex", graph, *mapped, "-frames:v", "1", "-c:v", "png", "-f", "image2pipe")
    encoded = (*(VP8 if source.width else ()), *(OPUS if source.sound else ()))
    return "video/webm", ("-filter_complex", graph, *mapped, *encoded, "-f", "webm")


@dataclass(frozen=True)
class Copier:
    """The handler that makes working copies, one at a time."""

    runtime: Runtime
    _place: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))

    async def __call__(self, task: Task) -> Tried:
        """Make one. What cannot be made is discarded, with a reason."""
        async with renewing(self.runtime.engine, task), self._place:
            async with self.runtime.reading() as connection:
                row = await items.one_item(connection, UUID(str(task.data["evidence"])))
                original = await items.one_item(connection, row["copied_from"]) if row else None
            if row is None or row["state"] != Stage.MAKING:
                return Tried()
            if row["wrapped_key"] is None:
                return self._discarded(row, "erased")
            if original is None or original["state"] != Stage.CAPTURED or original["wrapped_key"] is None:
                return self._discarded(row, "original_erased")
            try:
                return await self._made(row, original)
            except (Failed, NothingLeft, NotTaken) as error:
                log.warning("a copy was not made", evidence=str(row["id"]), error=type(error).__name__)
                return self._discarded(row, getattr(error, "code", "nothing_left"))

    async def _made(self, row: Row, original: Row) -> Tried:
        settings, evidence = settings_of(self.runtime), evidence_of(self.runtime)
        runner = Runner(settings.copy_time, settings.copy_bytes)
        async with self.runtime.reading() as connection:
            item = await items.chunked(connection, original)
        with in_memory("original") as source, in_memory("copy") as target:
            await fill(source, read_chunks(item, evidence.storage, evidence.keys))
            held = await runner.probe(source, original["media_type"])
            media_type, words = _words(Edits(**row["edits"]), held, original["media_type"])
            await runner.convert(source, original["media_type"], target, words)
            async with making.lasting(self.runtime) as begun:
                made = await making.store(drain(target), row["id"], row["wrapped_key"], self.runtime, begun)
        if not made.size:
            raise Failed("copy_unreadable")
        command = CaptureEvidence(
            at=self.runtime.now(), evidence_id=row["id"], sha256=made.sha256, size=made.size, media_type=media_type
        )
        kept = list(made.kept(row["id"], row["report_id"], self.runtime))
        return Tried(executions=[execution_of(row, command)], writes=kept)

    def _discarded(self, row: Row, reason: str) -> Tried:
        command = DiscardEvidence(at=self.runtime.now(), evidence_id=row["id"], reason=reason)
        return Tried(executions=[execution_of(row, command)])
