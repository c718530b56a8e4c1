"""``vpr`` as an operator types it, without the start of a process for every command.

A test that runs many commands runs the first as a process (``vpr.__main__`` is there and loads), the others here: they
do the same, and most of a command's time is the loading of its modules.
"""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from typer.testing import CliRunner

from tests.waiting import DEADLINE
from vpr.cli import app


@dataclass(frozen=True)
class Said:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def all(self) -> str:
        """Everything that it printed."""
        return self.out + self.err


def in_a_process(environment: Mapping[str, str], *words: str) -> Said:
    """Run it as a process with these variables and no others."""
    called = [sys.executable, "-m", "vpr", *words]
    done = subprocess.run(called, env=environment, capture_output=True, text=True, check=False, timeout=3 * DEADLINE)
    return Said(done.returncode, done.stdout, done.stderr)


def here(environment: Mapping[str, str], *words: str) -> Said:
    """Run it in this process, with these variables beside our own."""
    done = CliRunner().invoke(app, words, env=environment, catch_exceptions=False)
    return Said(done.exit_code, done.stdout, done.stderr)
