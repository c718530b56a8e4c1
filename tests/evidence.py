"""Hands for tests of evidence in calls: who sends, what is stored, and what is known of it."""

import asyncio
import hashlib
import io
import subprocess
import sys
import tarfile
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import text

from tests.integration.test_video_life import Meeting
from tests.system import System
from tests.waiting import until
from vpr_events import locks

MIB = 1024 * 1024
TABLES = ("evidence", "evidence_files", "evidence_chunks", "stored_objects")
WEBM = b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm" + bytes(500)
"""How a recording begins."""


def sha256(content: bytes) -> str:
    """Its SHA-256."""
    return hashlib.sha256(content).hexdigest()


@dataclass
class Sending:
    """Somebody who sends evidence: ``path`` is where, ``headers`` are who."""

    client: httpx.AsyncClient
    path: str
    headers: Mapping[str, str]

    async def begin(
        self, kind: str, media_type: str, headers: Mapping[str, str] | None = None, **more: Any
    ) -> httpx.Response:
        """Begin an item."""
        body = {"kind": kind, "media_type": media_type} | more
        return await self.client.post(self.path, json=body, headers=headers or dict(self.headers))

    async def begun(self, kind: str, media_type: str, **more: Any) -> str:
        """An item that was begun: its id."""
        answer = await self.begin(kind, media_type, **more)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def put(self, item: str, sequence: int, content: bytes | AsyncIterator[bytes]) -> httpx.Response:
        """Send a chunk."""
        headers = {name: value for name, value in self.headers.items() if name != "Idempotency-Key"}
        return await self.client.put(f"{self.path}/{item}/chunks/{sequence}", content=content, headers=headers)

    async def complete(self, item: str, chunks: int, **more: Any) -> httpx.Response:
        """Say that it is whole."""
        body = {"chunks": chunks} | more
        return await self.client.post(f"{self.path}/{item}/completion", json=body, headers=dict(self.headers))

    async def read(self, item: str, part: str = "", **headers: str) -> httpx.Response:
        """How far it is, or what is below it."""
        return await self.client.get(f"{self.path}/{item}{part}", headers={**self.headers, **headers})

    async def sent(self, kind: str, media_type: str, *chunks: bytes, **more: Any) -> dict[str, Any]:
        """An item that is captured."""
        item = await self.begun(kind, media_type, **more)
        for sequence, chunk in enumerate(chunks):
            answer = await self.put(item, sequence, chunk)
            assert answer.status_code == 204, answer.text
        done = await self.complete(item, len(chunks), sha256=sha256(b"".join(chunks)))
        assert done.status_code == 200, done.text
        shown: dict[str, Any] = done.json()
        return shown


@dataclass
class Call:
    """Officer and resident in a call, both of whom may send."""

    meeting: Meeting
    joined: httpx.Response
    before: Counter[str] = field(default_factory=Counter)
    seen: frozenset[Path] = frozenset()

    @classmethod
    async def arranged(cls, system: System, *scopes: str) -> "Call":
        """Both are in; the resident allows to be seen, and these scopes."""
        meeting = await Meeting.arranged(system)
        joined = await meeting.both_in()
        await meeting.allow(joined, "view", *scopes)
        call = cls(meeting, joined)
        call.before = Counter({table: await call.rows(table) for table in TABLES})
        call.seen = frozenset(call.stored)
        return call

    @property
    def system(self) -> System:
        """The system under test."""
        return self.meeting.system

    @property
    def officer(self) -> Sending:
        """The officer."""
        return self.by(self.meeting.as_officer())

    @property
    def resident(self) -> Sending:
        """The resident."""
        return Sending(self.system["video"], "/v1/call/evidence", self.meeting.as_resident(self.joined))

    def by(self, headers: Mapping[str, str]) -> Sending:
        """Some other member of staff."""
        return Sending(self.system["video"], f"{self.meeting.url}/evidence", headers)

    async def rows(self, table: str) -> int:
        """How many rows a table has more than when the call began."""
        async with self.system.runtime("video").reading() as connection:
            counted = (await connection.execute(text(f"select count(*) from {table}"))).scalar_one()
        return int(counted) - self.before[table]

    @property
    def stored(self) -> list[Path]:
        """Every file in the store that was not there when the call began."""
        folder = Path(self.system.runtime("video").settings.evidence_url.removeprefix("file://"))  # type: ignore[attr-defined]
        return [path for path in folder.rglob("*") if path.is_file() and path not in self.seen]

    async def nothing_kept(self) -> bool:
        """Nothing is stored, nor noted as stored."""
        return not self.stored and not await self.rows("stored_objects") and not await self.rows("evidence_chunks")

    async def names(self) -> list[str]:
        """The session's events about evidence, in their order."""
        return [name.removeprefix("evidence_") for name in await self.meeting.names() if name.startswith("evidence_")]


@asynccontextmanager
async def held(call: Call, lock: str) -> AsyncIterator[None]:
    """Nobody else has this lock meanwhile."""
    async with call.system.runtime("video").engine.begin() as connection:
        await locks.wait_for(connection, [lock])
        yield


async def wait_for_locks(call: Call, count: int, doing: "asyncio.Task[Any]") -> None:
    """So many wait for a lock; ``doing``, the last of them, is not done before."""
    waiting = text(
        "select count(*) from pg_locks where locktype = 'advisory' and not granted"
        " and database = (select oid from pg_database where datname = current_database())"
    )

    async def all_wait() -> bool:
        async with call.system.runtime("video").reading() as connection:
            return doing.done() or (await connection.execute(waiting)).scalar_one() == count

    await until(all_wait)
    assert not doing.done(), "it did not wait"


def code_of(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a problem."""
    return answer.status_code, str(answer.json()["type"]).rpartition(":")[2]


def unpacked(export: bytes, folder: Path) -> Path:
    """The tar of an export, unpacked there: the folder."""
    with tarfile.open(fileobj=io.BytesIO(export)) as archive:
        assert all(member.isfile() and ".." not in member.name for member in archive.getmembers())
        archive.extractall(folder, filter="data")
    return folder


def verified(bag: Path) -> tuple[int, str]:
    """What the program in the bag says of it, with nothing of ours to import."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(bag / "verify.py")], capture_output=True, text=True, check=False, cwd="/"
    )
    assert done.stderr == ""
    return done.returncode, done.stdout
