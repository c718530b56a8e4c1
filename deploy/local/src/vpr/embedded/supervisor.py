"""One folder, one PostgreSQL, one NATS, one supervisor."""

import fcntl
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from vpr.embedded.account import Account, unprivileged
from vpr.embedded.broker import Broker, settle_port
from vpr.embedded.endpoints import Endpoints, State
from vpr.embedded.postgres import Postgres, settle_home, settle_socket_folder
from vpr.embedded.process import EmbeddedError


class InUse(EmbeddedError):
    """Another process runs these servers."""


class Embedded:
    """The embedded PostgreSQL and NATS of a folder; as a context manager it starts and stops both.

    Without ``fsync`` PostgreSQL may lose data in a power cut: for tests. ``nats_port`` fixes the broker's port; else
    one is chosen and kept. Both servers outlive a killed supervisor; the next start on the folder stops them first.
    (The kernel's parent-death signal would not do: it comes when the *thread* that started the child ends.)
    """

    def __init__(self, folder: Path, *, fsync: bool = True, nats_port: int | None = None) -> None:
        self.folder = folder.absolute()
        self._fsync, self._nats_port = fsync, nats_port
        self._lock: int | None = None
        self._parts: tuple[Postgres, Broker] | None = None

    @property
    def postgres(self) -> Postgres:
        """PostgreSQL by itself: start, stop, kill. Raises EmbeddedError before the first start of both."""
        return self._started()[0]

    @property
    def broker(self) -> Broker:
        """NATS by itself: start, stop, kill. Raises EmbeddedError before the first start of both."""
        return self._started()[1]

    def start(self) -> Endpoints:
        """Start both at the same time. Raises EmbeddedError: then neither runs, and the reason is in the message."""
        if self._lock is None:
            self._acquire()
        try:
            self._parts = self._parts or self._settle()
            _together(*(part.start for part in self._parts))
        except BaseException:
            self.stop()
            raise
        return self.endpoints

    @property
    def endpoints(self) -> Endpoints:
        """Where the servers are. Raises EmbeddedError before the first start."""
        return Endpoints.load(self.folder)

    def stop(self) -> None:
        """Stop both; the data stays."""
        try:
            if self._parts:
                _together(*(part.stop for part in self._parts))
        finally:
            self._parts = None
            self._release()

    def discard(self) -> None:
        """Stop both and delete all their data, also what had to live outside the folder."""
        self.stop()
        self._acquire()
        try:
            if state := State.load(self.folder):
                for part in self._parts_of(state, None):
                    part.stop_leftover()
                for place in (state.postgres_home, state.socket_folder):
                    shutil.rmtree(place, ignore_errors=True)
            shutil.rmtree(self.folder)
        finally:
            self._release()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _started(self) -> tuple[Postgres, Broker]:
        if self._parts is None:
            raise EmbeddedError(f"the servers of {self.folder} were not started")
        return self._parts

    def _settle(self) -> tuple[Postgres, Broker]:
        """Decide where everything is, and write it down before anything starts."""
        try:
            account = unprivileged()
            state = State.load(self.folder) or State()
            settle_home(self.folder, state, account)
        except LookupError as error:
            raise EmbeddedError(str(error)) from error
        settle_socket_folder(state, account)
        parts = self._parts_of(state, account)
        for part in parts:
            part.stop_leftover()  # before it is asked whether the port is free
        settle_port(state, self._nats_port)
        state.save(self.folder)
        return parts

    def _parts_of(self, state: State, account: Account | None) -> tuple[Postgres, Broker]:
        home = Path(state.postgres_home)
        postgres = Postgres(home, self.folder / "postgres.log", state, account, fsync=self._fsync)
        return postgres, Broker(self.folder / "nats", self.folder / "nats.log", state)

    def _acquire(self) -> None:
        # Others may pass through, so that PostgreSQL's account reaches its own folder inside; what is inside is closed.
        self.folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(descriptor, 20).decode()
            os.close(descriptor)
            raise InUse(
                f"the servers in {self.folder} are in use (process {holder}): stop that `vpr up` first"
            ) from error
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        self._lock = descriptor

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _together(*actions: Callable[[], None]) -> None:
    """Do all at the same time; when all are over, raise the first failure."""
    with ThreadPoolExecutor(len(actions)) as pool:
        futures = [pool.submit(action) for action in actions]
    for future in futures:
        future.result()
