"""The published contracts: one file a family, and who owns it."""

import inspect
from collections.abc import Iterable
from types import MappingProxyType, ModuleType

from vpr_events.contracts import access, case, dispatch, figure, history, report, scheduled, session
from vpr_events.event import Event

OWNERS = MappingProxyType(
    {
        "report": "intake",
        "access": "intake",
        "history": "intake",
        "case": "triage",
        "officer": "triage",
        "session": "video",
        "dispatch": "dispatch",
        "unit": "dispatch",
        "figure": "metrics",
    }
)
"""Family -> the only service that may publish it."""

SERVICES = tuple(dict.fromkeys(OWNERS.values()))


def _contracts(module: ModuleType) -> Iterable[type[Event]]:
    for _, value in inspect.getmembers(module, inspect.isclass):
        if issubclass(value, Event) and value is not Event:
            yield value


CONTRACTS: MappingProxyType[str, type[Event]] = MappingProxyType(
    {
        contract.event_name: contract
        for module in (report, access, history, case, session, scheduled, dispatch, figure)
        for contract in _contracts(module)
    }
)
"""Event name, such as ``report.filed`` -> the newest version of its contract."""


def families_of(service: str) -> tuple[str, ...]:
    """The families a service owns."""
    return tuple(family for family, owner in OWNERS.items() if owner == service)
