"""Adding files to reports. Everything that takes a file goes through here: REST, Open311, and pages for residents.

``add_attachment`` does all of it for one file and a report that exists. Who files or changes something in the same
commit opens ``uploads``, receives files into it, puts its ``executions`` beside its own, and says ``keep`` after the
commit: what is not kept is removed again.
"""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import structlog

from vpr_events.event import Recorded, new_id
from vpr_events.idempotency import IdempotencyKey
from vpr_events.outages import is_outage
from vpr_events.pipeline import Execution
from vpr_evidence.names import tidy
from vpr_evidence.receiving import Empty, Item, NotTaken, TooLarge, receive
from vpr_evidence.storage import StorageUnavailable, new_name
from vpr_intake import kept_files
from vpr_intake.domain.report import report
from vpr_intake.domain.report_commands import AddAttachment
from vpr_intake.kept_files import OBJECTS
from vpr_intake.settings import settings_of
from vpr_service.evidence import Evidence, evidence_at, storing
from vpr_service.problems import Problem
from vpr_service.runtime import Runtime

OFF = "attachments_off"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Incoming:
    """A file as it comes: its content in parts of any length, and what its sender says of it, which nobody believes."""

    content: AsyncIterable[bytes]
    content_type: str | None = None
    file_name: str | None = None


def evidence_of(runtime: Runtime) -> Evidence:
    """This intake's. Raises Problem 503 where none is set up."""
    return evidence_at(settings_of(runtime), OFF)


async def add_attachment(
    report_id: UUID,
    incoming: Incoming,
    runtime: Runtime,
    *,
    scope: str,
    key: str,
    added_by: UUID | None = None,
    named: str = "body",
) -> Recorded:
    """Store a file and add it to a report that exists, of which the caller may: ``report.attachment_added``.

    The same ``key`` in the same ``scope`` (whose keys these are) with the same content is answered by the first one's
    event; with another content it raises KeyReused. ``added_by`` is a client's id or a person's, None for a resident;
    ``named`` is what problems call the file.

    Raises Problem 413, 415 or 422 for a file that is not taken, 507 without room, 503 when the store does not answer,
    408 for one that takes too long; Refused when the report takes none; Unknown without the report. Then nothing is
    stored.
    """
    async with uploads(runtime) as files:
        try:
            item = await files.receive(incoming)
        except NotTaken as refused:
            raise problem_of(refused, named) from None
        given = IdempotencyKey(scope, key, f"attachment of {report_id} {item.sha256}")
        added = files.executions(report_id, runtime.now(), added_by)
        outcome = await runtime.pipeline.execute(*added, key=given)
        if not outcome.replayed:
            files.keep()
    return outcome.events[0]


def problem_of(refused: NotTaken, named: str) -> Problem:
    """The answer to a file that is not taken, which names it."""
    status = 413 if isinstance(refused, TooLarge) else 422 if isinstance(refused, Empty) else 415
    return Problem(status, refused.code, f"{named}: {refused}", errors=[{"field": named, "detail": str(refused)}])


@asynccontextmanager
async def uploads(runtime: Runtime) -> AsyncIterator["Uploads"]:
    """Files that are being received, within ``upload_time``. At the end those that were not kept are removed."""
    files = Uploads(runtime, asyncio.get_running_loop().time() + settings_of(runtime).upload_time.total_seconds())
    try:
        yield files
    finally:
        await files.close()


@dataclass
class Uploads:
    """Files of one request: stored, and not yet a report's.

    ``until`` (by the event loop's clock) all of them must be there: what nobody needs is swept some time later.
    """

    runtime: Runtime
    until: float
    received: list[tuple[Item, str | None]] = field(default_factory=list)
    _begun: list[str] = field(default_factory=list)

    async def receive(self, incoming: Incoming) -> Item:
        """Store one file. Raises NotTaken, and Problem 408, 503 or 507."""
        settings, evidence, name = settings_of(self.runtime), evidence_of(self.runtime), new_name()
        self.runtime.gate.check()
        async with self.runtime.engine.begin() as connection:
            await OBJECTS.begin(connection, name)
        self._begun.append(name)
        with storing(OFF):
            async with asyncio.timeout_at(self.until):
                item = await receive(
                    incoming.content,
                    item=new_id(),
                    name=name,
                    content_type=incoming.content_type,
                    limits=settings.file_bytes,
                    storage=evidence.storage,
                    keys=evidence.keys,
                )
        self.received.append((item, tidy(incoming.file_name)))
        return item

    def executions(
        self, report_id: UUID, at: datetime, added_by: UUID | None, *, fresh: bool = False
    ) -> Sequence[Execution]:
        """What adds the files to a report, to be carried out with whatever else is done to it. Raises Problem 408."""
        settings = settings_of(self.runtime)
        with storing(OFF):
            if self.received and asyncio.get_running_loop().time() > self.until:
                raise TimeoutError
        return [
            Execution(
                decider=report,
                entity=report_id,
                command=AddAttachment(
                    at=at,
                    attachment_id=item.id,
                    media_type=item.media_type,
                    size=item.size,
                    sha256=item.sha256,
                    most=settings.attachments_most,
                    most_bytes=settings.attachments_most_bytes,
                    added_by=added_by,
                ),
                private=kept_files.file_of(report_id, item, name),
                fresh=fresh,
            )
            for item, name in self.received
        ]

    def keep(self) -> None:
        """They are a report's now."""
        self._begun.clear()

    async def close(self) -> None:
        """Remove what is not kept. What cannot be removed now, the sweeper removes later."""
        if not self._begun:
            return
        try:
            await OBJECTS.discard(self.runtime.engine, evidence_of(self.runtime).storage, self._begun)
        except Exception as error:
            if not (is_outage(error) or isinstance(error, StorageUnavailable)):
                raise
            log.warning("uploads are left to the sweeper", count=len(self._begun), error=type(error).__name__)
