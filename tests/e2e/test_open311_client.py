"""A public client of Open311, georeport of PyPI, against a real process; it sends no key when it reads."""

from collections.abc import Iterator

import httpx
import pytest
import requests
from georeport.georeport import GeoReport

from tests.processes import Separate, separate_services
from tests.scenario import People, admit, file_by_open311
from tests.waiting import DEADLINE
from vpr_intake.city import load_city, shipped


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Separate]:
    with separate_services(tmp_path_factory.mktemp("georeport"), ["intake"]) as system:
        yield system


def client(system: Separate, form: str, jurisdiction: str | None = None) -> GeoReport:
    return GeoReport(f"{system.url('intake')}/open311/v2/", jurisdiction=jurisdiction, output_format=form)


@pytest.mark.parametrize("form", ["json", "xml"])
def test_it_reads_services_and_definitions(intake: Separate, form: str) -> None:
    city = client(intake, form, "city.example")
    services = city.get_service_list()
    assert [one["service_code"] for one in services] == list(load_city(shipped()["winnipeg"]).categories)
    for one in services[:3]:
        assert city.get_service_definition(one["service_code"])["service_code"] == one["service_code"]


@pytest.mark.parametrize("form", ["json", "xml"])
def test_it_is_told_in_its_format_that_reports_need_a_key(intake: Separate, form: str) -> None:
    with pytest.raises(requests.HTTPError) as refused:
        client(intake, form).get_service_requests(status="open")
    answer = refused.value.response
    assert answer is not None
    assert (answer.status_code, answer.headers["Content-Type"].partition(";")[0]) == (
        403,
        {"json": "application/json", "xml": "text/xml"}[form],
    )


@pytest.mark.parametrize("form", ["json", "xml"])
def test_it_reads_requests_where_something_adds_the_key(
    intake: Separate, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with httpx.Client(timeout=DEADLINE) as http:
        people = People(url=intake.url, headers=intake.headers, client=http)
        key = admit(people)
        numbers = {file_by_open311(people, key, description=f"Door {number} was forced.") for number in range(2)}
    plain = requests.get

    def with_key(url: str, params: dict[str, str]) -> requests.Response:
        return plain(url, params={**params, "api_key": key}, timeout=DEADLINE)

    monkeypatch.setattr(requests, "get", with_key)
    city = client(intake, form)
    found = city.get_service_requests(status="open")
    assert {one["service_request_id"] for one in found} == numbers
    one = city.get_service_request(min(numbers))
    assert (one["service_request_id"], one["service_code"]) == (min(numbers), "break_enter_residential")
