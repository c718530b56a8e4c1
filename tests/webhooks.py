"""A client system with webhooks, as tests use it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import orjson
from standardwebhooks import Webhook

from tests.examples import new_report
from tests.receivers import Came
from tests.system import System
from tests.waiting import until
from vpr_events.contracts.values import Role

ALL = ["report.received", "report.status_changed", "report.closed", "report.withdrawn"]


@dataclass
class Partner:
    """A client of intake with its API key."""

    intake: httpx.AsyncClient
    id: str
    key: str

    @classmethod
    async def admitted(cls, system: System, **more: Any) -> "Partner":
        """A new client system."""
        body = {"name": f"partner {uuid4().hex}", **more}
        answer = await system["intake"].post("/v1/clients", json=body, headers=system.as_(Role.ADMIN))
        assert answer.status_code == 201, answer.text
        return cls(system["intake"], answer.json()["id"], answer.json()["api_key"])

    @property
    def headers(self) -> dict[str, str]:
        """Headers of a new request."""
        return {"X-API-Key": self.key, "Idempotency-Key": uuid4().hex}

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """Whatever is answered."""
        return await self.intake.request(method, path, json=body, headers=self.headers | headers)

    async def told(self, method: str, path: str, body: Any = None) -> Any:
        """The body of a good answer."""
        answer = await self.ask(method, path, body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def webhook(self, url: str, types: Sequence[str] = ALL) -> dict[str, Any]:
        """A new webhook, with its secret."""
        made: dict[str, Any] = await self.told("POST", "/v1/webhooks", {"url": url, "event_types": list(types)})
        return made

    async def files(self) -> str:
        """A report of this client: its id."""
        return str((await self.told("POST", "/v1/reports", new_report()))["id"])

    async def deliveries(self, webhook: str, *, over: int) -> list[dict[str, Any]]:
        """The delivery log, once so many deliveries are over."""

        async def enough() -> list[dict[str, Any]]:
            log: list[dict[str, Any]] = await self.told("GET", f"/v1/webhooks/{webhook}/deliveries")
            return log if len([one for one in log if one["state"] != "pending"]) >= over else []

        return await until(enough)


def verified(came: Came, secret: str) -> dict[str, Any]:
    """What a receiver reads after it has verified it."""
    Webhook(secret).verify(came.body, dict(came.headers))
    message: dict[str, Any] = orjson.loads(came.body)
    return message
