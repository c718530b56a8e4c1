"""Where the embedded servers are and who may enter, kept in the folder for restarts and for other processes."""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import quote

from vpr.embedded.process import EmbeddedError
from vpr_events.contracts import SERVICES

ADMIN_ROLE = "vpr_admin"
FILE = "embedded.json"


@dataclass(frozen=True)
class Endpoints:
    """Addresses with their passwords.

    ``database_urls`` maps service -> URL (own database, own role); ``nats_users`` maps service or ``admin`` ->
    (user, password). PostgreSQL is reached by a unix socket: its folder is the URL's ``host``.
    """

    admin_database_url: str = field(repr=False)
    database_urls: Mapping[str, str] = field(repr=False)
    nats_url: str
    nats_users: Mapping[str, tuple[str, str]] = field(repr=False)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Those of the folder's last start, running or not. Raises EmbeddedError when nothing was started there."""
        state = State.load(folder)
        if state is None or state.nats_port is None:
            raise EmbeddedError(f"nothing was ever started in {folder}")
        return cls(
            admin_database_url=_database_url(state, ADMIN_ROLE, "postgres"),
            database_urls={name: _database_url(state, role_of(name), role_of(name)) for name in SERVICES},
            nats_url=f"nats://127.0.0.1:{state.nats_port}",
            nats_users={name: (name, state.nats_passwords[name]) for name in ("admin", *SERVICES)},
        )


def role_of(service: str) -> str:
    """The login role of a service, which is also the name of its database."""
    return f"vpr_{service}"


def _database_url(state: "State", role: str, database: str) -> str:
    password = state.database_passwords[role]
    return f"postgresql+asyncpg://{role}:{password}@/{database}?host={quote(state.socket_folder, safe='/')}"


def _passwords(names: tuple[str, ...]) -> dict[str, str]:
    # A letter first: nats-server reads a password such as 12e4 as a number and refuses to start.
    return {name: f"p{secrets.token_hex(24)}" for name in names}


@dataclass
class State:
    """What must outlive a run: passwords, the port, and where PostgreSQL's folders are."""

    postgres_home: str = ""
    socket_folder: str = ""
    nats_port: int | None = None
    nats_passwords: dict[str, str] = field(default_factory=lambda: _passwords(("admin", *SERVICES)))
    database_passwords: dict[str, str] = field(
        default_factory=lambda: _passwords((ADMIN_ROLE, *map(role_of, SERVICES))),
    )

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """The folder's state, or None when it has none yet."""
        try:
            return cls(**json.loads((folder / FILE).read_bytes()))
        except FileNotFoundError:
            return None

    def save(self, folder: Path) -> None:
        """Write it whole or not at all, for our eyes only."""
        draft = folder / f"{FILE}.new"
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(asdict(self), file, indent=1)
            file.flush()
            os.fsync(descriptor)
        draft.replace(folder / FILE)
