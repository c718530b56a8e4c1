"""docs/who-may.md, its last two columns: what somebody else's report and case answer to a role that is right."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import pytest

from tests.access import REASON
from tests.asking import SOCKET, status_of
from tests.endpoints import FOREIGN_KEY, FOREIGN_OFFICER, LET_IN, Row, rows
from tests.examples import new_report
from tests.files import photo
from tests.system import System
from tests.waiting import until
from vpr_events.contracts.values import Role

BODIES: Mapping[str, Any] = {
    "{report_id}": {"category": "mischief"},
    "withdrawal": {"reason": "resolved"},
    "break-glass": REASON,
    "priority": {"priority": 2, "gravest": "lowest"},
    "assessment": {"outcome": "resolved"},
    "connection": {"mode": "video"},
    "mode": {"mode": "audio"},
    "consents": {"scopes": []},
    "end": {"reason": "completed"},
    "invitations": {"channel": "link"},
    "annotations": {"concerns": "description", "text": "It was green."},
    "statements": {"text": "That is how it was."},
    "confirmation": {"digest": "0" * 64},
    "duplicate": {"original_case_id": "{case_id}"},
    "appointment": {"starts_at": "2099-05-04T12:00:00Z", "zone": "America/Winnipeg"},
    "cancellation": {"reason": "officer_unavailable"},
    "{webhook_id}": {"enabled": False},
    "{point}": {"ticked": True},
    "evidence": {"kind": "photo", "media_type": "image/jpeg"},
    "completion": {"chunks": 1},
    "upload-links": {"purpose": "cctv"},
    "export": {"purpose": "court"},
    "copies": {"purpose": "court", "method": "remux"},
}
"""What an endpoint needs so that nothing but the caller is wrong."""


@dataclass(frozen=True)
class Whose:
    """A report that one client filed, with the case and the session of one officer."""

    system: System
    ids: Mapping[str, str]

    def filled(self, body: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
        """The body with ids in the places that are named after them."""
        whole = {f"{{{name}}}": value for name, value in self.ids.items()}
        return body and {
            name: whole.get(value, value) if isinstance(value, str) else value for name, value in body.items()
        }

    async def ask(self, row: Row, headers: Mapping[str, str], **query: str) -> int:
        """The status that a stranger gets."""
        path = row.filled(self.ids, "missing")
        body = self.filled(BODIES.get(row.path.rsplit("/", 1)[1])) if row.method != "GET" else None
        assert "missing" not in path, f"{row.path} needs an id that this test does not make"
        given = {"Idempotency-Key": uuid4().hex, "If-Match": '"2"', **headers}
        if row.on == "staff":
            given["Host"] = self.system.apps[row.service].state.staff_url.partition("://")[2]
        address = f"{path}?{urlencode(query)}" if query else path
        if row.method == SOCKET:
            return await status_of(self.system.apps[row.service], SOCKET, f"http://{row.service}.test{path}", given)
        return (await self.system[row.service].request(row.method, address, json=body, headers=given)).status_code


async def client_key(system: System) -> str:
    admitted = await system["intake"].post("/v1/clients", json={"name": uuid4().hex}, headers=system.as_(Role.ADMIN))
    return str(admitted.json()["api_key"])


@pytest.fixture
async def whose(system: System) -> Whose:
    owner, triage, video = system.as_(Role.OFFICER, subject=uuid4()), system["triage"], system["video"]
    key = {"X-API-Key": await client_key(system), "Idempotency-Key": uuid4().hex}
    report = (await system["intake"].post("/v1/reports", json=new_report(), headers=key)).json()["id"]

    async def case_of_report() -> list[str]:
        answer = await triage.get("/v1/cases", headers=owner)
        return [case["id"] for case in answer.json() if case["report_id"] == report]

    [case] = await until(case_of_report)
    await accepted(triage.post(f"/v1/cases/{case}/claim", headers=owner))
    await accepted(triage.post(f"/v1/cases/{case}/video-requests", headers=owner))

    async def session_of_case() -> list[str]:
        answer = await video.get("/v1/sessions", params={"case_id": case}, headers=owner)
        return [session["id"] for session in answer.json()]

    [session] = await until(session_of_case)
    hook = {"url": "https://hooks.example/", "event_types": ["report.closed"]}
    webhook = (await system["intake"].post("/v1/webhooks", json=hook, headers=key)).json()["id"]
    sent = key | {"Content-Type": "image/jpeg", "Idempotency-Key": uuid4().hex}
    attached = await system["intake"].post(f"/v1/reports/{report}/attachments", content=photo(), headers=sent)
    ids = {
        "attachment_id": attached.json()["id"],
        "webhook_id": webhook,
        "delivery_id": str(uuid4()),
        "statement_id": str(uuid4()),
        "invite_id": str(uuid4()),
        "report_id": report,
        "service_request_id": report,
        "token": report,
        "format": "json",
        "case_id": case,
        "session_id": session,
        "participant_id": str(uuid4()),
        "evidence_id": str(uuid4()),
        "link_id": str(uuid4()),
        "sequence": "0",
        "checklist": "general",
        "point": "overview",
    }
    return Whose(system, ids)


async def accepted(asked: Any) -> None:
    answer: httpx.Response = await asked
    assert answer.is_success, answer.text


def differs(expected: str, status: int) -> bool:
    return status >= 300 if expected == LET_IN else status != int(expected)


def asked_of(column: str) -> list[Row]:
    """The rows that speak of strangers; what lets them in comes last, since it may change the rest."""
    return sorted((row for row in rows() if row.answers[column] != "-"), key=lambda row: row.answers[column] == LET_IN)


async def test_another_officers_case_is_refused_as_the_table_says(whose: Whose) -> None:
    stranger = {"Authorization": whose.system.as_(Role.OFFICER, subject=uuid4())["Authorization"]}
    wrong = []
    for row in asked_of(FOREIGN_OFFICER):
        status = await whose.ask(row, stranger)
        wrong += [f"{row.path}: {status}"] if differs(row.answers[FOREIGN_OFFICER], status) else []
    assert wrong == []


async def test_another_clients_report_is_not_there(whose: Whose) -> None:
    key = await client_key(whose.system)
    wrong = []
    for row in asked_of(FOREIGN_KEY):
        query = {"api_key": key} if "open311" in row.path else {}
        status = await whose.ask(row, {"X-API-Key": key}, **query)
        wrong += [f"{row.path}: {status}"] if differs(row.answers[FOREIGN_KEY], status) else []
    assert wrong == []
