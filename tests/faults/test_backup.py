"""`vpr backup`, `restore`, `recover` and `refill`, as an operator types them."""

import json
from collections.abc import Callable
from pathlib import Path

import httpx

from tests.command_line import Said, here, in_a_process
from tests.faults.test_all_in_one import cases, file_one, headers
from tests.processes import TLS, Process, all_in_one
from tests.waiting import DEADLINE, wait_for


def vpr(process: Process, *words: str, good: bool = True, how: Callable[..., Said] = here) -> str:
    """Run a command on the system: what it printed."""
    said = how({**process.environment, "PATH": ""}, *words)
    assert (said.code == 0) is good, said.all
    return said.all


def doctor(process: Process) -> str:
    """What is found now, which may be nothing until a service that has just started has looked at the log."""
    return here({**process.environment, "PATH": ""}, "doctor").all


def quiet(process: Process, folder: Path) -> bool:
    state = httpx.get(
        f"{process.url}/intake/readyz", headers=headers(folder, process), verify=TLS, timeout=DEADLINE
    ).json()
    return bool(state["broker"] and state["outbox"] == 0)


def test_an_operator_restores_and_recovers(tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    with all_in_one(tmp_path) as process:
        early = {file_one(tmp_path, process) for _ in range(3)}
        wait_for(lambda: cases(tmp_path, process) == early)
        assert "5 files" in vpr(process, "backup", str(backup), how=in_a_process)
        assert len(json.loads((backup / "manifest.json").read_text())["files"]) == 5
        assert {file.stat().st_mode & 0o077 for file in backup.glob("*.dump")} == {0}
        late = {file_one(tmp_path, process) for _ in range(3)}
        wait_for(lambda: cases(tmp_path, process) == early | late and quiet(process, tmp_path))
        assert "in use" in vpr(process, "restore", str(backup), good=False)
        process.stop()

        assert "restored" in vpr(process, "restore", str(backup))
        process.start()
        wait_for(lambda: "triage: its database lacks what the log holds" in doctor(process))
        told = vpr(process, "recover")
        assert "3 events taken back from the log" in told
        assert all(report in told for report in late)
        wait_for(lambda: cases(tmp_path, process) == early | late)
        wait_for(lambda: "all is well" in doctor(process))
        assert "needs no recovery" in vpr(process, "recover", "triage")
        assert "0 were missing" in vpr(process, "refill", "intake")
        later = file_one(tmp_path, process)
        wait_for(lambda: cases(tmp_path, process) == early | late | {later})
