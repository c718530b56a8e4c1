"""A Janus of the test's own, with the configuration that we ship."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from tests.processes import free_port
from tests.waiting import DEADLINE, wait_for

SECRET = "south"
START = Path(__file__).parents[1] / "deploy" / "janus" / "start.sh"


@dataclass
class MediaServer:
    """Janus on a port of the loopback, to be killed and started again."""

    folder: Path
    port: int = field(default_factory=free_port)
    child: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """What it wrote."""
        return self.folder / "janus.log"

    @property
    def environment(self) -> dict[str, str]:
        """What the video service is told of it."""
        return {"VIDEO_JANUS_URL": f"ws://127.0.0.1:{self.port}", "VIDEO_JANUS_SECRET": SECRET}

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        for reason in filter(None, (_missing_program(), _missing_interface())):
            pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
        self.folder.mkdir(parents=True, exist_ok=True)
        told = {"JANUS_API_SECRET": SECRET, "JANUS_PORT": str(self.port), "JANUS_RUN": str(self.folder)}
        with self.log.open("ab") as file:
            self.child = subprocess.Popen(
                [str(START)], env=os.environ | told, stdout=file, stderr=file, start_new_session=True
            )
        wait_for(self._answers, "Janus answers")

    def _answers(self) -> bool:
        assert self.child
        assert self.child.poll() is None, self.log.read_text()[-2000:]
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def writes_in(self, folder: Path) -> bool:
        """Whether it holds a file of this folder open, also one that has no name any more."""
        assert self.child
        for one in Path(f"/proc/{self.child.pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                if one.readlink().is_relative_to(folder):
                    return True
        return False

    def kill(self) -> None:
        """kill -9: every room and every way is gone."""
        if self.child and self.child.poll() is None:
            self.child.send_signal(signal.SIGKILL)
            self.child.wait(DEADLINE)


def _missing_program() -> str:
    return "" if shutil.which("janus") else "Janus is missing: install the package janus"


def _missing_interface() -> str:
    """Janus finds no way to itself where there is nothing but the loopback."""
    real = [name for name, state in psutil.net_if_stats().items() if state.isup and not name.startswith("lo")]
    return "" if real else "Janus needs an interface besides the loopback: add one (ip link add eth0 type dummy)"


@contextmanager
def media_server(folder: Path) -> Iterator[MediaServer]:
    """A running Janus."""
    running = MediaServer(folder)
    running.start()
    try:
        yield running
    finally:
        running.kill()
