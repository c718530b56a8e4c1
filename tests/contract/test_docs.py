"""What the documents promise: links lead somewhere, the example mapping loads, commands and targets exist."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from vpr_intake.extracts import load_mapping

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
EXTRACTS = ROOT / "services/intake/src/vpr_intake/extracts/README.md"


@pytest.mark.parametrize("document", [*DOCUMENTS, EXTRACTS], ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_to_a_file(document: Path) -> None:
    links = re.findall(r"\]\((?!https?://)([^)#]+)\)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_the_example_mapping_loads() -> None:
    example = re.search(r"```yaml\n(.*?)```", EXTRACTS.read_text(), re.DOTALL)
    assert example
    assert load_mapping(example[1]).source == "my-agency"


def test_every_make_target_that_a_document_names_exists() -> None:
    named = {name for one in DOCUMENTS for name in re.findall(r"`make ([a-z]+)", one.read_text())}
    targets = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert named
    assert named <= targets


def test_every_vpr_command_that_a_document_names_exists() -> None:
    named = {name for one in DOCUMENTS for name in re.findall(r"`(?:\.venv/bin/)?vpr ([a-z][a-z-]+)", one.read_text())}
    shown = subprocess.run([sys.executable, "-m", "vpr", "--help"], capture_output=True, text=True, check=True).stdout
    assert named
    assert {name for name in named if not re.search(rf"\b{name}\b", shown)} == set()
