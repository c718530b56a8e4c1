"""PostgreSQL as a child process, reached by a unix socket in a private folder.

The socket, and no TCP port: nothing else can hold its name, other users cannot even knock, and it saves asyncpg the
attempt at TLS. Passwords (scram) are asked for all the same, because the roles must not become each other.
"""

import os
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from vpr.embedded.account import Account, give, lasting_base, private_folder
from vpr.embedded.binaries import postgres_folder, postgres_folder_for
from vpr.embedded.endpoints import ADMIN_ROLE, State, role_of
from vpr.embedded.process import EmbeddedError, Launch, Server
from vpr_events.contracts import SERVICES

PORT = 5432
SOCKET_PATH_LIMIT = 103  # macOS; Linux takes 107
CLUSTER = (
    "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--locale-provider", "builtin",
    "--builtin-locale", "C.UTF-8",
)  # fmt: skip
"""How initdb makes it."""
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "cluster_name": "vpr",
}
UNSAFE_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Postgres(Server):
    """A PostgreSQL cluster with a database and a login role for each service."""

    program: ClassVar[str] = "postgres"
    folder_option: ClassVar[str] = "-D"
    stop_signal: ClassVar[signal.Signals] = signal.SIGINT  # fast shutdown: it does not wait for clients to leave
    # Backends notice a little later that their killed postmaster is gone.
    passing_trouble: ClassVar[str] = "pre-existing shared memory block"

    def __init__(self, home: Path, log: Path, state: State, account: Account | None, *, fsync: bool) -> None:
        """``home`` belongs to the account, and holds the cluster and maybe the socket."""
        data = home / "data"
        super().__init__(data, data / "postmaster.pid", log)
        self._home, self._state, self._account, self._fsync = home, state, account, fsync

    def _prepare(self) -> None:
        if not self.folder.exists():
            self._initialise()

    def _initialise(self) -> None:
        """Make the cluster beside its place and move it there whole: a killed initdb leaves nothing half made."""
        draft = private_folder(self._home, self._account)
        password_file = draft / "password"
        password_file.touch(0o600)
        password_file.write_text(self._state.database_passwords[ADMIN_ROLE])
        give(password_file, self._account)
        try:
            self._run_initdb(draft / "data", password_file)
            (draft / "data").rename(self.folder)
        finally:
            shutil.rmtree(draft)

    def _run_initdb(self, folder: Path, password_file: Path) -> None:
        # fmt: off
        words = [
            str(self._programs / "initdb"), "-D", str(folder), "--username", ADMIN_ROLE, "--pwfile", str(password_file),
            *CLUSTER, "--no-instructions", *([] if self._fsync else ["--no-sync"]),
        ]
        # fmt: on
        account = self._account
        done = subprocess.run(
            words,
            cwd=self._home,
            env={"PATH": os.defpath, "LC_ALL": "C"},
            capture_output=True,
            check=False,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
        if done.returncode:
            raise EmbeddedError(f"initdb failed:\n{(done.stdout + done.stderr).decode(errors='replace')[-4000:]}")

    def _launch(self) -> Launch:
        settings = SETTINGS | {"unix_socket_directories": self._state.socket_folder}
        settings |= {} if self._fsync else UNSAFE_SETTINGS
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        words = [str(self._programs / "postgres"), "-D", str(self.folder), "-p", str(PORT), *options]
        return Launch(words, cwd=self._home, account=self._account)

    @property
    def _programs(self) -> Path:
        return postgres_folder_for(self._account, self._home)

    def _ready(self) -> bool:
        """The eighth line of postmaster.pid, where pg_ctl looks too; the first must be our child's."""
        try:
            lines = self.pid_file.read_text().split("\n")
        except OSError:
            return False
        return len(lines) > 7 and lines[0].strip() == str(self.pid) and lines[7].strip() == "ready"

    def _settle(self) -> None:
        """Make what is missing of roles and databases."""
        words = [str(postgres_folder() / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", self._state.socket_folder]
        done = subprocess.run(
            [*words, "-p", str(PORT), "-U", ADMIN_ROLE, "-d", "postgres"],
            input=set_up(self._state.database_passwords),
            env={"PATH": os.defpath, "LC_ALL": "C", "PGPASSWORD": self._state.database_passwords[ADMIN_ROLE]},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise self._failure(f"refused our set-up ({done.stderr.strip()})")


def set_up(passwords: Mapping[str, str]) -> str:
    """A script for psql that makes what is missing of roles (each with its password) and databases."""
    each = [_statements(role_of(service), passwords[role_of(service)]) for service in SERVICES]
    return "\n".join(["REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC;", *each])


def _statements(role: str, password: str) -> str:
    create_role = f"CREATE ROLE {role} LOGIN PASSWORD ''{password}''"
    create_database = f"CREATE DATABASE {role} OWNER {role}"
    return "\n".join(  # psql runs what a query answers when \\gexec ends it
        (
            f"SELECT '{create_role}' WHERE to_regrole('{role}') IS NULL \\gexec",
            f"SELECT '{create_database}' WHERE '{role}' NOT IN (SELECT datname FROM pg_database) \\gexec",  # noqa: S608
            f"REVOKE ALL ON DATABASE {role} FROM PUBLIC;",
        ),
    )


def settle_home(folder: Path, state: State, account: Account | None) -> None:
    """Record the folder that holds PostgreSQL's files: ``folder``/postgres if the account reaches that."""
    usual = folder / "postgres"
    if state.postgres_home:
        if not Path(state.postgres_home).is_dir():
            raise EmbeddedError(f"the PostgreSQL data of {folder} was in {state.postgres_home}, which is gone")
        return
    if (usual / "data").exists():
        raise EmbeddedError(f"{usual} holds a cluster whose passwords were lost with the state file of {folder}")
    if account and not account.reaches(folder):
        home = private_folder(lasting_base(folder, account), account)
    else:
        home = usual
        home.mkdir(mode=0o700, exist_ok=True)
        give(home, account)
    state.postgres_home = str(home)


def settle_socket_folder(state: State, account: Account | None) -> None:
    """Record where the socket is: beside the data, or in a short private folder if a socket address cannot say that."""
    usual = Path(state.postgres_home) / "run"
    if _sayable(usual):
        usual.mkdir(mode=0o700, exist_ok=True)
        give(usual, account)
        state.socket_folder = str(usual)
    elif not _is_private(Path(state.socket_folder), account):
        state.socket_folder = str(private_folder(Path(tempfile.gettempdir()), account))


def _sayable(folder: Path) -> bool:
    """Short enough, and without what the setting (a list) or a database URL would take for a separator."""
    path = str(folder)
    plain = path.replace("/", "").replace("-", "").replace("_", "").replace(".", "").isalnum()
    return plain and len(os.fsencode(path)) + len(f"/.s.PGSQL.{PORT}") <= SOCKET_PATH_LIMIT


def _is_private(folder: Path, account: Account | None) -> bool:
    """Whether it is still the folder we made: the temporary folder is swept, and others write there too."""
    try:
        status = folder.lstat()
    except OSError:
        return False
    owner = account.uid if account else os.geteuid()
    return bool(folder.name) and stat.S_ISDIR(status.st_mode) and status.st_uid == owner and not status.st_mode & 0o077
