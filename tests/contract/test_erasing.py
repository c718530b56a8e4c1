"""Personal data is deleted by one event alone: a hold, which intake keeps from that event, holds in every service."""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from vpr_events.contracts import SERVICES
from vpr_events.contracts.report import ReportPersonalDataErased
from vpr_service.runtime import Service

ROOT = Path(__file__).parents[2]
OTHERS = [service for service in SERVICES if service not in {"intake", "metrics"}]


def personal_tables(service: str) -> set[str]:
    """The names by which a service's personal tables are imported."""
    module = importlib.import_module(f"vpr_{service}.tables")
    return {name for name, value in vars(module).items() if any(value is table for table in module.PERSONAL)}


def deletions(source: str, personal: set[str]) -> Iterator[int]:
    """Lines that delete from one of these tables, but for what stands inside ``erasing(…)``."""
    tree = ast.parse(source)
    allowed = {id(part) for call in _calls(tree, "erasing") for part in ast.walk(call)}
    for call in _calls(tree, "delete"):
        named = {part.id for argument in call.args[:1] for part in ast.walk(argument) if isinstance(part, ast.Name)}
        named |= {part.attr for argument in call.args for part in ast.walk(argument) if isinstance(part, ast.Attribute)}
        if id(call) not in allowed and named & personal:
            yield call.lineno


def _calls(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and name in {getattr(node.func, "id", ""), getattr(node.func, "attr", "")}:
            yield node


@pytest.mark.parametrize("service", SERVICES)
def test_personal_rows_are_deleted_by_the_event_alone(service: str) -> None:
    personal = personal_tables(service)
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sorted((ROOT / "services" / service / "src").rglob("*.py"))
        for line in deletions(path.read_text(), personal)
    ]
    assert found == []


@pytest.mark.parametrize("service", OTHERS)
def test_every_other_service_erases_on_the_event(service: str) -> None:
    made: Service = importlib.import_module(f"vpr_{service}.app").service
    project_erasure = importlib.import_module(f"vpr_{service}.projections").project_erasure
    assert made.consumer
    assert ReportPersonalDataErased in made.consumer.handles
    assert project_erasure in made.consumer.projectors


@pytest.mark.parametrize("service", OTHERS)
def test_who_holds_something_personal_notes_what_is_erased_before_erasing(service: str) -> None:
    if not importlib.import_module(f"vpr_{service}.tables").PERSONAL:
        return
    made: Service = importlib.import_module(f"vpr_{service}.app").service
    assert made.consumer
    note = importlib.import_module(f"vpr_{service}.erased").note_erasure
    erase = importlib.import_module(f"vpr_{service}.projections").project_erasure
    assert [one for one in made.consumer.projectors if one in (note, erase)] == [note, erase]


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("delete(notes).where(x)", [1]),
        ("sa.delete(tables.notes)", [1]),
        ("erasing(delete(notes).where(x))", []),
        ("delete(cases)", []),
    ],
)
def test_the_rule_sees_a_deletion(source: str, lines: list[int]) -> None:
    assert list(deletions(source, {"notes"})) == lines
