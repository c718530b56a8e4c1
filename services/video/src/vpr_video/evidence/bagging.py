"""A bag of a session's evidence: BagIt 1.0 (RFC 8493) as a streamed tar, with its custody log and what verifies it."""

import hashlib
from collections.abc import AsyncIterable, AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib import resources
from typing import Any
from uuid import UUID

import orjson

from vpr_events.event import Recorded
from vpr_events.store import stamp
from vpr_evidence.encryption import Damaged
from vpr_evidence.media_types import SUFFIXES
from vpr_video.evidence import tarring
from vpr_video.evidence.descriptions import described_as
from vpr_video.evidence.items import Row
from vpr_video.evidence.statement import STATEMENT

ALGORITHMS = ("sha256", "sha512")
DECLARATION = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
TOLD = ("id", "kind", "media_type", "size", "sha256", "incomplete", "participant", "opened_at", "captured_at",
        "device_time", "note", "facts", "copied_from", "purpose", "method",
        "made_with", "part_of", "edits")  # fmt: skip

type Reading = Callable[[Row], AsyncIterator[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """What is handed over: whose session, by whom and what for, at which time, which items, and its events."""

    session_id: UUID
    report_id: UUID
    exporter_id: UUID
    purpose: str
    at: datetime
    items: Sequence[Row]
    events: Sequence[Recorded]

    @property
    def name(self) -> str:
        """The bag's folder."""
        return f"evidence-{self.session_id}"


@dataclass
class Bag:
    """A bag while it is written: what was written of it until now."""

    handover: Handover
    digests: dict[str, dict[str, str]] = field(default_factory=dict)
    octets: int = 0

    async def stream(self, reading: Reading) -> AsyncIterator[bytes]:
        """The archive. ``reading`` gives an item's bytes. Raises Damaged for an item that is not what was captured."""
        for row in self.handover.items:
            async for part in self._file(path_of(row), row["size"], reading(row)):
                yield part
            if self.digests[path_of(row)]["sha256"] != row["sha256"]:
                raise Damaged(f"{row['id']} is not what was captured")
        for path, content in self._payload():
            async for part in self._text(path, content):
                yield part
        payload = dict(self.digests)
        for path, content in (*self._tags(), *_manifests("manifest", payload)):
            async for part in self._text(path, content):
                yield part
        tags = {path: told for path, told in self.digests.items() if path not in payload}
        for path, content in _manifests("tagmanifest", tags):
            async for part in self._text(path, content):
                yield part
        yield tarring.END

    def _payload(self) -> Sequence[tuple[str, bytes]]:
        return (
            ("data/items.json", _items(self.handover)),
            ("data/custody.jsonl", b"".join(_line(event) for event in self.handover.events)),
        )

    def _tags(self) -> Sequence[tuple[str, bytes]]:
        info = {
            "Bagging-Date": self.handover.at.date().isoformat(),
            "Payload-Oxum": f"{self.octets}.{len(self.digests)}",
            "External-Identifier": f"session/{self.handover.session_id}",
            "Internal-Sender-Identifier": f"staff/{self.handover.exporter_id}",
            "Internal-Sender-Description": f"purpose: {self.handover.purpose}",
            "Custody-Events": str(len(self.handover.events)),
            "Custody-Head": self.handover.events[-1].hash,
        }
        verifier = resources.files(__package__).joinpath("verifier.py").read_bytes()
        return (
            ("bagit.txt", DECLARATION.encode()),
            ("bag-info.txt", "".join(f"{name}: {value}\n" for name, value in info.items()).encode()),
            ("statement.txt", STATEMENT.encode()),
            ("verify.py", verifier),
        )

    async def _text(self, path: str, content: bytes) -> AsyncIterator[bytes]:
        async for part in self._file(path, len(content), _once(content)):
            yield part

    async def _file(self, path: str, size: int, content: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
        hashes = {algorithm: hashlib.new(algorithm) for algorithm in ALGORITHMS}

        async def hashed() -> AsyncIterator[bytes]:
            async for part in content:
                for one in hashes.values():
                    one.update(part)
                yield part

        async for part in tarring.member(f"{self.handover.name}/{path}", size, self.handover.at, hashed()):
            yield part
        self.digests[path] = {algorithm: one.hexdigest() for algorithm, one in hashes.items()}
        self.octets += size


def path_of(row: Row) -> str:
    """Where an item lies in a bag: under its id, never under a name that somebody gave it."""
    return f"data/items/{row['id']}{SUFFIXES.get(row['media_type'], '')}"


def _items(handover: Handover) -> bytes:
    told = [
        {name: row[name] for name in TOLD}
        | {"name": row["file_name"], "path": path_of(row), "described_as": described_as(row)}
        for row in handover.items
    ]
    whole = {"session_id": handover.session_id, "report_id": handover.report_id, "exported_at": handover.at}
    whole |= {"exported_by": handover.exporter_id, "purpose": handover.purpose, "items": told}
    return orjson.dumps(whole, str, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z)


def _line(event: Recorded) -> bytes:
    """An event with all that its hash covers, on a line."""
    told: dict[str, Any] = {"id": event.id, "stream": event.stream, "version": event.version, "type": event.type}
    told |= {"correlation_id": event.correlation_id, "causation_id": str(event.causation_id)}
    told |= {"occurred_at": stamp(event.occurred_at), "recorded_at": stamp(event.recorded_at)}
    return orjson.dumps(told | {"body": event.body.decode(), "hash": event.hash}, str) + b"\n"


def _manifests(name: str, digests: dict[str, dict[str, str]]) -> Sequence[tuple[str, bytes]]:
    return [
        (
            f"{name}-{algorithm}.txt",
            "".join(f"{digests[path][algorithm]}  {path}\n" for path in sorted(digests)).encode(),
        )
        for algorithm in ALGORITHMS
    ]


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
