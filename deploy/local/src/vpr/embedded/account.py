"""The unprivileged account that PostgreSQL runs as when we are root, and places that it can reach."""

import os
import pwd
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

ENV_USER = "VPR_POSTGRES_USER"


@dataclass(frozen=True)
class Account:
    """An existing account: numeric user and group."""

    uid: int
    gid: int

    def reaches(self, folder: Path) -> bool:
        """Whether it may pass through every folder down to this one, by the permission bits."""
        folder = folder.resolve()
        return all(self._may_pass(place.stat()) for place in (folder, *folder.parents) if place.exists())

    def _may_pass(self, status: os.stat_result) -> bool:
        if status.st_uid == self.uid:
            return bool(status.st_mode & stat.S_IXUSR)
        if status.st_gid == self.gid:
            return bool(status.st_mode & stat.S_IXGRP)
        return bool(status.st_mode & stat.S_IXOTH)


def unprivileged() -> Account | None:
    """The account to become, or None when we are not root and stay who we are.

    Taken from VPR_POSTGRES_USER, a name or a number, else ``nobody``. Raises LookupError when there is no such account.
    """
    if os.geteuid() != 0:
        return None
    wanted = os.environ.get(ENV_USER, "nobody")
    try:
        entry = pwd.getpwuid(int(wanted)) if wanted.isdecimal() else pwd.getpwnam(wanted)
    except KeyError as error:
        raise LookupError(f"no account {wanted!r} to run PostgreSQL as; set {ENV_USER}") from error
    return Account(entry.pw_uid, entry.pw_gid)


def private_folder(base: Path, account: Account | None) -> Path:
    """A new folder under ``base`` that only the account (or we) can open."""
    folder = Path(tempfile.mkdtemp(prefix="vpr-", dir=base))
    give(folder, account)
    return folder


def give(path: Path, account: Account | None) -> None:
    """Make the account the owner."""
    if account:
        os.chown(path, account.uid, account.gid)


def lasting_base(folder: Path, account: Account) -> Path:
    """Where data can live that ``folder`` cannot hold, because the account does not reach it.

    What is under the temporary folder may stay as temporary. Else /var/lib: /var/tmp is swept of files that lay
    unused for a month.
    """
    temporary = Path(tempfile.gettempdir())
    bases = [Path("/var/lib"), Path("/var/tmp"), temporary]  # noqa: S108 - mkdtemp makes the name
    if folder.resolve().is_relative_to(temporary.resolve()):
        bases.insert(0, temporary)
    for base in bases:
        if base.is_dir() and account.reaches(base):
            return base
    raise LookupError(f"user {account.uid} reaches neither {folder} nor any of {[str(base) for base in bases]}")
