"""A video service that dies in the middle of sending: the resident gets one SMS, under one key."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import unquote_plus
from uuid import UUID, uuid4

import httpx
import orjson
import pytest
from sqlalchemy import Connection, create_engine, make_url, text

from tests.examples import PERSON, recorded
from tests.inviting import token_in
from tests.processes import Separate, separate_services, service_process
from tests.repairs import publish
from tests.waiting import DEADLINE, wait_for
from vpr.home import AUDIENCE
from vpr.migration import reset_durable
from vpr_events.contracts.case import CaseVideoRequested
from vpr_events.contracts.values import Role
from vpr_events.event import new_id
from vpr_service.issuer import DevelopmentIssuer, subject_of
from vpr_video.domain.session import session_id


@dataclass
class City:
    """Issuer, intake and SMS gateway in one: the gateway takes each key once, and may keep its answer to itself."""

    url: str = ""
    silent: bool = False
    asked: list[str] = field(default_factory=list)
    taken: dict[str, bytes] = field(default_factory=dict)
    ending: Event = field(default_factory=Event)

    @contextmanager
    def open(self) -> Iterator["City"]:
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(self))
        server.daemon_threads = True
        self.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield self
        finally:
            self.ending.set()
            server.shutdown()
            thread.join()
            server.server_close()


def handler_of(city: City) -> type[BaseHTTPRequestHandler]:
    """How the city answers."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            own = {"issuer": city.url, "authorization_endpoint": city.url, "token_endpoint": f"{city.url}/token"}
            self._answer(own if "well-known" in self.path else dict(PERSON))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/token":
                return self._answer({"access_token": "video", "expires_in": 600})
            key = self.headers["Idempotency-Key"]
            city.asked.append(key)
            city.taken.setdefault(key, body)
            if city.silent:
                city.ending.wait(60)
                return None
            return self._answer({"sid": "SM1"})

        def _answer(self, told: dict[str, Any]) -> None:
            body = orjson.dumps(told)
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """The test looks at what came."""

    return Handler


@dataclass
class Scene:
    """The video service as a process of its own, in a city."""

    city: City
    system: Separate
    session: UUID = field(default_factory=new_id)

    def headers(self, role: Role = Role.OFFICER) -> dict[str, str]:
        """A token of the city's issuer."""
        issuer = DevelopmentIssuer(self.system.home.issuer().key, self.city.url, AUDIENCE)
        return {"Authorization": f"Bearer {issuer.token([role])}", "Idempotency-Key": uuid4().hex}

    def ask(self, method: str, path: str, body: Any = None, role: Role = Role.OFFICER) -> Any:
        """Call the service."""
        url = self.system.url("video") + path
        answer = httpx.request(method, url, json=body, headers=self.headers(role), timeout=DEADLINE)
        assert answer.is_success, answer.text
        return answer.json()

    def invited(self) -> str:
        """A session with an invitation by SMS: the invitation's id."""
        request, report = new_id(), new_id()
        event = CaseVideoRequested(request_id=request, report_id=report, officer_id=subject_of(Role.OFFICER))
        publish(self.system.embedded.endpoints, [recorded(event, entity=new_id(), report=report)])
        self.session = session_id(request)
        wait_for(lambda: [one for one in self.ask("GET", "/v1/sessions") if one["id"] == str(self.session)])
        return str(self.ask("POST", f"/v1/sessions/{self.session}/invitations", {"channel": "sms"})["id"])

    def state(self) -> str:
        """Where the session's newest invitation stands."""
        return str(self.ask("GET", f"/v1/sessions/{self.session}/invitations")[0]["state"])


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with City().open() as city, separate_services(tmp_path, [], fsync=True) as system:
        environment = {
            "VIDEO_SMS": "twilio", "VIDEO_SMS_URL": city.url, "VIDEO_SMS_ACCOUNT": "AC1", "VIDEO_SMS_TOKEN": "t",
            "VIDEO_SMS_FROM": "+12045550100", "VIDEO_OUTBOUND_ALLOW": "127.0.0.0/8", "VIDEO_INTAKE_URL": city.url,
            "OIDC_ISSUER": city.url, "VIDEO_EMAIL": "none",
        }  # fmt: skip
        video = service_process("video", system.home, system.embedded.endpoints, tmp_path, **environment)
        system.processes["video"] = video
        video.start()
        yield Scene(city, system)


def test_a_service_killed_after_the_gateway_took_an_sms_causes_no_second_one(scene: Scene) -> None:
    city, video = scene.city, scene.system.processes["video"]
    city.silent = True
    scene.invited()
    wait_for(lambda: city.asked)
    video.kill()
    city.silent = False
    give_back_at_once(scene)
    video.start()
    wait_for(lambda: scene.state() == "sent")
    assert len(city.asked) == 2, "asked again, for it may not have been taken"
    assert len(city.taken) == 1, "under the same key, so that the resident gets one"
    [body] = city.taken.values()
    token = token_in(unquote_plus(body.decode()))
    answer = httpx.post(scene.system.url("video") + "/v1/join", json={"token": token}, timeout=DEADLINE)
    assert answer.status_code == 200, "the one that came is good, though the later try made another token"


def test_neither_a_restart_nor_a_refill_nor_a_recovery_sends_again(scene: Scene) -> None:
    city, video = scene.city, scene.system.processes["video"]
    scene.invited()
    wait_for(lambda: scene.state() == "sent")
    for end in (video.stop, video.kill):
        end()
        video.start()
    scene.ask("POST", "/v1/refill", role=Role.ADMIN)
    forget_events(scene)
    video.start("/healthz")
    wait_for(lambda: httpx.get(f"{video.url}/readyz", timeout=DEADLINE).json()["status"] == "recovery_needed")
    endpoints = scene.system.embedded.endpoints
    asyncio.run(reset_durable("video", endpoints.nats_url, endpoints.nats_users["admin"]))
    scene.ask("POST", "/v1/recovery", role=Role.ADMIN)
    wait_for(lambda: httpx.get(f"{video.url}/readyz", timeout=DEADLINE).status_code == 200)
    assert scene.state() == "sent"
    assert len(city.asked) == 1


def give_back_at_once(scene: Scene) -> None:
    """What the dead process had taken up is due now, without waiting for the end of its lease."""
    with connected(scene) as connection:
        connection.execute(text("update effects set due_at = now()"))


def forget_events(scene: Scene) -> None:
    """Set the database back to before the session, as a restored backup would."""
    scene.system.processes["video"].stop()
    with connected(scene) as connection:
        for table in (
            "events",
            "sessions",
            "invites",
            "invite_tokens",
            "invite_attempts",
            "published",
            "inbox",
            "timers",
        ):
            connection.execute(text(f"delete from {table}"))


@contextmanager
def connected(scene: Scene) -> Iterator[Connection]:
    """A transaction beside the service."""
    url = make_url(scene.system.embedded.endpoints.database_urls["video"]).set(drivername="postgresql+psycopg")
    engine = create_engine(url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()
