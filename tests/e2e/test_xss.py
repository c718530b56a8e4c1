"""Hostile texts in every field that a stranger fills, and in every address: no page runs them, or even shows markup."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, Response

from tests.e2e.conftest import new_context
from tests.endpoints import Row, rows
from tests.processes import Process, all_in_one, staff_url
from tests.scenario import People, admit, case_of, invite, session_of
from tests.waiting import DEADLINE, wait_for
from vpr.home import Home
from vpr_events.contracts import SERVICES
from vpr_events.contracts.values import Role

PAYLOADS = (
    "<script data-xss>hacked()</script>",
    "\"'><img data-xss src=x onerror=hacked()>",
    "</title></textarea></pre></script><svg data-xss onload=hacked()>",
    "javascript:hacked()//",
    '<a data-xss href="jAvAsCrIpT:hacked()">x</a>',
    "{{8317*6421}}{{constructor.constructor('hacked()')()}}${8317*6421}#{8317*6421}<%= 8317*6421 %>",
    "\uff1cscript data-xss\uff1ehacked()\uff1c/script\uff1e\u202e\u2028<b data-xss>\u200b",
    "<svg><animate data-xss onbegin=hacked() attributeName=x dur=1s>",
    "<iframe data-xss srcdoc='<script>parent.hacked()</script>'></iframe>",
    "+ADw-script data-xss+AD4-hacked()+ADw-/script+AD4-",
)
EVALUATED = str(8317 * 6421)
FIELDS = ("description", "address_string", "address_id", "first_name", "last_name", "phone", "email", "media_url")


SMALLEST = "dispatch"
"""Whose description is the shortest. The page that draws it is the same for all, it holds nothing stored, and a browser
works on it for seconds; what it draws, ``/openapi.json``, is opened of every service."""


@dataclass
class Hostile:
    """The system, full of hostile texts: where it is, and the ids of what holds them."""

    url: str
    ids: dict[str, str] = field(default_factory=dict)
    stored: set[str] = field(default_factory=set)
    api_key: str = ""

    @property
    def staff(self) -> str:
        """The staff origin."""
        return staff_url(self.url)

    def file(self, client: httpx.Client, payload: str) -> str:
        """File through Open311 with the payload in every field that takes it: the report's id."""
        form = dict.fromkeys(FIELDS, payload) | {"email": f'"{payload}"@resident.example'}
        form["media_url"] = f"https://photos.example/{payload}"
        fixed = {"api_key": self.api_key, "service_code": "theft", "lat": "49.8951", "long": "-97.1384"}
        while True:
            answer = client.post(f"{self.url}/intake/open311/v2/requests.json", data=form | fixed)
            if answer.status_code == 200:
                self.stored |= set(form)
                return str(answer.json()[0]["service_request_id"])
            named = {one["description"].partition(":")[0].rpartition(".")[2] for one in answer.json()}
            assert named & set(form), answer.text
            form = {name: value for name, value in form.items() if name not in named}


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hostile]:
    folder = tmp_path_factory.mktemp("xss")
    with all_in_one(folder) as process, httpx.Client(timeout=DEADLINE) as client:
        hostile = Hostile(process.url)
        fill(hostile, people(process, Home.given(folder / "home", process.url), client), client)
        yield hostile


def people(process: Process, home: Home, client: httpx.Client) -> People:
    return People(
        url=lambda service: f"{process.url}/{service}",
        headers=lambda role: {"Authorization": f"Bearer {home.issuer().token([role])}"},
        client=client,
    )


def fill(hostile: Hostile, people: People, client: httpx.Client) -> None:
    """A report for each payload, and for the last one all that follows from it."""
    hostile.api_key = admit(people)
    reports = [hostile.file(client, payload) for payload in PAYLOADS]
    assert {"description", "address_string", "first_name", "last_name"} <= hostile.stored
    case = case_of(people, reports[-1])
    session = session_of(people, case)
    token = invite(people, session).rpartition("/")[2]
    people.post(
        Role.OFFICER, "triage", f"/v1/cases/{case}/assessment", {"outcome": "dispatch", "capabilities": ["patrol"]}
    )
    unit = people.post(Role.DISPATCHER, "dispatch", "/v1/units", {"call_sign": "X1", "capabilities": ["patrol"]})["id"]
    [dispatch] = wait_for(lambda: people.get(Role.DISPATCHER, "dispatch", "/v1/dispatches", report_id=reports[-1]))
    glass = {"reason": "welfare_check", "text": PAYLOADS[-1]}
    broken = people.post(Role.SUPERVISOR, "intake", f"/v1/reports/{reports[-1]}/break-glass", glass)
    hostile.ids = {"report_id": reports[-1], "service_request_id": reports[-1], "case_id": case, "session_id": session,
                   "token": token, "unit_id": unit, "dispatch_id": dispatch["id"], "letter": "1",
                   "alarm_id": broken["alarm_id"]}  # fmt: skip


@dataclass
class Visitor:
    """A browser in which a payload that runs says so."""

    page: Page
    ran: list[str] = field(default_factory=list)

    def hears(self, dialog: Dialog) -> None:
        """A dialog is opened."""
        self.ran.append("dialog")
        dialog.dismiss()

    def opens(self, url: str) -> Response:
        """Open a page: nothing runs, no markup came of a text, and the headers forbid what could."""
        answer = self.page.goto(url)
        assert answer is not None
        self.page.wait_for_load_state("load")
        assert self.ran == [], url
        assert self.page.locator("[data-xss]").count() == 0, url
        assert EVALUATED not in self.page.content(), url
        policy = answer.header_value("content-security-policy") or ""
        assert "default-src 'self'" in policy or "default-src 'none'" in policy, url
        assert "unsafe" not in policy, url
        assert answer.header_value("x-content-type-options") == "nosniff", url
        return answer


