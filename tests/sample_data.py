"""Where the public sample extracts are: beside the project, or in the folder that VPR_SAMPLE_DATA names."""

import os
from pathlib import Path

import pytest

EXTRACTS = {
    "nypd_2024": "nypd_2024_subset.csv",
    "virginia_beach_ems": "virginia_beach_ems_2017_18.csv",
    "lancaster_fire_ems": "lancaster_fire_ems_2010_2020.csv",
}


def calls_folder() -> Path:
    """The folder of the extracts. Without them the test fails in CI and is skipped, saying so, elsewhere."""
    beside = Path(__file__).parents[2] / "shared" / "data" / "calls"
    found = Path(os.environ.get("VPR_SAMPLE_DATA", beside))
    missing = [name for name in EXTRACTS.values() if not (found / name).is_file()]
    if missing:
        reason = f"sample extracts not found: {', '.join(missing)}; set VPR_SAMPLE_DATA to their folder"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    return found


def extract(mapping: str) -> Path:
    """The extract that a shipped mapping is for."""
    return calls_folder() / EXTRACTS[mapping]


def shared(path: str) -> Path:
    """Another public file beside the extracts, such as an event log. Without it as without the extracts."""
    found = calls_folder().parent / path
    if not found.is_file():
        reason = f"sample file not found: {path}; it lies beside the extracts' folder"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    return found
