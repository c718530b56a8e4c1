"""Hands for tests of attachments: who sends, what is stored, and what is known of it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy import text

from tests.access import Others, Person
from tests.files import photo
from tests.system import System
from tests.webhooks import Partner


@dataclass
class Sender:
    """A client system with a report of its own."""

    system: System
    partner: Partner
    report: UUID
    photo: bytes = field(default_factory=photo)

    @classmethod
    async def on(cls, system: System) -> "Sender":
        """A new client that filed a report."""
        partner = await Partner.admitted(system)
        return cls(system, partner, UUID(await partner.files()))

    @property
    def path(self) -> str:
        """Where its report's files are."""
        return f"/v1/reports/{self.report}/attachments"

    async def send(
        self, content: bytes | AsyncIterator[bytes] | None = None, content_type: str | None = "image/jpeg", **more: str
    ) -> httpx.Response:
        """Send a file as the body; ``more`` are headers."""
        headers = self.partner.headers | {name.replace("_", "-"): value for name, value in more.items()}
        headers |= {"Content-Type": content_type} if content_type else {}
        body = self.photo if content is None else content
        return await self.partner.intake.post(self.path, content=body, headers=headers)

    async def added(self, content: bytes | None = None, content_type: str | None = None, **more: str) -> dict[str, Any]:
        """The receipt of a file that is taken."""
        answer = await self.send(content, content_type, **more)
        assert answer.status_code == 201, answer.text
        receipt: dict[str, Any] = answer.json()
        return receipt

    async def get(self, path: str = "", **headers: str) -> httpx.Response:
        """Read what is below its report's files, as the client."""
        sent = {"X-API-Key": self.partner.key} | {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.partner.intake.get(self.path + path, headers=sent)

    async def holder(self) -> Person:
        """An officer who holds the case."""
        officer = Person(self.system)
        await Others(self.system, self.report).claimed(officer.id)
        return officer

    @property
    def folder(self) -> Path:
        """Where everything is stored."""
        url = str(self.system.runtime("intake").settings.evidence_url)  # type: ignore[attr-defined]
        return Path(url.removeprefix("file://"))

    @property
    def stored(self) -> list[Path]:
        """Every file there."""
        return [path for path in self.folder.rglob("*") if path.is_file()]

    async def rows(self, table: str) -> int:
        """How many rows a table has."""
        async with self.system.runtime("intake").reading() as connection:
            return int((await connection.execute(text(f"select count(*) from {table}"))).scalar_one())

    async def nothing_is_left(self) -> bool:
        """No file, no row of one, no event."""
        tables = ("attachments", "attachment_files", "stored_objects")
        events = await self.rows("events where type = 'report.attachment_added.v1'")
        return not self.stored and not events and not any([await self.rows(table) for table in tables])


def code_of(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a problem."""
    return answer.status_code, str(answer.json()["type"]).rpartition(":")[2]


def fields_of(answer: httpx.Response) -> list[str]:
    """The fields that a problem names."""
    return [one["field"] for one in answer.json()["errors"]]


def in_a_form(name: str, file_name: str, content: bytes, content_type: str) -> dict[str, Any]:
    """The arguments that send one file in a form."""
    return {"files": {name: (file_name, content, content_type)}}


def some_key() -> str:
    """An idempotency key."""
    return uuid4().hex
