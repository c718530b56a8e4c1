"""A TURN server of the test's own."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.processes import free_port
from tests.waiting import DEADLINE, wait_for

SECRET = "north"
LOOPBACK = ("--allow-loopback-peers", "--denied-peer-ip=0.0.0.0-255.255.255.255", "--allowed-peer-ip=127.0.0.1")


@dataclass
class Relay:
    """coturn on a port of the loopback, to be killed and started again."""

    log: Path
    words: Sequence[str] = ("-n", *LOOPBACK)
    port: int = field(default_factory=free_port)
    child: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """As browsers are told."""
        return f"turn:127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        program = shutil.which("turnserver")
        if program is None:
            reason = "coturn is missing: install the package coturn"
            if os.environ.get("CI"):
                pytest.fail(reason)
            pytest.skip(reason)
        words = [
            program, *self.words, "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1", f"--listening-port={self.port}",
            "--realm=vpr.test", "--use-auth-secret", f"--static-auth-secret={SECRET}", "--fingerprint", "--no-tls",
            "--no-dtls", "--no-cli", f"--pidfile={self.log}.pid", f"--userdb={self.log}.db", "--log-file=stdout",
        ]  # fmt: skip
        with self.log.open("ab") as file:
            self.child = subprocess.Popen(words, stdout=file, stderr=file, start_new_session=True)
        wait_for(self._answers, "coturn answers")

    def _answers(self) -> bool:
        assert self.child
        assert self.child.poll() is None, self.log.read_text()[-2000:]
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def kill(self) -> None:
        """kill -9: every allocation is gone."""
        if self.child and self.child.poll() is None:
            self.child.send_signal(signal.SIGKILL)
            self.child.wait(DEADLINE)


@contextmanager
def relay(folder: Path, *words: str) -> Iterator[Relay]:
    """A running relay; without ``words`` one that reaches the loopback alone."""
    running = Relay(folder / "coturn.log", words) if words else Relay(folder / "coturn.log")
    running.start()
    try:
        yield running
    finally:
        running.kill()
