"""``vpr evidence``: an operator checks stored evidence against its events. The service is not asked."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy.ext.asyncio import create_async_engine

from vpr.cli.console import HomeOption, embedded_errors, fail
from vpr.cli.verifying import UNTOLD, DeployedOption, servers
from vpr.home import Home
from vpr_events.outages import is_outage
from vpr_evidence.keys import MasterKeys
from vpr_evidence.storage import ObjectStorage, StorageUnavailable
from vpr_service.evidence import Evidence
from vpr_video.evidence.checking import Checked, check

app = typer.Typer(no_args_is_help=True, help="Evidence of calls.")

NEEDED = ("VIDEO_DATABASE_URL", "VIDEO_EVIDENCE_URL", "VIDEO_EVIDENCE_KEYS")
SessionOption = Annotated[UUID | None, typer.Option("--session", help="this session alone")]


@app.callback()
def _group() -> None:
    """Evidence of calls."""


@dataclass(frozen=True)
class _Place:
    """Video's database, and where its evidence lies."""

    database_url: str = field(repr=False)
    evidence: Evidence


@app.command()
def verify(session: SessionOption = None, home: HomeOption = None, deployed: DeployedOption = False) -> None:
    """Compare every stored item with the event that tells of it, and the custody's chains; ends with 1 at a fault."""
    with _place(home, deployed=deployed) as place:
        checked = asyncio.run(_checked(place, session))
    faults = [one for one in checked if one.fault]
    for fault in faults:
        typer.echo(str(fault))
    items = sum("evidence/" in one.what for one in checked)
    typer.echo(f"{items:,} items: {f'{len(faults)} faults' if faults else 'clean'}")
    if faults:
        raise typer.Exit(1)


async def _checked(place: _Place, session: UUID | None) -> list[Checked]:
    engine = create_async_engine(place.database_url, hide_parameters=True)
    try:
        return [one async for one in check(engine, place.evidence, session)]
    except Exception as error:
        if not (is_outage(error) or isinstance(error, StorageUnavailable)):
            raise
        raise fail(f"not verified: store or database does not answer ({type(error).__name__})", UNTOLD) from error
    finally:
        await engine.dispose()


@contextmanager
def _place(home: Path | None, *, deployed: bool) -> Iterator[_Place]:
    """That of the environment, or of this machine's system, whose servers are started unless they run."""
    if deployed:
        if missing := [name for name in NEEDED if not os.environ.get(name)]:
            raise fail("; ".join(f"{name} is not set" for name in missing))
        url, place, keys = (os.environ[name] for name in NEEDED)
        yield _Place(url, Evidence(ObjectStorage(place), MasterKeys([key.strip() for key in keys.split(",")])))
        return
    here = Home.given(home)
    if not here.exists:
        raise fail(f"there is no system in {here.folder}: start it with `vpr up`")
    kept = Evidence(ObjectStorage((here.evidence / "video").as_uri()), MasterKeys([here.evidence_key]))
    with embedded_errors(), servers(here) as endpoints:
        yield _Place(endpoints.database_urls["video"], kept)
