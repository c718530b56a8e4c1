"""Personal data stays in the declared tables: no byte of it in the log, in DuckDB, in logs or in any other table."""

import asyncio
import importlib
from collections.abc import Iterator
from uuid import uuid4

import duckdb
import httpx
import pytest
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import make_url

from tests.examples import NARRATIVE, PERSON, PLACE, new_report
from tests.processes import Separate, separate_services
from tests.reading import read_messages
from tests.residents import THEFT, Read, whole_form
from tests.scenario import People, admit, break_glass, figures, file_by_open311, walk
from tests.waiting import DEADLINE, wait_for
from vpr_events.contracts import SERVICES
from vpr_events.contracts.values import Role

SECRETS = [*PERSON.values(), str(PLACE["address"]), "marzipan-coloured", "Fictitious", "5550142", "555-0142"]


def found_in(data: bytes) -> list[str]:
    """Which personal values these bytes hold."""
    lowered = data.lower()
    return [secret for secret in SECRETS if secret.lower().encode() in lowered]


ANSWERS = {"contact_time": PERSON["phone"], "weapon": "yes"}
"""An emergency, so that every table that a filing can write is written."""


DETAILS = {"persons": [{"name": PERSON["last_name"], "contact": PERSON["phone"], "marks": NARRATIVE}]}


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Separate]:
    """Five processes after two reports full of personal data went the whole way, and some bad requests were sent."""
    folder = tmp_path_factory.mktemp("personal")
    with separate_services(folder) as system, httpx.Client(timeout=DEADLINE) as client:
        people = People(url=system.url, headers=system.headers, client=client)
        report = people.post(Role.OFFICER, "intake", "/v1/reports", new_report(answers=ANSWERS, details=DETAILS))["id"]
        assert break_glass(people, report, f"{PERSON['last_name']}: {NARRATIVE}")["text"].endswith(NARRATIVE)
        correction = {"concerns": "description", "text": f"{PERSON['last_name']}: {NARRATIVE}"}
        people.post(Role.OFFICER, "intake", f"/v1/reports/{report}/annotations", correction)
        walk(people, report)
        place = {"address_string": str(PLACE["address"])}
        walk(people, file_by_open311(people, admit(people), description=NARRATIVE, **PERSON, **place))
        report_on_the_web(people)
        provoke_errors(people)
        wait_for(lambda: figures(people)["resolution"]["n"] == 2)
        yield system


def report_on_the_web(people: People) -> None:
    """A resident files by the pages, and looks how far it is."""
    told = {**PERSON, "address": str(PLACE["address"]), "description": NARRATIVE, "a.contact_time": PERSON["phone"]}
    answer = people.client.post(people.url("intake") + "/report", data=whole_form(THEFT | told))
    shown = Read(answer.text).ids
    case = {"number": shown["number"], "secret": shown["secret"]}
    assert people.client.post(people.url("intake") + "/report/case", data=case).status_code == 303
    people.client.post(people.url("intake") + "/report", data=whole_form(THEFT | told | {"phone": PERSON["email"]}))


def provoke_errors(people: People) -> None:
    """Requests that fail, with personal data where an error message might quote it."""
    headers = {**people.headers(Role.OFFICER), "Idempotency-Key": "again"}
    reports = people.url("intake") + "/v1/reports"
    people.client.post(reports, json=new_report(category=PERSON["email"]), headers=headers)
    people.client.post(reports, json=new_report(occurred_from=NARRATIVE), headers=headers)
    people.client.post(reports, json=new_report(answers={"weapon": NARRATIVE, "value": NARRATIVE}), headers=headers)
    people.client.post(reports, content=NARRATIVE.encode(), headers=headers)
    people.client.get(reports + f"/{PERSON['last_name']}", headers=headers, params={"q": PERSON["email"]})
    people.client.post(
        f"{reports}/{uuid4()}/break-glass", json={"reason": NARRATIVE, "text": NARRATIVE}, headers=headers
    )
    people.client.get(people.url("intake") + "/open311/v2/requests.json", params={"email": PERSON["email"]})


def test_the_test_would_find_it(walked: Separate) -> None:
    assert personal_rows(walked, "intake", declared=True)


def test_no_message_of_the_log_holds_personal_data(walked: Separate) -> None:
    messages = asyncio.run(read_messages(walked.embedded.endpoints))
    assert len(messages) > 20
    for one in messages:
        assert not found_in(f"{one.subject} {one.headers}".encode() + one.body)


def test_no_file_of_the_broker_holds_personal_data(walked: Separate) -> None:
    files = [path for path in walked.home.folder.rglob("*") if path.is_file() and "nats" in path.parts]
    assert any(path.stat().st_size > 1000 for path in files)
    assert {str(path): found for path in files if (found := found_in(path.read_bytes()))} == {}


def test_no_process_wrote_personal_data(walked: Separate) -> None:
    assert "/v1/reports" in walked.output()
    assert not found_in(walked.output().encode())


@pytest.mark.parametrize("service", SERVICES)
def test_no_undeclared_table_holds_personal_data(walked: Separate, service: str) -> None:
    assert personal_rows(walked, service, declared=False) == []


def personal_rows(system: Separate, service: str, *, declared: bool) -> list[tuple[str, list[str]]]:
    """Tables (declared personal, or the others) with the personal values that they hold."""
    personal = {table.name for table in importlib.import_module(f"vpr_{service}.tables").PERSONAL}
    url = make_url(system.embedded.endpoints.database_urls[service]).set(drivername="postgresql+psycopg")
    engine, found = create_engine(url), []
    with engine.connect() as connection:
        for table in inspect(connection).get_table_names():
            rows = connection.execute(text(f'select t::text from "{table}" t')).scalars()
            bodies = connection.execute(text(f'select * from "{table}"')).all()
            held = found_in("\n".join([*rows, *(str(row) for row in bodies)]).encode())
            if held and (table in personal) == declared:
                found.append((table, held))
    engine.dispose()
    return found


def test_duckdb_holds_no_personal_data(walked: Separate) -> None:
    walked.processes["metrics"].stop()
    files = list((walked.home.folder / "metrics").glob("*.duckdb"))
    assert files
    for file in files:
        assert not found_in(file.read_bytes())
        with duckdb.connect(str(file), read_only=True) as connection:
            tables = [name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()]
            rows = [connection.execute(f'select * from "{name}"').fetchall() for name in tables]
        assert any(rows)
        assert not found_in(str(rows).encode())
