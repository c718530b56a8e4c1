"""PostgreSQL and NATS as containers, with the settings, roles and permissions that the embedded ones have."""

import gc
import os
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from docker.errors import DockerException
from testcontainers.core.container import DockerContainer
from testcontainers.core.docker_client import DockerClient

from tests.processes import free_port
from tests.waiting import DEADLINE
from vpr.embedded import Endpoints
from vpr.embedded.broker import configuration, offers_jetstream
from vpr.embedded.endpoints import ADMIN_ROLE, State, role_of
from vpr.embedded.postgres import CLUSTER, SETTINGS, UNSAFE_SETTINGS, set_up
from vpr_events.contracts import SERVICES

POSTGRES_IMAGE = os.environ.get("VPR_TEST_POSTGRES_IMAGE", "postgres:18")
NATS_IMAGE = os.environ.get("VPR_TEST_NATS_IMAGE", "nats:2.15")
HOME = Path.home()
TRACES = (Path("/var/run/docker.sock"), HOME / ".docker" / "config.json", HOME / ".testcontainers.properties")
OF_THE_SOCKET = ("listen_addresses", "unix_socket_permissions")
"""Settings of the embedded server, which listens on no port."""
SET_UP = "/set-up.sql"


def engine_missing() -> str | None:
    """Why no Docker engine answers; None when one does."""
    if not os.environ.get("DOCKER_HOST") and not any(map(Path.exists, TRACES)):
        return f"there is no DOCKER_HOST, and none of {', '.join(map(str, TRACES))}"
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        reason = _silence()
        gc.collect()  # a client that could not connect leaves its socket open
    return reason


def _silence() -> str | None:
    try:
        client = DockerClient().client
        try:
            client.ping()
        finally:
            client.close()
    except (DockerException, OSError) as error:
        return f"{type(error).__name__}: {str(error).splitlines()[0]}"
    return None


@dataclass(frozen=True)
class Spec:
    """How a container is started. ``port`` is its own; ``files`` are put into it before."""

    image: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)
    port: int
    files: Mapping[str, Path | bytes] = field(default_factory=dict, repr=False)


def postgres_spec(passwords: Mapping[str, str]) -> Spec:
    """PostgreSQL with the embedded one's settings, without fsync."""
    settings = {name: value for name, value in SETTINGS.items() if name not in OF_THE_SOCKET} | UNSAFE_SETTINGS
    return Spec(
        image=POSTGRES_IMAGE,
        command=["postgres", *(word for name, value in settings.items() for word in ("-c", f"{name}={value}"))],
        environment={
            "POSTGRES_USER": ADMIN_ROLE,
            "POSTGRES_PASSWORD": passwords[ADMIN_ROLE],
            "POSTGRES_DB": "postgres",
            "POSTGRES_INITDB_ARGS": " ".join(CLUSTER),
        },
        port=5432,
        files={SET_UP: set_up(passwords).encode()},
    )


def nats_spec(passwords: Mapping[str, str]) -> Spec:
    """The broker with deploy/nats, as production mounts it."""
    config = configuration()
    return Spec(
        image=NATS_IMAGE,
        command=["--config", f"/etc/vpr/{config.parent.name}/{config.name}", "--store_dir", "/data",
                 "--addr", "0.0.0.0", "--port", "4222", "--name", "vpr"],  # noqa: S104 - inside the container
        environment={f"VPR_NATS_{user.upper()}_PASSWORD": password for user, password in passwords.items()},
        port=4222,
        files={"/etc/vpr": config.parent},
    )  # fmt: skip


def _broker_ready(host: str, port: int) -> bool:
    return offers_jetstream(host, port, "vpr")


@dataclass
class Container:
    """One container, always at the same port of ours: an engine gives another one at every start unless it is told."""

    spec: Spec
    ready: Callable[[str, int], bool]
    port: int = field(default_factory=free_port)
    _container: DockerContainer | None = field(default=None, repr=False)

    @property
    def address(self) -> tuple[str, int]:
        """Where it is reached."""
        container = self._started()
        return container.get_container_host_ip(), container.get_exposed_port(self.spec.port)

    def start(self) -> None:
        """Make it, or start it again."""
        if self._container is None:
            self._container = self._made().start()
        else:
            self._wrapped().start()
        end = time.monotonic() + DEADLINE
        while not self.ready(*self.address):
            if time.monotonic() > end:
                raise TimeoutError(f"{self.spec.image} is not ready after {DEADLINE:.0f} s:\n{self._log()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop it in order."""
        self._wrapped().stop(timeout=30)

    def kill(self) -> None:
        """SIGKILL."""
        self._wrapped().kill()

    def run(self, *words: str) -> None:
        """Run a program inside. Raises RuntimeError with what it wrote when it fails."""
        done = self._started().exec(list(words))
        if done.exit_code:
            raise RuntimeError(f"{words[0]} in {self.spec.image}: {done.output.decode(errors='replace')}")

    def discard(self) -> None:
        """Remove it with what it stored."""
        if self._container:
            self._container.stop()

    def _made(self) -> DockerContainer:
        made = DockerContainer(self.spec.image).with_command(list(self.spec.command))
        made = made.with_envs(**self.spec.environment).with_bind_ports(self.spec.port, self.port)
        for place, content in self.spec.files.items():
            made = made.with_copy_into_container(content, place)
        return made

    def _started(self) -> DockerContainer:
        if self._container is None:
            raise RuntimeError(f"{self.spec.image} was not started")
        return self._container

    def _wrapped(self) -> Any:
        """The engine's own handle, which can stop a container and start the same again."""
        return self._started().get_wrapped_container()

    def _log(self) -> str:
        return b"".join(self._started().get_logs()).decode(errors="replace")[-4000:]


class Containers:
    """Both, with passwords of their own."""

    def __init__(self) -> None:
        self._state = State()
        self.postgres = Container(postgres_spec(self._state.database_passwords), self._postgres_ready)
        self.broker = Container(nats_spec(self._state.nats_passwords), _broker_ready)

    def _postgres_ready(self, host: str, port: int) -> bool:
        with suppress(psycopg.OperationalError):
            psycopg.connect(self._conninfo(host, port), connect_timeout=5).close()
            return True
        return False

    def _conninfo(self, host: str, port: int) -> str:
        password = self._state.database_passwords[ADMIN_ROLE]
        return f"host={host} port={port} user={ADMIN_ROLE} password={password} dbname=postgres"

    def start(self) -> Endpoints:
        """Start both; roles and databases are made."""
        self.postgres.start()
        self.postgres.run("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-U", ADMIN_ROLE, "-d", "postgres", "-f", SET_UP)
        self.broker.start()
        return self.endpoints

    @property
    def endpoints(self) -> Endpoints:
        """Where they are and who may enter."""
        host, port = self.broker.address
        nats = self._state.nats_passwords
        return Endpoints(
            admin_database_url=self._database_url(ADMIN_ROLE, "postgres"),
            database_urls={name: self._database_url(role_of(name), role_of(name)) for name in SERVICES},
            nats_url=f"nats://{host}:{port}",
            nats_users={name: (name, nats[name]) for name in ("admin", *SERVICES)},
        )

    def _database_url(self, role: str, database: str) -> str:
        host, port = self.postgres.address
        return f"postgresql+asyncpg://{role}:{self._state.database_passwords[role]}@{host}:{port}/{database}"

    def discard(self) -> None:
        """Remove both."""
        self.broker.discard()
        self.postgres.discard()
