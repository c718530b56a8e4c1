"""Answers as pictures, and the dashboard made of them: forms, who sees what, limits."""

import json
import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import httpx
import pytest
import pytest_asyncio

from tests.pilot import CATEGORIES, SOURCE, cases, past
from tests.system import Servers, System
from tests.waiting import until
from vpr_events.contracts.history import HistoryCaseRecorded
from vpr_events.contracts.values import Role
from vpr_metrics.charting import studio
from vpr_metrics.web.board import Board
from vpr_metrics.web.panels import PANELS
from vpr_metrics.web.viewing import View

pytestmark = pytest.mark.asyncio(loop_scope="module")

STAFF = "http://localhost:8001"
RARE = CATEGORIES[-1]
WINTER = datetime(2026, 1, 15, tzinfo=UTC)
SVG, PNG, HTML = "image/svg+xml", "image/png", "text/html"
TIMINGS = {"source": SOURCE, "interval": "headline", "by": "category"}
COHORTS = {"baseline.source": SOURCE, "baseline.pathway": "in_person"}
COHORTS |= {"comparison.source": SOURCE, "comparison.pathway": "virtual"}
ASKED: dict[str, dict[str, str]] = {
    "timings": TIMINGS,
    "survival": {"source": SOURCE},
    "compare": COHORTS,
    "flow": {"source": SOURCE, "chart": "workload"},
    "open-cases": {"source": SOURCE},
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def metrics(servers: Servers) -> AsyncIterator[System]:
    async with System.started(servers, ["metrics"], chart_seconds=60) as running:
        await running.servers.publish(*cases(250))
        await until(lambda: taken_in(running), 120)
        yield running


async def taken_in(system: System) -> bool:
    answer = await get(system, "/v1/sources")
    return answer.status_code == 200 and {"source": SOURCE, "records": 250} in answer.json()


async def get(
    system: System,
    path: str,
    query: Mapping[str, str] | None = None,
    role: Role = Role.SUPERVISOR,
    headers: Mapping[str, str] | None = None,
) -> httpx.Response:
    asked = httpx.URL(path).copy_merge_params(query or {})
    return await system["metrics"].get(asked, headers=system.as_(role) | dict(headers or {}))


def words(svg: bytes) -> str:
    """All that a picture says."""
    return " ".join(ET.fromstring(svg).itertext())


async def test_every_answer_comes_as_svg_png_and_page(metrics: System) -> None:
    for name, query in ASKED.items():
        picture = await get(metrics, f"/v1/{name}.svg", query)
        assert (picture.status_code, picture.headers["content-type"]) == (200, SVG), picture.text[:300]
        assert f"Source {SOURCE}" in words(picture.content), name
        assert "n = " in words(picture.content), name
        dotted = await get(metrics, f"/v1/{name}", query, headers={"Accept": PNG})
        assert (dotted.status_code, dotted.headers["content-type"]) == (200, PNG)
        assert dotted.content.startswith(b"\x89PNG")
    page = await get(
        metrics, "/v1/timings", TIMINGS, headers={"Accept": "text/html,*/*;q=0.8", "Accept-Language": "fr"}
    )
    assert page.headers["content-type"] == f"{HTML}; charset=utf-8"
    assert '<html lang="fr">' in page.text
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert not re.search(r'(?:src|href)="(?!data:,")', page.text[: page.text.index("<script")])
    told = json.loads(re.findall(r'id="told">(.*?)</script>', page.text, re.DOTALL)[0])
    assert told["specification"]["title"]["text"] == ["Du dépôt à l\u2019affectation, par catégorie"]


async def test_pictures_are_for_those_who_see_the_figures(metrics: System) -> None:
    for name, query in ASKED.items():
        assert (await get(metrics, f"/v1/{name}.svg", query, Role.OFFICER)).status_code == 403
    assert (await metrics["metrics"].get("/v1/flow.png")).status_code == 401


async def test_small_numbers_are_in_no_picture(metrics: System) -> None:
    figures = (await get(metrics, "/v1/timings", TIMINGS)).json()["intervals"][0]["groups"]
    [rare] = [group for group in figures if group["key"] == RARE]
    assert 0 < rare["n"] < 5
    whole = words((await get(metrics, "/v1/timings.svg", TIMINGS)).content)
    assert f"{RARE} (n = {rare['n']})" in whole
    guarded = words((await get(metrics, "/v1/timings.svg", TIMINGS, Role.ANALYST)).content)
    assert "fewer than 5 cases: not shown" in guarded
    assert f"{RARE} (n" not in guarded
    one = await get(metrics, "/v1/compare.svg", COHORTS | {"baseline.category": RARE}, Role.ANALYST)
    assert "One side has fewer than 5 cases: nothing is shown." in words(one.content)


async def test_what_has_no_picture_says_which_forms_it_has(metrics: System) -> None:
    answer = await metrics["metrics"].post(
        "/v1/sql", json={"sql": "select 1"}, headers=metrics.as_(Role.ANALYST) | {"Accept": SVG}
    )
    assert (answer.status_code, answer.json()["type"]) == (406, "urn:vpr:problem:not_acceptable")
    unknown = await get(metrics, "/v1/timings.pdf", TIMINGS)
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (422, "form")
    undrawn = await get(metrics, "/v1/timings.svg", {"source": SOURCE, "by": "week"})
    assert (undrawn.status_code, undrawn.json()["errors"][0]["field"]) == (422, "interval")
    unmapped = await get(metrics, "/v1/timings.svg", TIMINGS | {"by": "district", "chart": "map"})
    assert (unmapped.status_code, unmapped.json()["type"]) == (503, "urn:vpr:problem:no_map")


async def test_a_picture_may_take_so_long_and_no_longer_and_the_next_is_drawn(
    metrics: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawing = next(one for one in metrics.runtime("metrics").workers if isinstance(one, studio.Studio))
    drawing.seconds = 0.0001
    slow = await get(metrics, "/v1/timings.svg", TIMINGS)
    assert (slow.status_code, slow.json()["type"]) == (422, "urn:vpr:problem:chart_too_slow")
    drawing.seconds = 60
    assert (await get(metrics, "/v1/timings.svg", TIMINGS)).status_code == 200
    monkeypatch.setattr(studio, "WAITING", 0)
    busy = await get(metrics, "/v1/timings.svg", TIMINGS)
    assert (busy.status_code, busy.json()["type"], busy.headers["retry-after"]) == (
        503, "urn:vpr:problem:charts_busy", "5",
    )  # fmt: skip


async def test_open_cases_are_counted_by_age_and_few_are_not_shown(metrics: System) -> None:
    told = (await get(metrics, "/v1/open-cases", {"source": SOURCE})).json()
    timings = (await get(metrics, "/v1/timings", {"source": SOURCE, "interval": "headline"})).json()["intervals"][0][
        "total"
    ]
    assert told["n"] == timings["open"] == sum(band["n"] for band in told["ages"])
    assert 0 < told["n"] < 5
    assert told["ages"][0] == {"least": 0, "below": 3600, "n": 0, "suppressed": False}
    guarded = (await get(metrics, "/v1/open-cases", {"source": SOURCE}, Role.ANALYST)).json()
    assert (guarded["suppressed"], guarded["n"], guarded["ages"]) == (True, None, [])
    early = (await get(metrics, "/v1/open-cases", {"source": SOURCE, "until": WINTER.isoformat()})).json()
    ages = sorted((WINTER - one.filed_at).total_seconds() for one in past(250) if one.filed_at and waits(one, WINTER))
    assert (early["n"], early["oldest"]) == (len(ages), pytest.approx(ages[-1], abs=0.001))
    assert early["ages"][3]["n"] == sum(86400 <= age < 3 * 86400 for age in ages)
    assert early["withheld"] is None


def waits(case: HistoryCaseRecorded, at: datetime) -> bool:
    """Whether a case had been filed by then, and neither dispatched nor closed."""
    ends = [moment for moment in (case.dispatched_at, case.closed_at) if moment and moment <= at]
    return case.filed_at is not None and case.filed_at <= at and not ends


async def test_the_dashboard_shows_headline_first_and_all_parts_when_asked(metrics: System) -> None:
    at = f"{STAFF}/?source={SOURCE}&against=in_person"
    page = await get(metrics, at)
    assert page.status_code == 200
    assert re.search(r"Mean [\d.]+ h → [\d.]+ h <strong>-\d", page.text)
    assert page.text.count("data-fragment=") == len(PANELS)
    assert "<figure>" not in page.text
    whole = await get(metrics, f"{at}&whole=yes&lang=fr")
    assert "data-fragment=" not in whole.text
    assert whole.text.count("<svg") == whole.text.count("<figure>") == 10
    assert len(set(re.findall(r'id="([^"]+)"', whole.text))) == len(re.findall(r'id="([^"]+)"', whole.text))
    for link in re.findall(r'href="/(v1/[^"]+)"', whole.text):
        if ".html" not in link and ".png" not in link:
            answer = await get(metrics, "/" + link.replace("&amp;", "&"))
            assert answer.status_code == 200, link


async def test_every_part_has_a_page_and_a_fragment_of_its_own(metrics: System) -> None:
    for name in PANELS:
        query = f"source={SOURCE}&against=in_person"
        page = await get(metrics, f"{STAFF}/panels/{name}?{query}")
        part = await get(metrics, f"{STAFF}/fragments/{name}?{query}")
        assert (page.status_code, part.status_code) == (200, 200)
        assert "<html" in page.text
        assert "<html" not in part.text
        assert part.text.strip() in page.text
    assert (await get(metrics, f"{STAFF}/panels/weather")).status_code == 404
    assert "There is no such page" in (await get(metrics, f"{STAFF}/fragments/weather")).text


async def test_the_dashboard_shows_no_small_numbers_and_says_why(metrics: System) -> None:
    at = f"{STAFF}/?source={SOURCE}&against=in_person&category={RARE}&whole=yes"
    assert "Not shown: here or beside it" not in (await get(metrics, at)).text
    guarded = (await get(metrics, at, role=Role.ANALYST)).text
    assert guarded.count("Not shown: here or beside it are fewer than 5 cases. Supervisors see them.") == 2
    assert "You see no figure of fewer than 5 cases" in guarded
    assert "<strong>-" not in guarded


async def test_what_cannot_be_used_is_named_and_the_rest_shown(metrics: System) -> None:
    page = await get(metrics, f"{STAFF}/?source={SOURCE}&from=soon&colour=red")
    assert page.status_code == 422
    assert "Filed from: must be a day such as 2026-05-04" in page.text
    assert "colour: there is no such filter" in page.text
    assert (await get(metrics, f"{STAFF}/?source=nowhere")).status_code == 422
    assert "There are no cases yet" in (await get(metrics, f"{STAFF}/")).text
    refused = await get(metrics, f"{STAFF}/", role=Role.OFFICER)
    assert refused.status_code == 403
    assert "These figures are not for your role" in refused.text


async def test_a_part_is_computed_once_while_the_data_stays_as_it_is(metrics: System) -> None:
    board: Board = metrics.apps["metrics"].state.board
    view = View(source=SOURCE)
    first = await board.headline(view, "en", whole_truth=True)
    assert await board.headline(view, "en", whole_truth=True) is first
    assert await board.headline(view, "en", whole_truth=False) is not first
    await metrics.servers.publish(*cases(3, seed=5))

    async def grown() -> bool:
        return (await board.headline(view, "en", whole_truth=True)).records == 253

    await until(grown)
