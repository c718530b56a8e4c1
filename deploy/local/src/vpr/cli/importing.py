"""``vpr import``: a records extract becomes past cases in intake, and so events."""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import batched
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from vpr.cli.console import HomeOption, UrlOption, answered, calls, fail
from vpr.home import Home
from vpr_intake.extracts import CaseRecord, MappingError, RowIssue, load_mapping, read_extract, shipped_mappings

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
    try:
        rules = load_mapping(shipped_mappings().get(mapping) or Path(mapping))
    except (OSError, MappingError) as error:
        shipped = ", ".join(sorted(shipped_mappings()))
        raise fail(f"--mapping {mapping}: {error} (shipped: {shipped})") from error
    with calls(Home.given(home, url)) as client:
        tally = send(client, read_extract(file, rules))
    if issues:
        _write(issues, tally.issues)
    _report(tally, rules.source, issues)


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


def _write(path: Path, issues: Iterable[RowIssue]) -> None:
    with path.open("w", newline="") as file:
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