@pytest.fixture(params=["en", "fr"])
def visitor(browser: Browser, hostile: Hostile, request: pytest.FixtureRequest) -> Iterator[Visitor]:
    """Signed in as a supervisor, who reads the most."""
    context: BrowserContext = new_context(browser, locale=f"{request.param}-CA")
    visitor = Visitor(context.new_page())
    context.expose_function("hacked", lambda: visitor.ran.append("hacked"))
    visitor.page.on("dialog", visitor.hears)
    visitor.page.goto(hostile.staff)
    visitor.page.locator("input[value=supervisor]").check()
    visitor.page.get_by_role("button").click()
    visitor.page.locator("form[action='/sign-out']").wait_for()
    assert visitor.page.locator("html").get_attribute("lang") == request.param
    yield visitor
    context.close()


def addresses(row: Row, service: str, hostile: Hostile) -> Iterator[str]:
    prefix = f"/{service}" if service in SERVICES else ""
    query = f"?api_key={hostile.api_key}" if "/open311/" in row.path else ""
    for origin in (hostile.url, hostile.staff):
        for form in ("json", "xml") if "{format}" in row.path else ("",):
            yield origin + prefix + row.filled(hostile.ids | {"format": form}, "1") + query


def test_the_browser_tells_when_a_payload_runs(visitor: Visitor) -> None:
    """The test's own eyes: on a page without our headers, the payloads do run."""
    visitor.page.goto("about:blank")
    visitor.page.set_content(PAYLOADS[1])
    wait_for(lambda: visitor.page.evaluate("1") and visitor.ran)
    assert visitor.page.locator("[data-xss]").count() == 1


@pytest.mark.parametrize("visitor", ["fr"], indirect=True)
def test_every_page_with_stored_payloads(visitor: Visitor, hostile: Hostile) -> None:
    seen = 0
    for row in rows():
        if row.method != "GET" or row.path.endswith(
            ("/docs/assets", "/static", "/sign-in/assets", "/telemetry", "/stream", "/exit")
        ):  # the last leads to another site, and takes the cookies away
            continue
        for service in row.services:
            if row.path == "/docs" and service != SMALLEST:
                continue
            for url in addresses(row, service, hostile):
                answer = visitor.opens(url)
                seen += PAYLOADS[-1] in answer.text()
    assert seen >= 5, "the payloads are there to be seen"


def test_every_address_of_a_page_with_payloads(visitor: Visitor, hostile: Hostile) -> None:
    authorize = authorize_page(hostile)
    for payload in PAYLOADS:
        text, query = quote(payload, safe=""), urlencode({"lang": payload})
        for url in (
            f"{hostile.url}/?{query}&x={text}#{text}",
            f"{hostile.staff}/?{query}#{text}",
            f"{hostile.url}/video/join/{text}?{query}",
            f"{hostile.url}/intake/report?{query}#{text}",
            f"{hostile.url}/intake/report/case?{query}#{text}",
            f"{hostile.staff}/sign-in/callback?error={text}&error_description={text}&state={text}&{query}",
            f"{hostile.staff}/signed-out?{query}",
            f"{authorize}&{urlencode({'state': payload, 'nonce': payload, payload: payload})}&{query}",
            f"{authorize}&{urlencode({'state': 's', 'nonce': 'n', 'role': payload})}",
        ):
            visitor.opens(url)


@pytest.mark.parametrize("visitor", ["en"], indirect=True)
def test_every_address_that_speaks_no_language_with_payloads(visitor: Visitor, hostile: Hostile) -> None:
    for payload in PAYLOADS:
        text = quote(payload, safe="")
        for url in (
            f"{hostile.url}/{text}",
            f"{hostile.staff}/{text}",
            f"{hostile.url}/{SMALLEST}/docs?url={text}&configUrl={text}#{text}",
            f"{hostile.url}/intake/v1/reports/{text}",
            f"{hostile.url}/intake/open311/v2/requests/{text}.json?api_key={text}",
            f"{hostile.url}/intake/open311/v2/requests.json?api_key={hostile.api_key}&status={text}",
        ):
            visitor.opens(url)


def authorize_page(hostile: Hostile) -> str:
    """Where the issuer's page is, all but state and nonce."""
    asked = {"client_id": "staff", "redirect_uri": f"{hostile.staff}/sign-in/callback", "response_type": "code",
             "code_challenge": "x" * 43, "code_challenge_method": "S256"}  # fmt: skip
    return f"{hostile.staff}/development-issuer/authorize?{urlencode(asked)}"


@pytest.mark.parametrize("visitor", ["en"], indirect=True)
def test_signing_in_with_a_payload_as_the_page_to_come_back_to(visitor: Visitor, hostile: Hostile) -> None:
    for payload in PAYLOADS:
        for target in (payload, f"/{payload}", f"//{payload}"):
            visitor.opens(f"{hostile.staff}/sign-in?{urlencode({'next': target})}")
            with visitor.page.expect_navigation():
                visitor.page.get_by_role("button").click()
            assert visitor.page.url.startswith(f"{hostile.staff}/")
            assert visitor.ran == []


def test_a_posted_payload_is_never_a_page(hostile: Hostile) -> None:
    for payload in PAYLOADS:
        form = {"api_key": hostile.api_key, "service_code": payload, "lat": "1", "long": "1", "description": "x"}
        answer = httpx.post(f"{hostile.url}/intake/open311/v2/requests.json", data=form, timeout=DEADLINE)
        assert answer.headers["content-type"].startswith("application/json")
        assert answer.headers["x-content-type-options"] == "nosniff"
