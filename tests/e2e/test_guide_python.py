"""The Python guide: its blocks run on a real system and print what it shows; then the client by itself."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.processes import all_in_one
from tests.waiting import DEADLINE
from vpr.home import Home
from vpr_client import Client, ClientCredentials, ProblemError
from vpr_events.contracts.values import Role

GUIDE = Path(__file__).parents[2] / "docs" / "guide-analysts-python.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Running:
    url: str
    home: Home
    folder: Path

    def client(self, role: Role) -> Client:
        return Client(self.url, self.home.issuer().token([role]))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("guide")
    with all_in_one(folder) as process, pytest.MonkeyPatch.context() as patch:
        home = Home.given(folder / "home", process.url)
        for name, value in process.environment.items():
            patch.setenv(name, value)
        patch.setenv("VPR_TOKEN", home.issuer().token([Role.ANALYST]))
        patch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
        patch.chdir(folder)
        yield Running(process.url, home, folder)


@pytest.fixture(scope="module")
def guided(running: Running) -> Running:
    """The guide was run."""
    names: dict[str, Any] = {}
    blocks = [(found[1], found[2]) for found in BLOCK.finditer(GUIDE.read_text())]
    assert len(blocks) > 10
    for (kind, text), (following, expected) in pairwise([*blocks, ("", "")]):
        if kind != "text":
            said = _shell(text) if kind == "sh" else _python(text, names)
            assert said == (expected if following == "text" else ""), text
    return running


def _shell(text: str) -> str:
    done = subprocess.run(["/bin/sh", "-ec", text], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout.partition("  line ")[0]


def _python(text: str, names: dict[str, Any]) -> str:
    out = StringIO()
    with redirect_stdout(out):
        exec(compile(text, str(GUIDE), "exec"), names)  # noqa: S102 - our own guide
    return out.getvalue()


def test_the_guide_prints_what_it_shows(guided: Running) -> None:
    assert (guided.folder / "calls.csv").exists()


def test_every_form_tells_the_same(guided: Running, tmp_path: Path) -> None:
    with guided.client(Role.SUPERVISOR) as client:
        asked = client.timings(source="guide", by=["category"], interval="headline")
        [interval] = asked.json()["intervals"]
        told = [group["n"] for group in interval["groups"]] + [interval["total"]["n"]]
        assert told == asked.pandas()["n"].tolist() == asked.polars()["n"].to_list() == asked.arrow()["n"].to_pylist()
        assert pl.read_csv(asked.save(tmp_path / "a.csv"))["n"].to_list() == told
        assert pl.read_parquet(asked.save(tmp_path / "a.parquet"))["n"].to_list() == told
        with pytest.raises(ValueError, match=r"a\.xlsx"):
            asked.save(tmp_path / "a.xlsx")
        log = client.event_log("csv", source="guide", category="fraud").save(tmp_path / "log.csv")
        assert len(log.read_text().splitlines()) == 1 + 2 * 80
        assert not list(tmp_path.glob("*.part"))
        with pytest.raises(ProblemError) as refused:
            client.event_log("csv", source="nowhere").save(tmp_path / "none.csv")
        assert (refused.value.status, refused.value.field) == (422, "source")


def test_a_script_signs_in_by_itself_and_may_no_more_than_it_may(guided: Running) -> None:
    secrets = guided.home.client_secrets()
    token_url = f"{guided.home.issuer_name}/token"
    signed_in = ClientCredentials(token_url, "metrics", secrets["metrics"])
    assert signed_in() == signed_in()
    with Client(guided.url, signed_in) as client, pytest.raises(ProblemError) as refused:
        client.sources()
    assert (refused.value.status, refused.value.code) == (403, "forbidden")
    with pytest.raises(ProblemError, match="sign_in_refused"):
        ClientCredentials(token_url, "metrics", "wrong")()


def test_lists_come_page_by_page(guided: Running) -> None:
    import httpx

    from tests.examples import new_report
    from tests.waiting import wait_for

    headers = {"Authorization": f"Bearer {guided.home.issuer().token([Role.OFFICER])}"}
    for number in range(3):
        own = headers | {"Idempotency-Key": f"page-{number}-of-the-guide"}
        httpx.post(
            f"{guided.url}/intake/v1/reports", json=new_report(), headers=own, timeout=DEADLINE
        ).raise_for_status()
    with guided.client(Role.OFFICER) as client:
        wait_for(lambda: len(list(client.pages("/triage/v1/cases", limit=1))) == 3)
        assert len({case["id"] for case in client.pages("/triage/v1/cases", limit=2)}) == 3
