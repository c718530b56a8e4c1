"""``vpr backup`` and ``vpr restore``."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from vpr.backup import BackupError, restore_databases, take_backup
from vpr.cli.console import HomeOption, ServiceName, embedded_errors, fail
from vpr.embedded import Embedded, EmbeddedError, Endpoints
from vpr.home import Home
from vpr.migration import migrate_embedded
from vpr_events.contracts import SERVICES

FolderArgument = Annotated[Path, typer.Argument(help="the backup's folder", file_okay=False)]


def backup(folder: FolderArgument, home: HomeOption = None) -> None:
    """Write all databases (and seals) into a new folder. The system may run; each database is consistent by itself.

    The log is not in it: the databases are the truth, and `vpr refill` fills a log up from them. It holds personal
    data: keep it as you keep the databases.
    """
    here = _existing(home)
    try:
        with embedded_errors():
            manifest = _while_up(here, folder)
    except BackupError as error:
        raise fail(str(error)) from error
    typer.echo(f"{len(manifest)} files in {folder}, with their digests in manifest.json")


def _while_up(home: Home, folder: Path) -> dict[str, str]:
    """Of the running servers, or of those that we start for this."""
    embedded = Embedded(home.servers)
    try:
        embedded.start()
    except EmbeddedError:
        return take_backup(Endpoints.load(home.servers), home.seals, folder)
    with embedded:
        return take_backup(embedded.endpoints, home.seals, folder)


def restore(
    folder: FolderArgument,
    only: Annotated[ServiceName | None, typer.Option(help="only this service's database")] = None,
    home: HomeOption = None,
) -> None:
    """Put all databases back to a backup, of a system that is stopped. Afterwards: `vpr up`, and `vpr recover`."""
    here = Home.given(home)
    here.create()
    try:
        with embedded_errors(), Embedded(here.servers) as embedded:
            shutil.rmtree(here.imports, ignore_errors=True)  # what they sent may be gone now
            restore_databases(folder, embedded.endpoints, here.seals, [only] if only else SERVICES)
            migrate_embedded(embedded.endpoints)
    except BackupError as error:
        raise fail(str(error)) from error
    typer.echo(
        "restored; the services write nothing until `vpr up` runs and `vpr recover` has taken back what the log has"
    )


def _existing(folder: Path | None) -> Home:
    here = Home.given(folder)
    if not here.exists:
        raise fail(f"there is no system in {here.folder}: start it with `vpr up`")
    return here
