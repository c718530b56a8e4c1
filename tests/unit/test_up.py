"""Where `vpr up` listens, and when it refuses."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from vpr.cli import app
from vpr.home import Home


@pytest.mark.parametrize(
    ("url", "staff"),
    [
        ("http://localhost:8000", "http://localhost:8001"),
        ("http://localhost:9000/", "http://localhost:9001"),
        ("http://vpr.example", "http://vpr.example:81"),
        ("http://[::1]:8000", "http://[::1]:8001"),
    ],
)
def test_staff_are_one_port_further_unless_told(url: str, staff: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VPR_STAFF_URL", raising=False)
    assert Home.given(url=url).staff_url == staff
    monkeypatch.setenv("VPR_STAFF_URL", "http://staff.example/")
    assert Home.given(url=url).staff_url == "http://staff.example"
    assert Home.given(url=url, staff_url="http://other.example").staff_url == "http://other.example"


def test_one_origin_is_not_enough(tmp_path: Path) -> None:
    words = [
        "up",
        "--home",
        str(tmp_path / "home"),
        "--url",
        "http://localhost:8000",
        "--staff-url",
        "http://localhost:8000",
    ]
    answer = CliRunner().invoke(app, words)
    assert answer.exit_code == 1
    assert "staff need an origin of their own" in answer.output
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("command", ["up", "token officer", "doctor"])
def test_production_is_refused(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "issuer.pem").write_bytes(b"")
    monkeypatch.setenv("VPR_ENVIRONMENT", "production")
    answer = CliRunner().invoke(app, [*command.split(), "--home", str(tmp_path)])
    assert answer.exit_code == 1
    assert "production" in answer.output
