"""NATS with JetStream as a child process, under the configuration that production uses too."""

import json
import os
import random
import secrets
import signal
import socket
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from vpr.embedded.binaries import nats_server
from vpr.embedded.endpoints import State
from vpr.embedded.process import EmbeddedError, Launch, Server

ENV_CONFIG = "VPR_NATS_CONFIG"
HOST = "127.0.0.1"
# Below what kernels hand to clients (from 32768, or 49152): else a client that tries to reconnect to a stopped broker
# can be given the very port it calls, connect to itself and keep the broker out.
PORTS = range(20_000, 32_000)


class Broker(Server):
    """A NATS server on a loopback port, with the users of deploy/nats."""

    program: ClassVar[str] = "nats-server"
    folder_option: ClassVar[str] = "--store_dir"
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM

    def __init__(self, folder: Path, log: Path, state: State) -> None:
        """``folder`` holds the stream."""
        super().__init__(folder, folder / "nats.pid", log)
        self._state = state
        self._name = f"vpr-{secrets.token_hex(4)}"

    def _prepare(self) -> None:
        self.folder.mkdir(mode=0o700, exist_ok=True)

    def _launch(self) -> Launch:
        # fmt: off
        words = [
            str(nats_server()), "--config", str(configuration()), "--store_dir", str(self.folder),
            "--addr", HOST, "--port", str(self._state.nats_port), "--pid", str(self.pid_file), "--name", self._name,
        ]
        # fmt: on
        users = self._state.nats_passwords.items()
        env = {f"VPR_NATS_{user.upper()}_PASSWORD": password for user, password in users}
        return Launch(words, cwd=self.folder, env=env)

    def _ready(self) -> bool:
        """The greeting on the port is our child's (another may have taken the port meanwhile) and offers JetStream."""
        return offers_jetstream(HOST, self._state.nats_port or 0, self._name)


def offers_jetstream(host: str, port: int, name: str) -> bool:
    """Whether a broker of this name greets there, with JetStream."""
    with (
        suppress(OSError, ValueError),
        socket.create_connection((host, port), 1) as client,
        client.makefile("rb") as file,
    ):
        greeting = json.loads(file.readline().removeprefix(b"INFO "))
        return bool(greeting["server_name"] == name and greeting.get("jetstream"))
    return False


def configuration() -> Path:
    """The broker's configuration: VPR_NATS_CONFIG, else deploy/nats of this checkout.

    It is not package data, because production mounts the same files into a broker without any Python.
    """
    path = Path(os.environ.get(ENV_CONFIG) or Path(__file__).parents[4] / "nats" / "nats-server.conf").resolve()
    if not path.is_file():
        raise EmbeddedError(f"no broker configuration at {path}; set {ENV_CONFIG}")
    return path


def settle_port(state: State, wanted: int | None) -> None:
    """Record the port: the wanted one, else that of the last run if it is free, else a free one."""
    if wanted is not None:
        state.nats_port = wanted
    elif state.nats_port is None or not _is_free(state.nats_port):
        state.nats_port = _free_port()


def _free_port() -> int:
    for port in random.sample(PORTS, 200):
        if _is_free(port):
            return port
    raise EmbeddedError(f"no free port among 200 tried between {PORTS.start} and {PORTS.stop}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as nats-server: closed connections do not count
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError:
            return False
        return True
