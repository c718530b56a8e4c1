"""``vpr verify``: an operator compares streams, log and seals. No service is asked: none vouches for itself."""

import asyncio
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.ext.asyncio import create_async_engine

from vpr.cli.console import HomeOption, ServiceArgument, embedded_errors, fail
from vpr.embedded import Embedded, Endpoints, InUse
from vpr.home import Home
from vpr_events.contracts import SERVICES
from vpr_events.log import EventLog
from vpr_events.outages import is_outage
from vpr_events.sealing import SealsDisagree, adopt
from vpr_events.seals import BadSeal, BadSealKey, PublicKeys, SealFolder, public_keys
from vpr_events.verifying.findings import Finding
from vpr_events.verifying.whole import Subject, Verification

UNTOLD = 2
"""The exit code when nothing could be found out."""
SHOWN = 1000
PROGRESS_EVERY = 100_000

DeployedOption = Annotated[
    bool, typer.Option("--deployed", help="the system that the environment names, instead of one on this machine")
]
KeyOption = Annotated[
    list[Path] | None, typer.Option("--key", help="a public key (PEM) that seals may be signed with; may be repeated")
]
GraceOption = Annotated[int, typer.Option("--grace", min=0, help="seconds that events may stay unsealed")]


@dataclass(frozen=True)
class Places:
    """Where everything is: databases and folders by service, the log and its administrator, the keys of seals."""

    database_urls: Mapping[str, str] = field(repr=False)
    folders: Mapping[str, SealFolder]
    nats_url: str
    admin: tuple[str, str] = field(repr=False)
    keys: PublicKeys


def verify(
    home: HomeOption = None, deployed: DeployedOption = False, key: KeyOption = None, grace: GraceOption = 300
) -> None:
    """Compare streams, log and seals of all services; ends with 1 when something does not agree."""
    with _places(home, deployed, key or ()) as places:
        verification = asyncio.run(_verify(places, timedelta(seconds=grace)))
    _sum_up(verification)
    if verification.findings:
        raise typer.Exit(1)


def adopt_seals(
    service: ServiceArgument, home: HomeOption = None, deployed: DeployedOption = False, key: KeyOption = None
) -> None:
    """Take seals that only the folder has into the table: after a database was restored from a backup."""
    with _places(home, deployed, key or ()) as places:
        count = asyncio.run(_adopt(places, service))
    typer.echo(f"{service}: {count} seals taken in")


async def _verify(places: Places, grace: timedelta) -> Verification:
    shown = _Shown()
    log = EventLog(places.nats_url, *places.admin)
    engines = {name: create_async_engine(url, hide_parameters=True) for name, url in places.database_urls.items()}
    subjects = [Subject(name, engine, places.folders[name], places.keys) for name, engine in engines.items()]
    verification = Verification(subjects, log, shown.finding, shown.progress, grace)
    try:
        async with asyncio.timeout(30):
            await log.connect()
        await verification.run()
    except Exception as error:
        if not is_outage(error):
            raise
        raise fail(f"not verified: log or database does not answer ({type(error).__name__})", UNTOLD) from error
    finally:
        await log.close()
        for engine in engines.values():
            await engine.dispose()
    return verification


async def _adopt(places: Places, service: str) -> int:
    engine = create_async_engine(places.database_urls[service], hide_parameters=True)
    try:
        async with engine.begin() as connection:
            return await adopt(connection, service, places.folders[service], places.keys)
    except (BadSeal, SealsDisagree) as error:
        raise fail(f"{service}: nothing taken in: {error}") from error
    finally:
        await engine.dispose()


@dataclass
class _Shown:
    """What the terminal was told."""

    findings: int = 0
    told: dict[str, int] = field(default_factory=dict)

    def finding(self, finding: Finding) -> None:
        self.findings += 1
        if self.findings <= SHOWN:
            typer.echo(str(finding))
        elif self.findings == SHOWN + 1:
            typer.echo("and more, which are only counted")

    def progress(self, what: str, count: int) -> None:
        if count < self.told.get(what, 0):
            self.told[what] = 0
        if count - self.told.get(what, 0) >= PROGRESS_EVERY:
            self.told[what] = count
            typer.echo(f"… {count:,} {what}", err=True)


def _sum_up(verification: Verification) -> None:
    all_of = verification.evidence.values()
    counted = {
        "events": sum(one.events for one in all_of),
        "streams": sum(one.streams for one in all_of),
        "seals": sum(one.seals for one in all_of),
        "messages of the log": sum(one.messages for one in all_of),
    }
    text = ", ".join(f"{count:,} {what}" for what, count in counted.items())
    typer.echo(f"{text}: {f'{verification.findings} findings' if verification.findings else 'clean'}")


@contextmanager
def _places(home: Path | None, deployed: bool, keys: Sequence[Path]) -> Iterator[Places]:
    """Those of the environment, or of this machine's system, whose servers are started unless they run."""
    try:
        if deployed:
            yield _deployed(keys)
            return
        here = Home.given(home)
        if not here.exists:
            raise fail(f"there is no system in {here.folder}: start it with `vpr up`")
        with embedded_errors(), servers(here) as endpoints:
            folders = {name: SealFolder(here.seals / name) for name in SERVICES}
            urls, admin = endpoints.database_urls, endpoints.nats_users["admin"]
            yield Places(urls, folders, endpoints.nats_url, admin, public_keys([here.seal_key, *keys]))
    except BadSealKey as error:
        raise fail(str(error)) from error


@contextmanager
def servers(home: Home) -> Iterator[Endpoints]:
    """The servers of a local system, started unless they run."""
    embedded = Embedded(home.servers)
    try:
        endpoints = embedded.start()
    except InUse:
        yield Endpoints.load(home.servers)
        return
    try:
        yield endpoints
    finally:
        embedded.stop()


def _deployed(keys: Sequence[Path]) -> Places:
    names = [f"{name.upper()}_{what}" for name in SERVICES for what in ("DATABASE_URL", "SEAL_FOLDER")]
    missing = [name for name in (*names, "NATS_URL", "VPR_NATS_ADMIN_PASSWORD") if not os.environ.get(name)]
    if missing or not keys:
        raise fail("; ".join([*(f"{name} is not set" for name in missing), *([] if keys else ["--key is missing"])]))
    return Places(
        {name: os.environ[f"{name.upper()}_DATABASE_URL"] for name in SERVICES},
        {name: SealFolder(Path(os.environ[f"{name.upper()}_SEAL_FOLDER"])) for name in SERVICES},
        os.environ["NATS_URL"],
        ("admin", os.environ["VPR_NATS_ADMIN_PASSWORD"]),
        public_keys(keys),
    )
