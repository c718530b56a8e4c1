"""A backup: one dump for each service's database, the seals, and a manifest with the digest of every file."""

import asyncio
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from sqlalchemy.engine import URL, make_url

from vpr.embedded import Endpoints
from vpr.embedded.binaries import postgres_folder
from vpr.services import assembly
from vpr_events.contracts import SERVICES
from vpr_service.migrating import upgrade

MANIFEST = "manifest.json"
FORMAT = 1
SEALS = "seals"
SUFFIX = "_restored"

DONE_SINCE = "restored from a backup: it may have been done since; replay it if it was not"

MARK = f"""
    insert into recoveries (reason) values ('restored') on conflict do nothing;
    update effects set dead = true, error = '{DONE_SINCE}' where not dead;
"""  # noqa: S608 - a constant
"""A restored database waits for its recovery, and does nothing to the world a second time."""


class BackupError(Exception):
    """A backup cannot be taken or used; nothing was changed."""


def take_backup(endpoints: Endpoints, seals: Path, folder: Path) -> dict[str, str]:
    """Write a backup into ``folder``, which must not exist: the digest of each file by its name.

    A folder of that name is a whole backup: it is made beside its place. Raises BackupError.
    """
    if folder.exists():
        raise BackupError(f"{folder} exists: a backup goes into a new folder")
    draft = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700, parents=True)
    for service in SERVICES:
        _dump(make_url(endpoints.database_urls[service]), draft / f"{service}.dump")
    if seals.is_dir():
        shutil.copytree(seals, draft / SEALS)
    digests = _digests(draft)
    manifest = {"format": FORMAT, "taken_at": datetime.now(UTC).isoformat(timespec="seconds"), "files": digests}
    (draft / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n")
    draft.rename(folder)
    return digests


def _dump(database: URL, file: Path) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as target:
        _run("pg_dump", database, "--format=custom", "--no-owner", "--no-privileges", stdout=target)
        os.fsync(descriptor)


def check_backup(folder: Path) -> None:
    """Every file is there and is what was written. Raises BackupError naming what is not."""
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        known, expected = manifest["format"] == FORMAT, dict(manifest["files"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackupError(f"{folder} is no backup: {MANIFEST} cannot be read ({type(error).__name__})") from error
    if not known:
        raise BackupError(f"{folder} is a backup of another format than {FORMAT}")
    missing = [f"{service}.dump" for service in SERVICES if f"{service}.dump" not in expected]
    found = _digests(folder)
    differing = sorted(name for name in {*expected, *found} if expected.get(name) != found.get(name))
    if missing or differing:
        raise BackupError(f"{folder} is damaged: {', '.join(missing or differing)}; nothing was restored")


def restore_databases(folder: Path, endpoints: Endpoints, seals: Path, services: Sequence[str] = SERVICES) -> None:
    """Replace databases of running servers by the backup's, each marked for its recovery. Raises BackupError.

    All are restored beside the present ones before the first is replaced.
    """
    check_backup(folder)
    admin = make_url(endpoints.admin_database_url)
    urls = {service: make_url(endpoints.database_urls[service]) for service in services}
    _check_unused(admin, [str(url.database) for url in urls.values()])
    for service, url in urls.items():
        _restore_beside(folder / f"{service}.dump", service, url, admin)
    for url in urls.values():
        _sql(
            admin,
            f'drop database if exists "{url.database}"',
            f'alter database "{url.database}{SUFFIX}" rename to "{url.database}"',
        )
    if (folder / SEALS).is_dir():
        shutil.copytree(folder / SEALS, seals, dirs_exist_ok=True)


def _check_unused(admin: URL, databases: Sequence[str]) -> None:
    names = ", ".join(f"'{name}'" for name in databases)
    query = f"select string_agg(distinct usename, ', ') from pg_stat_activity where datname in ({names})"  # noqa: S608
    if users := _sql(admin, query).strip():
        raise BackupError(f"the databases are in use by {users}: stop the services first; nothing was restored")


def _restore_beside(dump: Path, service: str, url: URL, admin: URL) -> None:
    """A restored database with its marks, in its newest form."""
    draft = url.set(database=f"{url.database}{SUFFIX}")
    _sql(
        admin,
        f'drop database if exists "{draft.database}"',
        f'create database "{draft.database}" owner "{url.username}"',
    )
    with dump.open("rb") as source:
        _run(
            "pg_restore",
            draft,
            "--exit-on-error",
            "--no-owner",
            "--no-privileges",
            "--single-transaction",
            stdin=source,
        )
    asyncio.run(upgrade(assembly(service).MIGRATIONS, draft.render_as_string(hide_password=False)))
    _sql(draft, MARK)


def _sql(database: URL, *statements: str) -> str:
    words = [word for statement in statements for word in ("-c", statement)]
    return _run("psql", database, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", *words).decode()


def _run(
    program: str, database: URL, *words: str, stdin: IO[bytes] | None = None, stdout: IO[bytes] | None = None
) -> bytes:
    """Run one of PostgreSQL's programs on a database. The password goes by the environment, which others cannot see."""
    host = database.query.get("host") or database.host or ""
    place = [
        "-h",
        str(host),
        "-p",
        str(database.port or 5432),
        "-U",
        str(database.username),
        "-d",
        str(database.database),
    ]
    environment = {"PATH": os.defpath, "LC_ALL": "C", "PGPASSWORD": database.password or ""}
    done = subprocess.run(
        [str(postgres_folder() / program), *place, *words],
        env=environment,
        check=False,
        stdin=stdin,
        stdout=stdout or subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    if done.returncode:
        raise BackupError(f"{program} of {database.database} failed: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout or b""


def _digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / MANIFEST)
    return {str(path.relative_to(folder)): _digest(path) for path in files}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
