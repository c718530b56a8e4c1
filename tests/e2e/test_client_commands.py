"""``vpr client``: a key's life from the command line; webhooks of a local system may go to this machine."""

import os
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.command_line import Said, here, in_a_process
from tests.processes import Process, all_in_one
from tests.waiting import DEADLINE


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with all_in_one(tmp_path_factory.mktemp("clients")) as running:
        yield running


def vpr(process: Process, *words: str, code: int = 0, how: Callable[..., Said] = here) -> str:
    """What the command printed."""
    said = how({**os.environ, **process.environment}, *words)
    assert said.code == code, said.err
    return said.out.strip()


def status(process: Process, key: str) -> int:
    return httpx.get(f"{process.url}/intake/v1/reports", headers={"X-API-Key": key}, timeout=DEADLINE).status_code


def test_a_key_is_added_rotated_listed_and_revoked(process: Process) -> None:
    assert vpr(process, "client", "list", how=in_a_process) == "there are none"
    first = vpr(process, "client", "add", "my-311", "--scope", "reports:read")
    second = vpr(process, "client", "rotate", "my-311", "--hours", "1")
    third = vpr(process, "client", "rotate", "my-311", "--hours", "0")
    assert [status(process, key) for key in (first, second, third)] == [401, 401, 200]
    assert "1 valid" in vpr(process, "client", "list")
    vpr(process, "client", "revoke", "my-311")
    assert status(process, third) == 401
    assert "revoked" in vpr(process, "client", "list")
    vpr(process, "client", "rotate", "my-311", code=1)
    vpr(process, "client", "rotate", "nobody", code=1)
    assert third.rsplit("_", 1)[1] not in process.output.read_text(), "keys are in no log"


def test_a_local_system_may_call_this_machine(process: Process) -> None:
    key = vpr(process, "client", "add", "with hooks")
    body = {"url": "http://localhost:9/hook", "event_types": ["report.received"]}
    made = httpx.post(f"{process.url}/intake/v1/webhooks", json=body, headers={"X-API-Key": key}, timeout=DEADLINE)
    assert made.status_code == 201, made.text
    assert made.json()["secret"].startswith("whsec_")
