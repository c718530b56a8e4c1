"""``vpr import``: a records extract becomes past cases in intake, and so events."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Annotated, Any

import httpx
import typer

from vpr.cli.console import HomeOption, UrlOption, answered, calls, fail, progress
from vpr.home import Home
from vpr.importing import SHOWN, Busy, Import, IssueList, Journal, Tally, key_of
from vpr_intake.extracts import Mapping, MappingError, load_mapping, open_table, shipped_mappings

JSON = {"Content-Type": "application/json"}


def import_extract(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="the extract, a CSV or Parquet file")],
    mapping: Annotated[str, typer.Option(help="a mapping file, or the name of a shipped one")],
    issues: Annotated[Path | None, typer.Option(help="write every row that was not taken as it is to this CSV")] = None,
    anew: Annotated[bool, typer.Option("--anew", help="from the first row, though one was cut off before")] = False,
    home: HomeOption = None,
    url: UrlOption = None,
) -> None:
    """Import past cases. Importing again changes nothing, and one that was cut off goes on where it was.

    Every row that is left out is counted and listed.
    """
    here, rules = Home.given(home, url), _rules(mapping)
    began = monotonic()
    try:
        with (
            calls(here) as client,
            open_table(file, rules) as table,
            _journal(here, key_of(file, rules, issues), issues, anew=anew) as journal,
            _listed(issues, journal.state.listed) as listed,
            progress("importing") as bar,
        ):
            tally = Import(lambda body: _posted(client, body), journal, listed, lambda read: bar(read, table.size)).run(
                table, rules
            )
    except (MappingError, UnicodeDecodeError) as error:
        raise fail(f"{file} is not what the mapping {mapping} is for: {error}") from error
    except Busy as error:
        raise fail(f"{file} is being imported by another process") from error
    _report(tally, rules.source, issues, monotonic() - began)


def _rules(mapping: str) -> Mapping:
    shipped = shipped_mappings()
    if mapping not in shipped and not Path(mapping).is_file():
        raise fail(f"--mapping {mapping}: there is no such file; shipped are {', '.join(sorted(shipped))}")
    try:
        return load_mapping(shipped.get(mapping) or Path(mapping))
    except (OSError, MappingError) as error:
        raise fail(f"--mapping {mapping}: {error}") from error


@contextmanager
def _journal(home: Home, key: str, issues: Path | None, *, anew: bool) -> Iterator[Journal]:
    with Journal.opened(home.imports, key, anew=anew) as journal:
        listed = issues.stat().st_size if issues and issues.is_file() else 0
        if listed < journal.state.listed:
            journal.begin()
        if rows := journal.state.place.rows:
            typer.echo(f"going on behind row {rows:,} of an import that was cut off (--anew begins anew)")
        yield journal


@contextmanager
def _listed(path: Path | None, written: int) -> Iterator[IssueList]:
    """The list, opened before anything is sent, so that a wrong path changes nothing."""
    try:
        opened = IssueList.opened(path, written)
        with opened as listed:
            yield listed
    except OSError as error:
        raise fail(f"--issues {path}: {error.strerror}") from error


def _posted(client: httpx.Client, body: bytes) -> dict[str, Any]:
    answer: dict[str, Any] = answered(client.post("/intake/v1/history/cases", content=body, headers=JSON))
    return answer


def _report(tally: Tally, source: str, written: Path | None, seconds: float) -> None:
    differing = tally.issues["differing recorded_differently"]
    typer.echo(f"{source}: {tally.recorded} recorded, {tally.unchanged} unchanged, {differing} differing")
    for told, count in sorted(tally.issues.items()):
        kind, reason = told.split()
        typer.echo(f"  {kind:9} {reason:24} {count}")
    typer.echo(
        f"  in {seconds:.1f} s, {(tally.recorded + tally.unchanged + differing) / seconds:,.0f} records/s", err=True
    )
    if tally.examples and not written:
        for one in tally.examples:
            typer.echo(f"  line {one.line}: {one.kind}, {one.reason}, record {one.record_id}")
        typer.echo("  every such row is listed with --issues FILE.csv")
    if tally.differing:
        raise fail(f"recorded before with other content, left as they were: {', '.join(tally.differing[:SHOWN])}")
