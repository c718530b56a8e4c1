"""Workers as processes of their own, which are killed in the middle of their work.

``python -m tests.workers KIND URL FILE``: each writes to the file what it is doing, and then hangs.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from sqlalchemy.ext.asyncio import create_async_engine

from tests.examples import NOON
from tests.waiting import wait_for
from vpr_events.decider import by_family
from vpr_events.effect_runner import EffectRunner, Task
from vpr_events.event import Recorded
from vpr_events.passes import Execution
from vpr_events.pipeline import Pipeline
from vpr_events.scheduler import Scheduler
from vpr_events.writes import Write
from vpr_triage.domain.case import case

FOR_EVER = 600.0


def fire_a_timer(url: str, note: Path) -> None:
    """Fire what is due a year after noon, and hang when the event is decided and nothing is committed."""

    def hang(event: Recorded) -> Iterable[Write]:
        note.write_text(event.type)
        time.sleep(FOR_EVER)
        return ()

    engine = create_async_engine(url)
    scheduler = Scheduler(engine, Pipeline(engine, (hang,)), by_family([case]), lambda: NOON + timedelta(days=365))
    asyncio.run(scheduler.run(asyncio.Event()))


def carry_out_an_effect(url: str, note: Path) -> None:
    """Take an effect up and hang in the middle of it."""

    async def hang(task: Task) -> Iterable[Execution]:
        await asyncio.to_thread(note.write_text, str(task.id))
        await asyncio.sleep(FOR_EVER)
        return ()

    engine = create_async_engine(url)
    runner = EffectRunner(engine, Pipeline(engine), {"ring": hang})
    asyncio.run(runner.run(asyncio.Event()))


def killed_in_the_middle(kind: str, url: str, note: Path) -> str:
    """Start such a worker and kill -9 it once it is in the middle of its work: what it noted."""
    worker = subprocess.Popen([sys.executable, "-m", "tests.workers", kind, url, note])
    try:
        wait_for(lambda: worker.poll() is not None or (note.exists() and note.read_text()), "it is in the middle")
        assert worker.poll() is None, "it ended"
    finally:
        worker.kill()
        worker.wait()
    return note.read_text()


if __name__ == "__main__":
    {"timer": fire_a_timer, "effect": carry_out_an_effect}[sys.argv[1]](sys.argv[2], Path(sys.argv[3]))
