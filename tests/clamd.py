"""A clamd of the test's own, which knows one signature: no database of the real ones is needed."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.processes import free_port
from tests.waiting import DEADLINE, wait_for

MALWARE = b"%PDF-1.7\nthis part stands for malware" + b" " * 600
"""What it finds something in."""

LOOKED_AT, TAKEN = 1_000_000, 2_000_000
"""The most bytes that it looks through, and that it lets itself be sent."""


@dataclass
class Clamd:
    """clamd on a port of the loopback and on a socket, to be killed and started again."""

    folder: Path
    port: int = field(default_factory=free_port)
    child: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """As the video service is told of it."""
        return f"tcp://127.0.0.1:{self.port}"

    @property
    def socket(self) -> str:
        """The same by its socket."""
        return f"unix://{self.folder}/socket"

    @property
    def log(self) -> Path:
        """What it wrote."""
        return self.folder / "log"

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        program = shutil.which("clamd") or shutil.which("clamd", path="/usr/sbin")
        if program is None:
            reason = "clamd is missing: install the package clamav-daemon"
            pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
        self._configure()
        words = [str(program), f"--config-file={self.folder}/configuration"]
        with self.log.open("ab") as file:
            self.child = subprocess.Popen(words, stdout=file, stderr=file, start_new_session=True)
        wait_for(self._answers, "clamd answers")

    def _configure(self) -> None:
        signatures = self.folder / "signatures"
        signatures.mkdir(parents=True, exist_ok=True)
        (signatures / "vpr.ndb").write_text(f"VPR.Test:0:*:{MALWARE[9:].strip().hex()}\n")
        told = {
            "Foreground": "yes", "DatabaseDirectory": signatures, "LocalSocket": self.folder / "socket",
            "TCPAddr": "127.0.0.1", "TCPSocket": self.port, "StreamMaxLength": TAKEN, "MaxFileSize": LOOKED_AT,
            "AlertExceedsMax": "yes", "SelfCheck": 0,
        }  # fmt: skip
        lines = "".join(f"{name} {value}\n" for name, value in told.items())
        (self.folder / "configuration").write_text(lines)

    def _answers(self) -> bool:
        assert self.child
        assert self.child.poll() is None, self.log.read_text()[-2000:]
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as asked:
                asked.sendall(b"zPING\0")
                return asked.recv(16) == b"PONG\0"
        except OSError:
            return False

    def kill(self) -> None:
        """kill -9: nothing is looked through."""
        if self.child and self.child.poll() is None:
            self.child.send_signal(signal.SIGKILL)
            self.child.wait(DEADLINE)


@contextmanager
def scanner(folder: Path) -> Iterator[Clamd]:
    """A running clamd."""
    running = Clamd(folder)
    running.start()
    try:
        yield running
    finally:
        running.kill()
