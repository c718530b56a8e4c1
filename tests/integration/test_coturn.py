"""coturn as it is shipped: credentials of ours open it, others do not, and it reaches nothing inside."""

import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from tests.coturn import SECRET, Relay, relay
from tests.waiting import DEADLINE
from vpr_video.turn import turn_credentials

SHIPPED = Path(__file__).parents[2] / "deploy/coturn/turnserver.conf"


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relay]:
    """With the shipped file; ports, addresses and TLS are the test's."""
    with relay(tmp_path_factory.mktemp("shipped"), "-c", str(SHIPPED)) as running:
        yield running


def ask(turn: Relay, peer: str, *, secret: str = SECRET, lifetime: timedelta = timedelta(minutes=5)) -> str:
    """What coturn's own client says about reaching a peer through the relay."""
    client = shutil.which("turnutils_uclient")
    assert client
    user, password = turn_credentials(secret, uuid4().hex, datetime.now(UTC) + lifetime)
    words = [
        client,
        "-v",
        "-n",
        "1",
        "-m",
        "1",
        "-c",
        "-u",
        user,
        "-w",
        password,
        "-e",
        peer,
        "-p",
        str(turn.port),
        "127.0.0.1",
    ]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=DEADLINE, check=False)
    except subprocess.TimeoutExpired as slow:
        return str(slow.stdout)
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    "peer", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "192.168.1.1", "172.20.0.1", "100.64.0.1"]
)
def test_nothing_inside_is_reached(shipped: Relay, peer: str) -> None:
    said = ask(shipped, peer)
    assert "Received relay addr" in said, said[-2000:]
    assert "error 403 (Forbidden IP)" in said


def test_expired_or_forged_credentials_open_nothing(shipped: Relay) -> None:
    for said in (ask(shipped, "10.1.2.3", secret="south"), ask(shipped, "10.1.2.3", lifetime=timedelta(seconds=-5))):
        assert "Cannot complete Allocation" in said
        assert "Received relay addr" not in said
