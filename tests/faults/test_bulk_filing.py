"""A bulk filing that is cut off is sent again, and every row is one report; a client may send all before it reads."""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.examples import new_report
from tests.processes import Separate, separate_services
from tests.waiting import DEADLINE
from vpr_events.contracts.values import Role

BULK = "/v1/reports/bulk"
ROWS = 3000


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[Separate]:
    """Intake as a process of its own."""
    with separate_services(tmp_path, ["intake"], fsync=True) as system:
        yield system


def body() -> bytes:
    return b"".join(
        json.dumps(new_report(description=f"number {number}")).encode() + b"\n" for number in range(ROWS)
    )  # fmt: skip


def headers(system: Separate) -> dict[str, str]:
    own = {"Content-Type": "application/x-ndjson", "Idempotency-Key": uuid4().hex}
    return system.headers(Role.OFFICER) | own


def test_rows_that_were_told_before_the_service_was_killed_have_the_same_ids_when_all_is_sent_again(
    intake: Separate,
) -> None:
    sent, named, before = body(), headers(intake), list[dict[str, Any]]()
    process = intake.processes["intake"]
    with httpx.Client(base_url=process.url, timeout=DEADLINE) as client:
        with suppress(httpx.TransportError), client.stream("POST", BULK, content=sent, headers=named) as answer:
            for line in answer.iter_lines():
                before.append(json.loads(line))
                if len(before) == 500:
                    process.kill()
        assert 500 <= len(before) < ROWS
        process.start()
        after = [json.loads(line) for line in client.post(BULK, content=sent, headers=named).iter_lines()]
    assert [one["status"] for one in after] == [201] * ROWS
    assert [one["id"] for one in after[: len(before)]] == [one["id"] for one in before]
    assert len({one["id"] for one in after}) == ROWS


def test_a_client_that_hangs_up_and_sends_again_gets_the_ids_of_what_was_stored(intake: Separate) -> None:
    sent, named = body(), headers(intake)
    with httpx.Client(base_url=intake.url("intake"), timeout=DEADLINE) as client:
        with client.stream("POST", BULK, content=sent, headers=named) as answer:
            first = json.loads(next(answer.iter_lines()))
        after = [json.loads(line) for line in client.post(BULK, content=sent, headers=named).iter_lines()]
        assert [one["status"] for one in after] == [201] * ROWS
        assert after[0]["id"] == first["id"]
        assert len({one["id"] for one in after}) == ROWS
