"""Services as processes of their own, to be started, killed and looked at from outside."""

import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from random import SystemRandom

import httpx

from tests.waiting import DEADLINE, wait_for
from vpr.embedded import Embedded, Endpoints
from vpr.home import Home
from vpr.migration import migrate_embedded
from vpr_events.contracts import SERVICES
from vpr_events.contracts.values import Role

ONE_SOURCE = "60000/minute"
"""What the source of a whole test run may ask without credentials."""
TLS = ssl.create_default_context()
"""For who asks again and again without a client: to load all authorities each time costs more than to ask."""


def _candidates() -> Iterator[int]:
    """Below those that connections take, in an order of chance, none soon again, and others for each test worker."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 8
    return cycle(SystemRandom().sample(range(10_000 + 2 * worker, 20_000, 16), 625))


_CANDIDATES = _candidates()


def free_port() -> int:
    """A port that nobody listens on, nor on the one behind it."""
    return next(port for port in _CANDIDATES if _is_free(port) and _is_free(port + 1))


def _is_free(port: int) -> bool:
    with socket.socket() as probe, suppress(OSError):
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
        return True
    return False


@dataclass
class Process:
    """A program with its output in a file, and the address at which it answers."""

    words: Sequence[str]
    environment: Mapping[str, str]
    url: str
    output: Path
    ready_path: str = "/readyz"
    child: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self, ready_path: str | None = None) -> None:
        """Start it and wait until it answers (on ``ready_path``, if it will not be ready)."""
        self.launch()
        self.wait_ready(ready_path)

    def launch(self) -> None:
        """Start it and wait for nothing."""
        with self.output.open("ab") as file:
            self.child = subprocess.Popen(
                self.words, env={**os.environ, **self.environment}, stdout=file, stderr=file, start_new_session=True
            )

    def wait_ready(self, path: str | None = None) -> None:
        """Poll until it answers."""
        try:
            wait_for(lambda: self._ended() or self._answers(path or self.ready_path), "it answers")
            assert not self._ended()
        except AssertionError as error:
            error.add_note(self.output.read_text()[-4000:])
            raise

    def _ended(self) -> bool:
        return self.child is not None and self.child.poll() is not None

    def _answers(self, path: str) -> bool:
        try:
            return httpx.get(self.url + path, timeout=5, verify=TLS).status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        """kill -9, without a word."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ctrl-C, and wait for its end."""
        self._end(signal.SIGINT)

    def terminate(self) -> None:
        """What a service manager sends."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self.child and self.child.poll() is None:
            self.child.send_signal(how)
            self.child.wait(DEADLINE)


@dataclass
class Separate:
    """Five services as five processes, each with its own database and NATS user."""

    home: Home
    embedded: Embedded
    processes: dict[str, Process]

    def url(self, service: str) -> str:
        """The address of a service."""
        return self.processes[service].url

    def token(self, *roles: Role) -> str:
        """A bearer token."""
        return self.home.issuer().token(roles)

    def headers(self, *roles: Role) -> dict[str, str]:
        """Request headers of somebody with these roles."""
        return {"Authorization": f"Bearer {self.token(*roles)}"}

    def output(self) -> str:
        """Everything the processes wrote."""
        return "".join(process.output.read_text() for process in self.processes.values())


def service_process(name: str, home: Home, endpoints: Endpoints, folder: Path, **environment: str) -> Process:
    """A service as a process of its own on these servers, not started; it writes into ``folder``."""
    port = free_port()
    own = {f"{name.upper()}_PORT": str(port), f"{name.upper()}_RATE_PER_SOURCE": ONE_SOURCE}
    variables = home.environment(name, endpoints) | own | environment
    return Process([sys.executable, "-m", f"vpr_{name}"], variables, f"http://127.0.0.1:{port}", folder / f"{name}.log")


def start_all(processes: Collection[Process]) -> None:
    """Start them at the same time, and wait until each is ready."""
    for process in processes:
        process.launch()
    for process in processes:
        process.wait_ready()


@contextmanager
def separate_services(
    folder: Path, names: Sequence[str] = SERVICES, *, fsync: bool = False, **environment: str
) -> Iterator[Separate]:
    """Servers in ``folder`` and these services on them, all started and ready, each with this environment."""
    home = Home.given(folder / "home", "http://localhost:8000")
    embedded = Embedded(home.servers, fsync=fsync)
    endpoints = embedded.start()
    system = Separate(home, embedded, {})
    try:
        migrate_embedded(endpoints)
        system.processes = {name: service_process(name, home, endpoints, folder, **environment) for name in names}
        start_all(system.processes.values())
        yield system
    finally:
        for process in system.processes.values():
            process.kill()  # an end in order takes its time, and tests that are about it bring it about themselves
        embedded.discard()


def staff_url(url: str) -> str:
    """Where the staff of a local system work: one port further than the public."""
    return Home.given(url=url).staff_url


@contextmanager
def all_in_one(folder: Path, *options: str, **variables: str) -> Iterator[Process]:
    """``vpr up`` with this environment in a folder of its own; its url is the public's, ``staff_url`` the staff's."""
    url = f"http://localhost:{free_port()}"
    home = folder / "home"
    words = [sys.executable, "-m", "vpr", "up", "--home", str(home), "--url", url, *options]
    environment = {"VPR_HOME": str(home), "VPR_URL": url, "VPR_STAFF_URL": staff_url(url)}
    environment |= {f"{name.upper()}_RATE_PER_SOURCE": ONE_SOURCE for name in SERVICES}
    environment |= variables
    process = Process(words, environment, url, folder / "up.log", "/healthz")
    try:
        process.start()
        yield process
    finally:
        process.kill()  # as above
        Embedded(home / "servers").discard()
