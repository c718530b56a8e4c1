"""Which servers a run uses, and how containers are started, as far as that can be seen without a Docker engine.

The engine here is a stand-in that takes testcontainers' requests over a unix socket, notes them and answers; no
container runs.
"""

import io
import json
import re
import tarfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer
from typing import Any

import pytest
from testcontainers.core.config import ConnectionMode, testcontainers_config

from tests.backend import Kind, Undecided, chosen, made
from tests.containers import Container, Containers, Spec, engine_missing, nats_spec, postgres_spec
from vpr.embedded import Embedded
from vpr.embedded.endpoints import State
from vpr_events.contracts import SERVICES


def answers() -> str | None:
    return None


def silent() -> str | None:
    return "nobody listens"


def never() -> str | None:
    raise AssertionError("nobody needs to know")


@pytest.mark.parametrize("wanted", ["auto", "containers"])
def test_where_an_engine_answers_there_are_containers(wanted: str) -> None:
    assert chosen(wanted, answers) == (Kind.CONTAINERS, "a Docker engine answers")


def test_where_none_answers_the_servers_are_embedded_and_the_run_says_why() -> None:
    assert chosen("auto", silent) == (Kind.EMBEDDED, "no Docker engine answers: nobody listens")


def test_embedded_servers_can_be_had_anyway() -> None:
    assert chosen("embedded", never)[0] is Kind.EMBEDDED


@pytest.mark.parametrize(("wanted", "words"), [("containers", "nobody listens"), ("docker", "'docker'")])
def test_what_cannot_be_had_ends_the_run(wanted: str, words: str) -> None:
    with pytest.raises(Undecided, match=words):
        chosen(wanted, silent)


def test_each_kind_is_made(tmp_path: Path) -> None:
    assert isinstance(made(Kind.EMBEDDED, tmp_path), Embedded)
    assert isinstance(made(Kind.CONTAINERS, tmp_path), Containers)


def test_an_engine_that_is_not_there_is_said_to_be_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")
    assert "DockerException" in (engine_missing() or "")


def test_postgresql_has_the_embedded_ones_settings_on_a_port_and_no_fsync() -> None:
    spec = postgres_spec(State().database_passwords)
    assert {"fsync=off", "max_connections=200", "timezone=UTC"} <= set(spec.command)
    assert not [word for word in spec.command if "listen_addresses" in word or "unix_socket" in word]
    assert "--builtin-locale C.UTF-8" in spec.environment["POSTGRES_INITDB_ARGS"]
    script = spec.files["/set-up.sql"]
    assert isinstance(script, bytes)
    assert all(f"CREATE DATABASE vpr_{name}".encode() in script for name in SERVICES)


def test_the_broker_has_deploy_nats_and_a_password_for_every_user() -> None:
    passwords = State().nats_passwords
    spec = nats_spec(passwords)
    assert spec.files["/etc/vpr"] == Path(__file__).parents[2] / "deploy" / "nats"
    assert "/etc/vpr/nats/nats-server.conf" in spec.command
    for name in ("admin", *SERVICES):
        assert spec.environment[f"VPR_NATS_{name.upper()}_PASSWORD"] == passwords[name]
        assert passwords[name] not in repr(spec)


@dataclass
class Engine:
    """What the stand-in was asked."""

    calls: list[str] = field(default_factory=list)
    created: list[dict[str, Any]] = field(default_factory=list)
    files: set[str] = field(default_factory=set)
    bindings: dict[str, Any] = field(default_factory=dict)

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        self.calls.append(f"{method} {path}")
        match method, path:
            case "GET", "/version":
                return 200, {"ApiVersion": "1.47", "MinAPIVersion": "1.24"}
            case "POST", "/containers/create":
                self.created.append(json.loads(body))
                self.bindings = {k: v or [] for k, v in self.created[-1]["HostConfig"]["PortBindings"].items()}
                return 201, {"Id": "c1", "Warnings": []}
            case "PUT", "/containers/c1/archive":
                with tarfile.open(fileobj=io.BytesIO(body)) as archive:
                    self.files |= {name.lstrip("/") for name in archive.getnames()}
                return 200, None
            case "GET", "/containers/c1/json":
                state = {"Status": "running", "Running": True}
                return 200, {"Id": "c1", "State": state, "NetworkSettings": {"Ports": self.bindings}}
            case "DELETE", _:
                return 204, None
            case "POST", _:
                return 204, None
        return 200, "OK" if path == "/_ping" else {}


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    found = Engine()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            path = re.sub(r"^/v[0-9.]+", "", self.path.partition("?")[0])
            status, content = found.answer(self.command, path, self._body())
            body = b"" if content is None else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(BrokenPipeError):  # the client is content with the status
                self.wfile.write(body)

        def _body(self) -> bytes:
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))

        def address_string(self) -> str:
            return "socket"

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
            pass

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _answer  # noqa: N815 - their names there

    path = str(tmp_path / "engine.sock")
    with ThreadingUnixStreamServer(path, Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
        monkeypatch.setattr(testcontainers_config, "_ryuk_disabled", True)
        monkeypatch.setattr(testcontainers_config, "connection_mode_override", ConnectionMode.docker_host)
        yield found
        server.shutdown()
        thread.join()


def test_an_engine_that_answers_is_found(engine: Engine) -> None:
    assert engine_missing() is None
    assert "GET /_ping" in engine.calls


def test_a_container_is_made_once_with_its_files_and_keeps_its_port_over_restarts(
    engine: Engine, tmp_path: Path
) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "a.conf").write_text("a")
    files: dict[str, Path | bytes] = {"/etc/vpr": tmp_path / "config", "/set-up.sql": b"select 1"}
    spec = Spec("some:1", ["--flag"], {"SECRET": "x"}, 4222, files)
    asked: list[tuple[str, int]] = []

    def ready(host: str, port: int) -> bool:
        asked.append((host, port))
        return True

    container = Container(spec, ready)
    container.start()
    address = container.address
    container.stop()
    container.start()
    container.kill()
    container.start()
    container.discard()

    [made] = engine.created
    assert (made["Image"], made["Cmd"]) == ("some:1", ["--flag"])
    assert "SECRET=x" in made["Env"]
    assert engine.files >= {"etc/vpr/config/a.conf", "set-up.sql"}
    assert address[1] == container.port
    assert asked == [address] * 3
    acts = [call.rpartition("/")[2] for call in engine.calls if call.startswith("POST /containers/c1/")]
    assert acts == ["start", "stop", "start", "kill", "start"]
    assert engine.calls[-1] == "DELETE /containers/c1"
