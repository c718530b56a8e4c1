"""``vpr flow``: an event log of one's own, measured as ours is."""

import csv
import sys
from pathlib import Path
from typing import Annotated

import typer

from vpr.cli.console import fail

COLUMNS = ("before", "after", "n", "mean", "median", "total")


def flow(
    log: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="an event log: .xes, .xes.gz or .csv")],
) -> None:
    """Print which activity follows which how often and after how many seconds, as CSV. Needs no running system.

    It is what /v1/flow computes of our own cases: hold it against your own process-mining tool.
    """
    from vpr_metrics.logs import LogError, flow_of

    try:
        steps = flow_of(log)
    except LogError as error:
        raise fail(str(error)) from error
    out = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
    out.writeheader()
    out.writerows(steps)
