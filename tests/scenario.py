"""A report's whole way through the system, over HTTP alone, as five kinds of people would walk it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

from tests.waiting import wait_for
from vpr_events.contracts.values import Role


@dataclass
class People:
    """Who walks: ``url`` gives a service's address, ``headers`` a role's token."""

    url: Callable[[str], str]
    headers: Callable[[Role], Mapping[str, str]]
    client: httpx.Client

    def get(self, role: Role, service: str, path: str, **params: str) -> Any:
        """Read as ``role``."""
        answer = self.client.get(self.url(service) + path, headers=dict(self.headers(role)), params=params)
        assert answer.is_success, answer.text
        return answer.json()

    def post(self, role: Role, service: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Act as ``role``."""
        headers = {**self.headers(role), "Idempotency-Key": uuid4().hex}
        answer = self.client.post(self.url(service) + path, headers=headers, json=body)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None


def admit(people: People) -> str:
    """A 311 system's API key."""
    return str(people.post(Role.ADMIN, "intake", "/v1/clients", {"name": f"city-{uuid4().hex[:8]}"})["api_key"])


def file_by_open311(people: People, api_key: str, **fields: str) -> str:
    """File through Open311: the report's id."""
    form = {"api_key": api_key, "service_code": "break_enter_residential", "lat": "49.8951", "long": "-97.1384"}
    answer = people.client.post(people.url("intake") + "/open311/v2/requests.json", data=form | fields)
    assert answer.status_code == 200, answer.text
    return str(answer.json()[0]["service_request_id"])


def walk(people: People, report_id: str) -> None:
    """Claimed, video requested, joined, connected, ended, assessed, assigned, en route, on scene, cleared, closed.

    In between the officer who holds the case reads the report.
    """
    case_id = case_of(people, report_id)
    _meet(people, case_id)
    wait_for(lambda: can_read(people, report_id))
    assessment = {"outcome": "dispatch", "capabilities": ["forensic"], "priority": 3, "gravest": "lowest"}
    people.post(Role.OFFICER, "triage", f"/v1/cases/{case_id}/assessment", assessment)
    _drive(people, report_id)
    wait_for(lambda: people.get(Role.OFFICER, "triage", f"/v1/cases/{case_id}")["status"] == "closed")


def case_of(people: People, report_id: str) -> str:
    """The id of the open case of a report."""
    return str(wait_for(lambda: [c for c in _cases(people) if c["report_id"] == report_id])[0]["id"])


def can_read(people: People, report_id: str) -> bool:
    """Whether the officer is shown the report's particulars."""
    url, headers = people.url("intake") + f"/v1/reports/{report_id}", dict(people.headers(Role.OFFICER))
    return people.client.get(url, headers=headers).status_code == 200


def break_glass(people: People, report_id: str, text: str) -> dict[str, Any]:
    """The officer reads without holding the case: the alarm, as a supervisor reads it."""
    broken = people.post(
        Role.OFFICER, "intake", f"/v1/reports/{report_id}/break-glass", {"reason": "welfare_check", "text": text}
    )
    assert can_read(people, report_id)
    alarm: dict[str, Any] = people.get(Role.SUPERVISOR, "intake", f"/v1/alarms/{broken['alarm_id']}")
    people.post(Role.SUPERVISOR, "intake", f"/v1/alarms/{broken['alarm_id']}/acknowledgement")
    return alarm


def figures(people: People) -> dict[str, dict[str, Any]]:
    """Interval -> metrics' total of all live cases, as soon as its first read model is built."""
    url, headers = people.url("metrics") + "/v1/timings", dict(people.headers(Role.SUPERVISOR))

    def built() -> httpx.Response | None:
        answer = people.client.get(url, headers=headers)
        return None if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE else answer

    answer = wait_for(built)
    assert answer
    return {one["interval"]: one["total"] for one in answer.json()["intervals"]}


def session_of(people: People, case_id: str) -> str:
    """Claim a case and request video: the session's id."""
    people.post(Role.OFFICER, "triage", f"/v1/cases/{case_id}/claim")
    people.post(Role.OFFICER, "triage", f"/v1/cases/{case_id}/video-requests")
    return str(wait_for(lambda: people.get(Role.OFFICER, "video", "/v1/sessions", case_id=case_id))[0]["id"])


def invite(people: People, session: str) -> str:
    """Invite the resident to a session: the link."""
    return str(people.post(Role.OFFICER, "video", f"/v1/sessions/{session}/invitations", {})["link"])


def join(people: People, link: str) -> dict[str, Any]:
    """The resident comes in by a link: who they are from then on."""
    answer = people.client.post(people.url("video") + "/v1/join", json={"token": link.rpartition("/")[2]})
    joined: dict[str, Any] = answer.raise_for_status().json()
    return joined


def allow(people: People, joined: Mapping[str, Any], *scopes: str) -> None:
    """The resident allows exactly these scopes."""
    headers = {"Authorization": f"Participant {joined['participant_token']}"}
    url = people.url("video") + "/v1/call/consents"
    people.client.put(url, headers=headers, json={"scopes": scopes}).raise_for_status()


def _cases(people: People) -> Iterator[dict[str, Any]]:
    yield from people.get(Role.OFFICER, "triage", "/v1/cases", status="open", limit="200")


def _meet(people: People, case_id: str) -> None:
    officer = Role.OFFICER
    session = session_of(people, case_id)
    link = invite(people, session)
    joined = join(people, link)
    allow(people, joined, "view")
    people.post(officer, "video", f"/v1/sessions/{session}/participants")
    people.post(officer, "video", f"/v1/sessions/{session}/participants/{joined['participant_id']}/admission")
    people.post(officer, "video", f"/v1/sessions/{session}/connection", {"mode": "video"})
    people.post(officer, "video", f"/v1/sessions/{session}/end", {"reason": "completed"})


def _drive(people: People, report_id: str) -> None:
    dispatcher = Role.DISPATCHER
    new = {"call_sign": f"F{uuid4().hex[:6]}", "capabilities": ["forensic"], "home_district": "north"}
    unit = people.post(dispatcher, "dispatch", "/v1/units", new)["id"]
    dispatch = wait_for(lambda: people.get(dispatcher, "dispatch", "/v1/dispatches", report_id=report_id))[0]["id"]
    people.post(dispatcher, "dispatch", f"/v1/dispatches/{dispatch}/units", {"unit_id": unit})
    for step in ("en-route", "on-scene", "clear"):
        people.post(dispatcher, "dispatch", f"/v1/dispatches/{dispatch}/units/{unit}/{step}")
