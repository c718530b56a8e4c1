"""Who may import whom, read from the source."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from vpr_events.contracts import SERVICES

ROOT = Path(__file__).parents[2]
SOURCES = {service: ROOT / "services" / service / "src" / f"vpr_{service}" for service in SERVICES}
CONTRACTS = "vpr_events.contracts"
IMPURE = {"asyncio", "http", "io", "logging", "os", "pathlib", "random", "secrets", "socket", "sqlite3", "subprocess",
          "threading", "time", "urllib"}  # fmt: skip
CLOCKS_AND_CHANCE = {"now", "utcnow", "today", "uuid1", "uuid4", "new_id", "open"}


def modules(service: str, layer: str) -> Iterator[Path]:
    """A layer's files: one module, or a folder once it outgrew that."""
    folder = SOURCES[service]
    yield from (path for path in (folder / f"{layer}.py", *sorted(folder.glob(f"{layer}/**/*.py"))) if path.exists())


def imported(path: Path) -> set[str]:
    """The modules that a file imports, also inside functions; of ``from a import b`` it is ``a``."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            found.add(node.module or "")
    return found


def foreign(path: Path, *allowed: str) -> set[str]:
    """What a file imports beyond the pure part of the standard library and these modules with what is below them."""
    return {
        name
        for name in imported(path)
        if not any(name == one or name.startswith(f"{one}.") for one in allowed)
        and (name.partition(".")[0] not in sys.stdlib_module_names or name.partition(".")[0] in IMPURE)
    }


def named(layer: str) -> pytest.MarkDecorator:
    """One case for each file of a layer, in every service."""
    files = [(service, path) for service in SERVICES for path in modules(service, layer)]
    return pytest.mark.parametrize(
        ("service", "path"), files, ids=[f"{service}-{path.stem}" for service, path in files]
    )


@named("domain")
def test_a_domain_imports_contracts_and_deciders_only(service: str, path: Path) -> None:
    own = f"vpr_{service}.domain"
    assert foreign(path, own, CONTRACTS, "vpr_events.event", "vpr_events.decider") == set()


@named("domain")
def test_a_domain_asks_no_clock_and_rolls_no_dice(service: str, path: Path) -> None:
    tree = ast.parse(path.read_text())
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    names = {call.attr if isinstance(call, ast.Attribute) else getattr(call, "id", "") for call in calls}
    assert names & CLOCKS_AND_CHANCE == set()
    assert not any(isinstance(node, (ast.AsyncFunctionDef, ast.Await)) for node in ast.walk(tree))


@named("reactors")
def test_a_reactor_imports_its_domain_and_contracts(service: str, path: Path) -> None:
    own = [f"vpr_{service}.{layer}" for layer in ("domain", "projections", "announcing", "reactors")]
    library = [f"vpr_events.{name}" for name in ("event", "decider", "inbox", "pipeline", "writes")]
    assert foreign(path, CONTRACTS, *own, *library) == set()


@pytest.mark.parametrize("layer", ["projections", "queries"])
@pytest.mark.parametrize("service", SERVICES)
def test_rows_are_made_and_read_without_web_or_broker(service: str, layer: str) -> None:
    banned = {"fastapi", "starlette", "nats", "httpx", "vpr_service"}
    for path in modules(service, layer):
        assert {name for name in imported(path) if name.partition(".")[0] in banned} == set()


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_imports_no_other(service: str) -> None:
    others = {f"vpr_{other}" for other in SERVICES if other != service} | {"vpr"}
    for path in SOURCES[service].glob("**/*.py"):
        assert {name for name in imported(path) if name.partition(".")[0] in others} == set(), path


def test_the_libraries_for_events_and_evidence_know_neither_web_nor_services() -> None:
    banned = {"fastapi", "starlette", "uvicorn", "httpx", "vpr", "vpr_service", *(f"vpr_{one}" for one in SERVICES)}
    for path in (*(ROOT / "libs" / "events").glob("src/**/*.py"), *(ROOT / "libs" / "evidence").glob("src/**/*.py")):
        assert {name for name in imported(path) if name.partition(".")[0] in banned} == set(), path


def test_the_service_library_knows_no_service() -> None:
    banned = {"vpr", *(f"vpr_{one}" for one in SERVICES)}
    for path in (ROOT / "libs" / "service").glob("src/**/*.py"):
        assert {name for name in imported(path) if name.partition(".")[0] in banned} == set(), path


@pytest.mark.parametrize("service", [name for name in SERVICES if name != "metrics"])
def test_a_service_that_decides_has_a_domain(service: str) -> None:
    assert list(modules(service, "domain"))


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import sqlalchemy", {"sqlalchemy"}),
        ("def f():\n    from time import time", {"time"}),
        ("from vpr_events.store import load", {"vpr_events.store"}),
        ("from vpr_events.contracts.report import ReportFiled\nfrom dataclasses import dataclass", set()),
        ("from vpr_events.contracts_of_others import x", {"vpr_events.contracts_of_others"}),
        ("import os.path", {"os.path"}),
    ],
)
def test_the_rule_sees_each_way_round_it(tmp_path: Path, source: str, found: set[str]) -> None:
    path = tmp_path / "domain.py"
    path.write_text(source)
    assert foreign(path, CONTRACTS, "vpr_events.event") == found
