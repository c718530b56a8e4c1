"""A server as a child process: start until ready, stop, kill, and end what an earlier supervisor left behind."""

import os
import signal
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from vpr.embedded.account import Account

PATIENCE = 30.0
POLL = 0.005
TAIL = 4000


class EmbeddedError(RuntimeError):
    """An embedded server cannot be started, or its folder cannot be used."""


@dataclass(frozen=True)
class Launch:
    """How to start a server: its words, environment and working folder, and the account it runs as."""

    words: Sequence[str]
    cwd: Path
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    account: Account | None = None


class Server(ABC):
    """One child process, which writes its own pid file.

    Ctrl-C in a terminal does not reach it: it has a session of its own, so that the supervisor decides when it stops.
    """

    program: ClassVar[str]
    folder_option: ClassVar[str]
    stop_signal: ClassVar[signal.Signals]
    passing_trouble: ClassVar[str] = ""
    """What the log says when a start failed for a reason that goes away by itself."""

    def __init__(self, folder: Path, pid_file: Path, log: Path) -> None:
        """``folder`` is the server's data folder, by which its process is recognised."""
        self.folder, self.pid_file, self.log = folder, pid_file, log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether the child process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """The child's process id while it lives."""
        return self._process.pid if self._process is not None and self.running else None

    def start(self) -> None:
        """Start and wait until ready. Raises EmbeddedError with the tail of the log; does nothing when running."""
        if self.running:
            return
        self.stop_leftover()
        self._prepare()
        self._spawn()
        try:
            self._await_ready()
            self._settle()
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """Stop in order, by force after 30 seconds."""
        if self._process is None:
            return
        if self.running:
            self._process.send_signal(self.stop_signal)
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._reap()

    def kill(self) -> None:
        """End at once, as a crash would (SIGKILL)."""
        if self._process is not None:
            self._process.kill()
            self._reap()

    def stop_leftover(self) -> None:
        """Stop the process that a killed supervisor left behind on this folder, if there is one."""
        for sign in (self.stop_signal, signal.SIGKILL):
            pid = self._leftover()
            if pid is None:
                return
            os.kill(pid, sign)
            wait_until(lambda: self._leftover() is None, PATIENCE)
        if (pid := self._leftover()) is not None:
            raise EmbeddedError(f"{self.program} of an earlier run (process {pid}) does not end")

    @abstractmethod
    def _prepare(self) -> None:
        """Make what must be there before the server starts."""

    @abstractmethod
    def _launch(self) -> Launch:
        """How to start the server."""

    @abstractmethod
    def _ready(self) -> bool:
        """Whether the running server accepts connections."""

    def _settle(self) -> None:  # noqa: B027 - not every server needs it
        """Finish what needs the running server."""

    def _spawn(self) -> None:
        launch = self._launch()
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".previous.log"))
        descriptor = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            self._process = spawn(launch, descriptor)
        except (OSError, subprocess.SubprocessError) as error:
            raise EmbeddedError(f"{self.program} cannot be started: {error}") from error
        finally:
            os.close(descriptor)

    def _await_ready(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self._ready():
            if time.monotonic() > deadline:
                raise self._failure(f"was not ready after {PATIENCE:.0f} s")
            if not self.running:
                if not self.passing_trouble or self.passing_trouble not in self._tail():
                    raise self._failure("ended while starting")
                self._reap()
                self._spawn()
            time.sleep(POLL)

    def _failure(self, what: str) -> EmbeddedError:
        return EmbeddedError(f"{self.program} {what}; the end of {self.log}:\n{self._tail()}")

    def _tail(self) -> str:
        return self.log.read_bytes()[-TAIL:].decode(errors="replace")

    def _reap(self) -> None:
        if self._process is not None:
            self._process.wait()
            self._process = None

    def _leftover(self) -> int | None:
        """The process named by the pid file, if it really is this program on this folder: numbers are used again."""
        try:
            pid = int(self.pid_file.read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return None
        line = f"{command_line(pid)} "
        ours = f"/{self.program} " in line and f" {self.folder_option} {self.folder} " in line
        return pid if ours else None


def spawn(launch: Launch, output: int) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own; both its outputs go to the descriptor."""
    account = launch.account
    return subprocess.Popen(
        launch.words,
        cwd=launch.cwd,
        env={"PATH": os.defpath, "LC_ALL": "C", **launch.env},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )


def command_line(pid: int) -> str:
    """The words of a process, separated by spaces; empty when there is no such process, or only its exit status."""
    if sys.platform == "linux":
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    words = ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)]
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip()


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Ask until it holds or the time is over; whether it held."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL)
    return True
