"""``vpr import``: a records extract becomes past cases in intake, and so events."""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import batched
from pathlib import Path
from typing import Annotated, Any, TextIO

import httpx
import typer

from vpr.cli.console import HomeOption, UrlOption, answered, calls, fail
from vpr.home import Home
from vpr_intake.extracts import (
    CaseRecord,
    Mapping,
    MappingError,
    RowIssue,
    load_mapping,
    read_extract,
    shipped_mappings,
)

BATCH = 500
SHOWN = 10


@dataclass
class Tally:
    """What became of a file."""

    recorded: int = 0
    unchanged: int = 0
    differing: list[str] = field(default_factory=list)
    issues: list[RowIssue] = field(default_factory=list)


def import_extract(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="the extract, a CSV file")],
    mapping: Annotated[str, typer.Option(help="a mapping file, or the name of a shipped one")],
    issues: Annotated[Path | None, typer.Option(help="write every row that was not taken as it is to this CSV")] = None,
    home: HomeOption = None,
    url: UrlOption = None,
) -> None:
    """Import past cases. Importing again changes nothing; every row that is left out is counted and listed."""
    rules = _rules(mapping)
    try:
        with calls(Home.given(home, url)) as client, _issues_file(issues) as listed:
            tally = send(client, read_extract(file, rules))
            _list(listed, tally.issues)
    except (MappingError, UnicodeDecodeError) as error:
        raise fail(f"{file} is not what the mapping {mapping} is for: {error}") from error
    _report(tally, rules.source, issues)


def _rules(mapping: str) -> Mapping:
    shipped = shipped_mappings()
    if mapping not in shipped and not Path(mapping).is_file():
        raise fail(f"--mapping {mapping}: there is no such file; shipped are {', '.join(sorted(shipped))}")
    try:
        return load_mapping(shipped.get(mapping) or Path(mapping))
    except (OSError, MappingError) as error:
        raise fail(f"--mapping {mapping}: {error}") from error


def send(client: httpx.Client, rows: Iterable[CaseRecord | RowIssue]) -> Tally:
    """Send the records to intake in batches, setting the issues aside."""
    tally = Tally()
    for batch in batched(_records(rows, tally), BATCH, strict=False):
        answer = answered(client.post("/intake/v1/history/cases", json={"cases": [_as_json(one) for one in batch]}))
        tally.recorded += answer["recorded"]
        tally.unchanged += answer["unchanged"]
        tally.differing += answer["differing"]
    return tally


def _records(rows: Iterable[CaseRecord | RowIssue], tally: Tally) -> Iterator[CaseRecord]:
    for row in rows:
        if isinstance(row, RowIssue):
            tally.issues.append(row)
        else:
            yield row


def _as_json(record: CaseRecord) -> dict[str, Any]:
    present = {name: value for name, value in asdict(record).items() if value is not None}
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in present.items()}


@contextmanager
def _issues_file(path: Path | None) -> Iterator[TextIO | None]:
    """The file that lists them, opened before anything is sent, so that a wrong path changes nothing."""
    if path is None:
        yield None
        return
    try:
        file = path.open("w", newline="")
    except OSError as error:
        raise fail(f"--issues {path}: {error.strerror}") from error
    with file:
        yield file


def _list(file: TextIO | None, issues: Iterable[RowIssue]) -> None:
    if file:
        out = csv.writer(file)
        out.writerow(["line", "record_id", "kind", "reason", "field"])
        out.writerows([one.line, one.record_id, one.kind, one.reason, one.field] for one in issues)


def _report(tally: Tally, source: str, written: Path | None) -> None:
    typer.echo(f"{source}: {tally.recorded} recorded, {tally.unchanged} unchanged, {len(tally.differing)} differing")
    for (kind, reason), count in sorted(Counter((one.kind, one.reason) for one in tally.issues).items()):
        typer.echo(f"  {kind:9} {reason:24} {count}")
    if tally.issues and not written:
        for one in tally.issues[:SHOWN]:
            typer.echo(f"  line {one.line}: {one.kind}, {one.reason}, record {one.record_id}")
        typer.echo("  every such row is listed with --issues FILE.csv")
    if tally.differing:
        raise fail(f"recorded before with other content, left as they were: {', '.join(tally.differing[:SHOWN])}")
