"""An export is whole: every table with personal data is among what its service gives, and no member of staff is."""

import importlib

import pytest
from sqlalchemy import Uuid

from vpr_service.held import Holdings

HOLDERS = ["intake", "triage", "video", "dispatch"]
OWN_IDS = {"id", "session_id", "dispatch_id", "duplicate_of", "statement_id", "corrects"}
"""Ids of things, which rows need to be told apart; all others may be of people."""


def holdings(service: str) -> Holdings:
    found: Holdings = importlib.import_module(f"vpr_{service}.held").HOLDINGS
    return found


@pytest.mark.parametrize("service", HOLDERS)
def test_every_personal_table_is_shown(service: str) -> None:
    personal = importlib.import_module(f"vpr_{service}.tables").PERSONAL
    texts = " ".join(str(query) for query in holdings(service).parts.values())
    assert [table.name for table in personal if f"FROM {table.name}" not in texts] == []


@pytest.mark.parametrize("service", HOLDERS)
def test_no_id_of_staff_is_shown(service: str) -> None:
    shown = {
        f"{name}.{column.name}"
        for name, query in holdings(service).parts.items()
        for column in query.selected_columns
        if isinstance(column.type, Uuid) and column.name not in OWN_IDS
    }
    assert shown == set()
