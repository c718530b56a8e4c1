"""The resident's pages without a browser: steps, receipt, status, taking back, safety mode, hostile input."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from sqlalchemy import func, select, update

from tests.access import Others, Person
from tests.residents import SAFE, STORY, THEFT, Resident, whole_form
from tests.system import Servers, System
from vpr_events.contracts.values import Role
from vpr_events.gate import Reason
from vpr_events.tables import events
from vpr_intake import case_numbers
from vpr_intake.case_numbers import ALPHABET, is_number, plain
from vpr_intake.tables import receipts, reports, resident_sessions, residents
from vpr_intake.web import submitting

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(servers: Servers) -> AsyncIterator[System]:
    """One intake for all."""
    async with System.started(servers, ["intake"]) as running:
        yield running


@pytest.fixture
def resident(shared: System) -> Resident:
    return Resident(shared["intake"])


async def rows(system: System, table: Any) -> int:
    async with system.runtime("intake").reading() as connection:
        return int(await connection.scalar(select(func.count()).select_from(table)) or 0)


async def report_of(system: System, number: str) -> UUID:
    async with system.runtime("intake").reading() as connection:
        found = await connection.scalar(select(receipts.c.report_id).where(receipts.c.number == plain(number)))
    assert isinstance(found, UUID)
    return found


async def read_by_officer(system: System, report: UUID) -> dict[str, Any]:
    officer = Person(system)
    assert (await officer.breaks_glass(report)).status_code == 201
    answer = await officer.reads(report)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_report_goes_from_the_first_question_to_the_officer(shared: System, resident: Resident) -> None:
    said = THEFT | {
        "first_name": "Quillon", "phone": "204-555-0142", "contact_by": "phone", "address": "9917 Fictitious Crescent",
        "date_from": "2026-01-04", "time_from": "20:30", "a.value": "1,500", "a.access": ["interpreter"],
    }  # fmt: skip
    number, _ = await resident.files(said)
    phrase = resident.page.ids["phrase"]
    shown = await read_by_officer(shared, await report_of(shared, number))
    assert (shown["channel"], shown["category"], shown["description"]) == ("web", "theft", STORY)
    assert shown["occurred_from"] == shown["occurred_to"] == "2026-01-05T02:30:00Z"
    assert shown["reporter"] == {"first_name": "Quillon", "last_name": None, "email": None, "phone": "204-555-0142"}
    assert shown["place"]["address"] == "9917 Fictitious Crescent"
    assert shown["answers"]["value"] == "1500"
    assert shown["answers"]["access"] == ["interpreter"]
    assert shown["resident"] == {
        "phrase": phrase, "language": "en", "contact_by": "phone", "discreet": False, "call_requested_at": None,
    }  # fmt: skip


async def test_nothing_is_stored_before_the_end_nor_kept_by_the_browser(shared: System, resident: Resident) -> None:
    before = [await rows(shared, one) for one in (reports, events, residents)]
    await resident.goes_to("check", THEFT)
    assert [await rows(shared, one) for one in (reports, events, residents)] == before
    assert resident.answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in resident.answer.headers
    assert STORY not in str(resident.answer.url)


async def test_the_notice_comes_before_anything_of_the_report_is_asked(resident: Resident) -> None:
    await resident.goes_to("notice", THEFT)
    assert resident.page.hidden["seen"] == [f"q.{name.removeprefix('a.')}" for name in SAFE]
    for told in ("Manitoba", "Privacy Office", "count crimes"):
        assert told in resident.page.whole


async def test_a_form_that_is_sent_twice_is_one_report_with_one_receipt(shared: System, resident: Resident) -> None:
    await resident.goes_to("check", THEFT)
    form = {**resident.page.hidden, "go": "next"}
    before = await rows(shared, reports)
    answers = await asyncio.gather(*(shared["intake"].post("/report?lang=en", data=form) for _ in range(3)))
    assert {one.status_code for one in answers} == {200}
    assert len({one.text for one in answers}) == 1
    assert await rows(shared, reports) == before + 1

    changed = await shared["intake"].post("/report?lang=en", data={**form, "description": "Another story."})
    assert changed.status_code == 409
    assert "sent before" in changed.text


async def test_secret_and_key_of_the_form_are_stored_nowhere(shared: System, resident: Resident) -> None:
    await resident.goes_to("check", THEFT)
    key = resident.page.hidden["key"][0]
    await resident.presses()
    secret = plain(resident.page.ids["secret"])
    async with shared.runtime("intake").reading() as connection:
        names = (await connection.exec_driver_sql("select tablename from pg_tables where schemaname='public'")).all()
        for (name,) in names:
            stored = str((await connection.exec_driver_sql(f'select t::text from "{name}" t')).all())
            assert key not in stored, name
            assert secret not in stored, name
            assert secret.encode().hex() not in stored, name


async def test_a_case_number_that_exists_is_drawn_anew(
    shared: System, resident: Resident, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, _ = await resident.files(THEFT)
    drawn = iter([plain(taken), "00000000" + case_numbers.with_check("00000000")[-1]])
    monkeypatch.setattr(submitting, "new_number", lambda: next(drawn))
    number, _ = await resident.files(THEFT)
    assert number == "000-000-000"


@pytest.mark.parametrize(
    ("step", "wrong", "field"),
    [
        ("q.danger_now", {}, "a.danger_now"),
        ("q.danger_now", {"a.danger_now": "perhaps"}, "a.danger_now"),
        ("category", {}, "category"),
        ("category", {"category": "murder"}, "category"),
        ("q.value", {"a.value": "much"}, "a.value"),
        ("q.contact_time", {"a.contact_time": "x" * 201}, "a.contact_time"),
        ("happened", {"date_from": "2999-01-01"}, "date_from"),
        ("happened", {"date_from": "yesterday"}, "date_from"),
        ("happened", {"time_from": "20:30"}, "date_from"),
        ("happened", {"date_from": "2026-02-03", "date_to": "2026-02-01"}, "date_to"),
        ("place", {"latitude": "43.6426", "longitude": "-79.3871", "keep_point": "yes"}, "keep_point"),
        ("place", {"latitude": "north", "longitude": "west", "keep_point": "yes"}, "keep_point"),
        ("place", {"address": "x" * 501}, "address"),
        ("description", {"description": "  \n "}, "description"),
        ("description", {"description": "x" * 4001}, "description"),
        ("contact", {"phone": "call me"}, "phone"),
        ("contact", {"email": "quillon"}, "email"),
        ("contact", {"contact_by": "phone"}, "phone"),
        ("contact", {"first_name": "x" * 101}, "first_name"),
        ("safe", {}, "safe"),
    ],
)
async def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(
    resident: Resident, step: str, wrong: dict[str, str], field: str
) -> None:
    await resident.goes_to(step, THEFT)
    kept = {name: value for name, value in resident.page.hidden.items() if name not in {*wrong, "latitude"}}
    await resident.presses(**wrong)
    assert (resident.answer.status_code, resident.at) == (422, step)
    assert f'<a href="#{field}">' in resident.answer.text
    assert f'id="{field}-error"' in resident.answer.text
    assert 'role="alert"' in resident.answer.text
    assert resident.answer.text.count("autofocus") == 1
    assert resident.page.title.startswith("Error: ")
    assert kept.items() <= resident.page.hidden.items()
    for said in wrong.values():
        assert said.strip()[:300] in resident.answer.text or step in {"category", "q.danger_now"}


async def test_a_place_outside_is_told_and_can_be_taken_away(shared: System, resident: Resident) -> None:
    await resident.goes_to("place", THEFT)
    await resident.presses(latitude="43.6426", longitude="-79.3871", keep_point="yes")
    assert "outside of Winnipeg" in resident.page.whole
    await resident.presses()
    assert resident.at == "description"


async def test_the_point_of_the_phone_gives_the_district(shared: System, resident: Resident) -> None:
    await resident.goes_to("place", THEFT)
    await resident.presses(latitude="49.8951", longitude="-97.1384", keep_point="yes")
    for said in ({"description": STORY}, {}, {"safe": "yes"}, {}):
        await resident.presses(**said)
    shown = await read_by_officer(shared, await report_of(shared, resident.page.ids["number"]))
    assert shown["district"]
    assert (shown["place"]["latitude"], shown["place"]["longitude"]) == (49.8951, -97.1384)


async def test_back_change_and_the_other_language_keep_what_was_said(resident: Resident) -> None:
    await resident.goes_to("check", THEFT)
    await resident.presses("to:description")
    assert STORY in resident.page.whole
    await resident.presses("back", description="Half a sent")
    assert resident.at == "place"
    resident.language = "fr"
    await resident.presses("stay", address="12, rue de l\u2019Exemple")
    assert (resident.at, resident.page.heading) == ("place", "Où cela s\u2019est-il passé?")
    assert 'value="12, rue de l\u2019Exemple"' in resident.answer.text
    await resident.presses(address="12, rue de l\u2019Exemple")
    assert resident.at == "check", "what was said before need not be said again"
    assert "Half a sent" in resident.page.whole


async def test_another_category_asks_its_own_questions_and_drops_the_others_answers(
    shared: System, resident: Resident
) -> None:
    await resident.goes_to("check", THEFT | {"a.value": "20"})
    await resident.presses("to:category")
    await resident.presses(category="hit_and_run")
    assert resident.at == "q.hit"
    await resident.presses(**{"a.hit": ["vehicle", "property"]})
    assert resident.at == "q.perishable"
    await resident.presses()
    await resident.presses()
    shown = await read_by_officer(shared, await report_of(shared, resident.page.ids["number"]))
    assert shown["answers"]["hit"] == ["vehicle", "property"]
    assert "firearm_taken" not in shown["answers"]


async def test_an_emergency_is_told_to_call_first_and_is_filed_as_stopped_only_if_the_resident_goes_on(
    shared: System, resident: Resident
) -> None:
    before = await rows(shared, reports)
    await resident.opens("/report")
    await resident.presses(**{"a.danger_now": "yes"})
    assert resident.page.heading == "Call 911 now"
    assert 'href="tel:911"' in resident.answer.text
    assert "Someone is in danger." in resident.page.whole
    await resident.presses()
    assert resident.page.heading == "Call 911 now", "Enter does not lead past it"
    assert await rows(shared, reports) == before

    await resident.presses("anyway")
    assert resident.at == "q.when"
    await resident.presses(**{"a.when": "now"})
    assert resident.page.heading == "Call 911 now", "each new reason is told"
    await resident.presses("anyway")
    for said in ({"a.suspect_here": ""}, {"a.weapon": ""}, {"a.injured": ""}, {}, {"category": "theft"}):
        await resident.presses(**said)
    while resident.at != "check":
        await resident.presses(**{name: THEFT[name] for name in ("description", "safe") if name == resident.at})
    await resident.presses()
    assert "Call 911 now" in resident.page.whole
    number, secret = resident.page.ids["number"], resident.page.ids["secret"]
    report = await report_of(shared, number)
    raised = await Person(shared, Role.SUPERVISOR).get("/v1/alarms")
    assert [one["kind"] for one in raised.json() if one["report_id"] == str(report)] == ["stopped_report"]
    await resident.enters(number, secret)
    assert "We have it as an emergency" in resident.page.whole


async def test_the_check_screen_cannot_be_reached_by_a_forged_form(resident: Resident) -> None:
    await resident.opens("/report")
    steps = ["q.danger_now", "q.when", "q.suspect_here", "q.weapon", "q.injured", "notice", "category", "description"]
    forged = {"at": "check", "go": "next", "seen": steps, "a.danger_now": "yes", "category": "theft", "warned": "x"}
    await resident.sends("/report", **forged)
    assert resident.page.heading != "We have your report"
    assert resident.at == "q.when"


@pytest.mark.parametrize("body", [b"", b"at=check", b"at=\xff%ff&go=%00", b"seen=" + b"&seen=" * 500, b"key=<&at=safe"])
async def test_a_body_that_is_no_form_of_ours_harms_nothing(shared: System, body: bytes) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await shared["intake"].post("/report", content=body, headers=headers)
    assert answer.status_code in {200, 422}
    assert "<h1" in answer.text
    for form in ({"files": {"at": ("x.txt", b"x")}}, {"json": {"at": "check"}}):
        strange: Any = form
        answer = await shared["intake"].post("/report", **strange)
        assert (answer.status_code, answer.headers["content-type"]) in {
            (200, "text/html; charset=utf-8"), (400, "text/html; charset=utf-8"),
        }  # fmt: skip


async def test_hostile_text_is_shown_as_text(resident: Resident) -> None:
    hostile = "</textarea></dd><script>x()</script>\u202e'\">\0<img src=x onerror=x()>"
    await resident.goes_to("check", THEFT | {"description": hostile, "first_name": hostile, "address": hostile})
    assert "<script>x" not in resident.answer.text
    assert "<img" not in resident.answer.text
    assert resident.page.whole.count(hostile.replace("\0", "")) == 3


async def test_the_status_is_told_in_plain_words_with_dates(shared: System, resident: Resident) -> None:
    number, secret = await resident.files(THEFT)
    await resident.enters(number.lower().replace("-", " "), f" {secret.lower()} ")
    assert resident.answer.status_code == 200
    assert f"Case {number}" in resident.page.whole
    assert "It waits for an officer." in resident.page.whole
    await Others(shared, await report_of(shared, number)).claimed(UUID(int=7))
    resident.language = "fr"
    await resident.opens("/report/case/status")
    assert "Un agent s\u2019en occupe." in resident.page.whole
    assert "Un agent l\u2019a pris en charge" in resident.page.whole
    assert "2026" in resident.page.whole


async def test_the_cookie_is_for_this_site_alone_and_for_a_short_time(shared: System, resident: Resident) -> None:
    number, secret = await resident.files(THEFT)
    answer = await shared["intake"].post("/report/case", data={"number": number, "secret": secret})
    told = answer.headers["set-cookie"]
    assert told.startswith("__Host-vpr_case=")
    for part in ("HttpOnly", "Secure", "SameSite=strict", "Path=/", "Max-Age=900"):
        assert part in told
    async with shared.runtime("intake").engine.begin() as connection:
        past = datetime.now(UTC) - timedelta(seconds=1)
        await connection.execute(update(resident_sessions).values(expires_at=past))
    resident.cookie = told.partition(";")[0]
    await resident.opens("/report/case/status")
    assert (resident.answer.status_code, resident.page.heading) == (401, "Please sign in again")


async def test_signing_out_ends_the_session_on_our_side_too(resident: Resident) -> None:
    number, secret = await resident.files(THEFT)
    await resident.enters(number, secret)
    cookie = resident.cookie
    await resident.sends("/report/case/sign-out")
    assert "closed on this device" in resident.page.heading
    resident.cookie = cookie
    await resident.opens("/report/case/status")
    assert resident.answer.status_code == 401


async def test_a_wrong_number_or_secret_tells_nothing(resident: Resident) -> None:
    number, secret = await resident.files(THEFT)
    slip = number[:-1] + next(one for one in ALPHABET if one != number[-1])
    await resident.enters(slip, secret)
    assert (resident.answer.status_code, "no case number" in resident.page.whole) == (422, True)
    unknown = case_numbers.with_check("ZZZZZZZZ")
    assert is_number(unknown)
    texts = []
    for given in ((number, "000-000-000-000"), (unknown, secret)):
        await resident.enters(*given)
        assert resident.answer.status_code == 422
        texts.append(resident.page.ids["secret-error"])
    assert len(set(texts)) == 1


async def test_attempts_at_a_case_are_counted(servers: Servers) -> None:
    async with System.started(servers, ["intake"], sign_ins_per_case="3/hour", sign_ins="5/hour") as system:
        resident = Resident(system["intake"])
        number, secret = await resident.files(THEFT)
        for _ in range(3):
            await resident.enters(number, "wrong")
            assert resident.answer.status_code == 422
        await resident.enters(number, secret)
        assert (resident.answer.status_code, resident.page.heading) == (429, "Too many attempts")
        assert int(resident.answer.headers["retry-after"]) > 0
        other, secret = await resident.files(THEFT)
        await resident.enters(other, secret)
        assert resident.page.heading == "Your report", "another case has attempts of its own"
        await resident.enters(other, secret)
        assert resident.answer.status_code == 429, "but the source has no more"


async def test_a_source_that_files_too_much_loses_nothing_by_it(servers: Servers) -> None:
    async with System.started(servers, ["intake"], web_filings="1/hour") as system:
        resident = Resident(system["intake"])
        await resident.files(THEFT)
        await resident.goes_to("check", THEFT)
        await resident.presses()
        assert (resident.answer.status_code, resident.at) == (429, "check")
        assert "Nothing is lost" in resident.page.whole
        assert STORY in resident.page.whole


async def test_a_resident_takes_a_report_back(shared: System, resident: Resident) -> None:
    number, secret = await resident.files(THEFT)
    await resident.enters(number, secret)
    await resident.opens("/report/case/withdrawal")
    assert resident.page.heading == "Take your report back?"
    await resident.sends("/report/case/withdrawal", reason="nonsense")
    assert resident.answer.status_code == 422
    for _ in range(2):
        await resident.sends("/report/case/withdrawal", reason="mistake")
        assert "You took it back." in resident.page.whole
    shown = await read_by_officer(shared, await report_of(shared, number))
    assert shown["status"] == "withdrawn"


@pytest.mark.parametrize("why", [{"category": "threats"}, {"a.domestic": "yes"}, {"safe": "no"}])
async def test_a_sensitive_report_is_open_and_taking_it_back_asks_for_a_call(
    shared: System, resident: Resident, why: dict[str, str]
) -> None:
    number, secret = await resident.files(THEFT | why)
    assert (resident.page.title, resident.page.heading) == ("City services", "We have your message")
    assert "police" not in resident.page.whole.lower()
    report = await report_of(shared, number)
    await Others(shared, report).claimed(UUID(int=7))
    await resident.enters(number, secret)
    assert (resident.page.title, resident.page.heading) == ("City services", "Your request")
    assert "Your request is open." in resident.page.whole
    for word in ("police", "officer", "report", "2026"):
        assert word not in resident.page.whole.lower(), word
    await resident.opens("/report/case/withdrawal")
    assert resident.page.heading == "Ask to be called?"
    for _ in range(2):
        await resident.sends("/report/case/withdrawal", reason="mistake")
        assert "You asked to be contacted" in resident.page.whole
    shown = await read_by_officer(shared, report)
    assert shown["status"] == "in_progress"
    assert shown["resident"]["call_requested_at"]
    assert shown["resident"]["discreet"] == ("safe" in why)
    async with shared.runtime("intake").reading() as connection:
        told = (await connection.execute(select(events.c.type).where(events.c.correlation_id == report))).scalars()
        assert list(told).count("report.amended.v1") == 1


@pytest.mark.parametrize(("category", "told"), [("assault", False), ("theft", True)])
async def test_a_311_system_learns_of_a_sensitive_report_that_it_is_open_and_nothing_more(
    shared: System, category: str, told: bool
) -> None:
    intake = shared["intake"]
    admitted = await intake.post("/v1/clients", json={"name": uuid4().hex}, headers=shared.as_(Role.ADMIN))
    key = admitted.json()["api_key"]
    hook = {"url": "http://127.0.0.1:9/", "event_types": ["report.received", "report.status_changed"]}
    made = await intake.post("/v1/webhooks", json=hook, headers={"X-API-Key": key, "Idempotency-Key": uuid4().hex})
    body = {"category": category, "description": "Somebody was there."}
    headers = {"X-API-Key": key, "Idempotency-Key": uuid4().hex}
    report = UUID((await intake.post("/v1/reports", json=body, headers=headers)).json()["id"])
    others = Others(shared, report)
    await others.claimed(UUID(int=7))
    await others.closed()

    one = (await intake.get(f"/v1/reports/{report}", headers=headers)).json()
    [listed] = (await intake.get("/v1/reports", headers=headers)).json()
    for seen in (one, listed):
        assert seen["status"] == ("closed" if told else "received")
        assert any(seen["progress"].values()) == told
    shown = []
    for path in (f"requests/{report}", "requests"):
        answer = await intake.get(f"/open311/v2/{path}.json", params={"api_key": key, "extensions": "true"})
        [request] = answer.json()
        shown.append(request["status"])
        assert bool(request["notes"]) == told
        assert request["status_notes"] == ("closed" if told else "received")
    assert shown == ["closed" if told else "open"] * 2
    may = {"start_date": "2026-05-01T00:00:00Z", "end_date": "2026-06-01T00:00:00Z"}
    updates = await intake.get("/open311/v2/servicerequestupdates.json", params={"api_key": key} | may)
    assert bool(updates.json()) == told
    closed = await intake.get("/open311/v2/requests.json", params={"api_key": key, "status": "closed"})
    assert bool(closed.json()) == told
    deliveries = await intake.get(f"/v1/webhooks/{made.json()['id']}/deliveries", headers=headers)
    assert ("report.status_changed" in {one["type"] for one in deliveries.json()}) == told
    assert "report.received" in {one["type"] for one in deliveries.json()}
    officers = await intake.get(f"/v1/reports?id={report}", headers=shared.as_(Role.OFFICER))
    assert officers.json()[0]["status"] == "closed", "staff see what became of it"


async def test_leaving_clears_what_the_browser_has_and_leads_to_a_neutral_site(servers: Servers) -> None:
    async with System.started(servers, ["intake"], exit_url="https://weather.example/") as system:
        for ask in (system["intake"].get, system["intake"].post):
            answer = await ask("/report/exit")
            assert (answer.status_code, answer.headers["location"]) == (303, "https://weather.example/")
            assert answer.headers["clear-site-data"] == '"cache", "cookies", "storage"'
            assert answer.headers["referrer-policy"] == "no-referrer"
            assert answer.headers["cache-control"] == "no-store"


async def test_leaving_ends_the_session_on_our_side_too_and_an_outage_keeps_nobody(
    shared: System, resident: Resident
) -> None:
    number, secret = await resident.files(THEFT)
    for method in ("GET", "POST"):
        await resident.enters(number, secret)
        for _ in range(2):
            left = await shared["intake"].request(method, "/report/exit", headers={"Cookie": resident.cookie})
            assert left.status_code == 303
            assert left.headers["set-cookie"].startswith('__Host-vpr_case="";')
        await resident.opens("/report/case/status")
        assert resident.answer.status_code == 401
        resident.cookie = ""
    await resident.enters(number, secret)
    gate = shared.runtime("intake").gate
    gate.reason = Reason.RESTORED
    try:
        assert (await shared["intake"].get("/report/exit", headers={"Cookie": resident.cookie})).status_code == 303
    finally:
        gate.reason = None


async def test_erasure_takes_the_phrase_and_the_wishes(shared: System, resident: Resident) -> None:
    form = whole_form(THEFT | {"phone": "204-555-0142"})
    await resident.sends("/report", **form)
    report = await report_of(shared, resident.page.ids["number"])
    for role in (Role.SUPERVISOR, Role.ADMIN):
        await shared["intake"].post(f"/v1/reports/{report}/erasure", headers=shared.as_(role))
    async with shared.runtime("intake").reading() as connection:
        query = select(func.count()).select_from(residents).where(residents.c.report_id == report)
        assert await connection.scalar(query) == 0
    assert (await read_by_officer(shared, report))["resident"] is None
    await resident.sends("/report", **form)
    assert (resident.answer.status_code, resident.page.heading) == (409, "This report was sent before")
