"""Adding files to reports. Everything that takes a file goes through here: REST, Open311, and pages for residents.

``add_attachment`` does all of it for one file and a report that exists. Who files or changes something in the same
commit opens ``uploads``, receives files into it, puts its ``executions`` beside its own, and says ``keep`` after the
commit: what is not kept is removed again.
"""

import asyncio
import re
import unicodedata
from collections.abc import AsyncIterable, AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from uuid import UUID

import structlog

from vpr_events.event import Recorded, new_id
from vpr_events.idempotency import IdempotencyKey
from vpr_events.outages import is_outage
from vpr_events.pipeline import Execution
from vpr_evidence.keys import KeyMissing, MasterKeys
from vpr_evidence.receiving import Empty, Item, NotTaken, TooLarge, receive
from vpr_evidence.storage import ObjectStorage, Storage, StorageFull, StorageUnavailable, new_name
from vpr_intake import kept_files
from vpr_intake.domain.report import report
from vpr_intake.domain.report_commands import AddAttachment
from vpr_intake.settings import settings_of
from vpr_service.problems import Problem
from vpr_service.runtime import Runtime

NAME_LIMIT = 200

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Incoming:
    """A file as it comes: its content in parts of any length, and what its sender says of it, which nobody believes."""

    content: AsyncIterable[bytes]
    content_type: str | None = None
    file_name: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where files lie, and the keys of their keys."""

    storage: Storage
    keys: MasterKeys


@cache
def _evidence(url: str, keys: tuple[str, ...]) -> Evidence:
    return Evidence(ObjectStorage(url), MasterKeys(keys))


def evidence_of(runtime: Runtime) -> Evidence:
    """This intake's. Raises Problem 503 where none is set up."""
    settings = settings_of(runtime)
    if not settings.takes_files:
        missing = "INTAKE_EVIDENCE_URL and INTAKE_EVIDENCE_KEYS are missing"
        raise Problem(503, "attachments_off", f"attachments are not set up here: {missing}")
    return _evidence(settings.evidence_url, settings.evidence_keys_given)


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
    """Files that are being received. At the end those that were not kept are removed."""
    files = Uploads(runtime)
    try:
        yield files
    finally:
        await files.close()


@dataclass
class Uploads:
    """Files of one request: stored, and not yet a report's."""

    runtime: Runtime
    received: list[tuple[Item, str | None]] = field(default_factory=list)
    _begun: list[str] = field(default_factory=list)

    async def receive(self, incoming: Incoming) -> Item:
        """Store one file. Raises NotTaken, and Problem 408, 503 or 507."""
        settings, evidence, name = settings_of(self.runtime), evidence_of(self.runtime), new_name()
        self.runtime.gate.check()
        async with self.runtime.engine.begin() as connection:
            await kept_files.begin(connection, name)
        self._begun.append(name)
        with _outages():
            async with asyncio.timeout(settings.upload_time.total_seconds()):
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
        """What adds the files to a report, to be carried out with whatever else is done to it."""
        settings = settings_of(self.runtime)
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
            await kept_files.discard(self.runtime.engine, evidence_of(self.runtime).storage, self._begun)
        except Exception as error:
            if not (is_outage(error) or isinstance(error, StorageUnavailable)):
                raise
            log.warning("uploads are left to the sweeper", count=len(self._begun), error=type(error).__name__)


@contextmanager
def _outages() -> Iterator[None]:
    try:
        yield
    except StorageFull:
        detail = "the store has no room left: nothing was stored, try again later"
        raise Problem(507, "storage_full", detail, headers={"Retry-After": "30"}) from None
    except StorageUnavailable as error:
        log.exception("the store of evidence failed", cause=str(error.__cause__))
        detail = "the store of evidence does not answer, try again"
        raise Problem(503, "unavailable", detail, headers={"Retry-After": "2"}) from None
    except KeyMissing:
        raise Problem(503, "attachments_off", "INTAKE_EVIDENCE_KEYS is missing") from None
    except TimeoutError:
        raise Problem(408, "upload_too_slow", "the file took too long: nothing was stored") from None


UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
"""Control characters, and those that turn text around or cannot be seen."""


def tidy(name: str | None) -> str | None:
    """A file's name without its path; None when nothing is left of it. It names nothing of ours, and is personal."""
    last = re.split(r"[/\\]", name or "")[-1]
    clean = UNPRINTABLE.sub("", unicodedata.normalize("NFC", last)).strip(" .")
    return clean[-NAME_LIMIT:] or None
