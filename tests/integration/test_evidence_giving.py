"""Evidence of people outside of a session: links, their page without scripts, and looking through for malware."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import select, update

from tests.clamd import LOOKED_AT, MALWARE, TAKEN, Clamd, scanner
from tests.evidence import Call, Sending, code_of, sha256
from tests.examples import recorded
from tests.files import PDF, PROGRAM, photo
from tests.system import Servers, System
from tests.waiting import DEADLINE, until
from vpr_events.contracts.report import ErasureBasis, ReportPersonalDataErased
from vpr_events.contracts.values import Role
from vpr_service.problems import Problem
from vpr_video.evidence.scanning import Infected, Scanner
from vpr_video.tables import upload_links

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def clamd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clamd]:
    with scanner(tmp_path_factory.mktemp("clamd")) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def video(servers: Servers, clamd: Clamd) -> AsyncIterator[System]:
    """Video alone, with a scanner."""
    async with System.started(servers, ["video"], clamd=clamd.address) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def call(video: System) -> Call:
    return await Call.arranged(video)


async def link(call: Call, **asked: Any) -> dict[str, Any]:
    """A new link, and the token in it."""
    body = {"purpose": "doorbell"} | asked
    made = await call.meeting.post("upload-links", body)
    assert made.status_code == 201, made.text
    told: dict[str, Any] = made.json()
    return told | {"token": str(told["link"]).rpartition("/")[2]}


def giver(call: Call, token: str) -> Sending:
    return Sending(call.system["video"], f"/v1/given/{token}/evidence", {})


async def begin(call: Call, token: str, media_type: str = "image/jpeg") -> httpx.Response:
    return await call.system["video"].post(f"/v1/given/{token}/evidence", json={"media_type": media_type, "name": "a"})


async def give(call: Call, token: str, content: bytes, media_type: str = "image/jpeg") -> httpx.Response:
    """Send a file in one chunk: the answer to its completion."""
    sending, begun = giver(call, token), await begin(call, token, media_type)
    assert begun.status_code == 201, begun.text
    assert (await sending.put(begun.json()["id"], 0, content)).status_code == 204
    return await sending.complete(begun.json()["id"], 1, sha256=sha256(content))


async def form(call: Call, token: str, *files: tuple[str, bytes, str]) -> httpx.Response:
    """Send the page's form, as a browser without scripts does."""
    return await call.system["video"].post(
        f"/give/{token}", data={"note": "Sunday, at the back door"}, files=[("files", one) for one in files]
    )


async def listed(call: Call) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await call.meeting.get(f"{call.meeting.url}/evidence")).json()
    return found


async def test_a_file_is_sent_by_a_link_and_seen_by_the_officer_alone(call: Call) -> None:
    made, content = await link(call), photo()
    done = await give(call, made["token"], content)
    assert (done.status_code, set(done.json())) == (200, {"id", "state", "next_sequence", "chunk_limit"})
    [item] = await listed(call)
    assert (item["state"], item["kind"], item["sha256"], item["participant"]) == (
        "captured",
        "file",
        sha256(content),
        None,
    )
    assert (await call.officer.read(item["id"], "/content")).content == content
    assert (await giver(call, made["token"]).read(item["id"], "/content")).status_code == 404
    custody = (await call.officer.read(item["id"], "/custody")).json()
    assert [(one["deed"], one["why"]) for one in custody][:2] == [("opened", "link"), ("captured", "file")]
    [shown] = (await call.meeting.get(f"{call.meeting.url}/upload-links")).json()
    assert (shown["used"], shown["most"], shown["link"]) == (1, 5, None)
    assert [name for name in await call.meeting.names() if name.startswith("upload")] == [
        "upload_link_issued",
        "upload_begun",
    ]
    assert made["token"] not in str([event.data for event in await call.meeting.events()])


async def test_opening_the_page_spends_nothing_and_its_form_works_without_scripts(call: Call) -> None:
    made = await link(call, most=3)
    for language, words in (("en", "You were asked for recordings of a doorbell."), ("fr", "une sonnette")):
        for _ in range(3):
            page = await call.system["video"].get(f"/give/{made['token']}?lang={language}")
            assert words in page.text
    assert await listed(call) == []
    answer = await form(
        call,
        made["token"],
        ("door.jpg", photo(), "image/jpeg"),
        ("tool.exe", PROGRAM, "application/octet-stream"),
        ("page.html", b"<html>", "text/html"),
    )
    assert (answer.status_code, "Files received: 1." in answer.text) == (200, True), answer.text
    for name in ("tool.exe", "page.html"):
        assert f"{name}: is no photo, video or PDF that we take" in answer.text
    kept = [one for one in await listed(call) if one["state"] == "captured"]
    assert [(one["name"], one["note"]) for one in kept] == [("door.jpg", "Sunday, at the back door")]
    assert "Choose a file first." in (await form(call, made["token"])).text


async def test_a_link_ends_when_it_is_used_up_taken_back_or_too_old(call: Call) -> None:
    used, revoked, old = [await link(call, most=1) for _ in range(3)]
    assert (await give(call, used["token"], photo())).status_code == 200
    for _ in range(2):
        taken_back = await call.system["video"].delete(
            f"{call.meeting.url}/upload-links/{revoked['id']}", headers=call.meeting.as_officer()
        )
        assert taken_back.status_code == 204
    for token, code in ((used["token"], "link_used_up"), (revoked["token"], "link_revoked")):
        assert code_of(await begin(call, token)) == (409, code)
        page = await call.system["video"].get(f"/give/{token}")
        assert (page.status_code, "<form" in page.text) == (410, False)
        assert (await form(call, token, ("a.jpg", photo(), "image/jpeg"))).status_code == 410
    async with call.system.runtime("video").engine.begin() as connection:
        stored = (await connection.execute(select(upload_links.c.token_digest))).scalars().all()
        assert old["token"] not in stored
    unknown = await call.system["video"].get("/give/guessed")
    assert (unknown.status_code, "We do not know this link" in unknown.text) == (404, True)
    assert code_of(await begin(call, "guessed")) == (404, "no_such_link")


async def take_back(call: Call, made: dict[str, Any]) -> None:
    url = f"{call.meeting.url}/upload-links/{made['id']}"
    assert (await call.system["video"].delete(url, headers=call.meeting.as_officer())).status_code == 204


async def test_what_is_being_sent_by_a_link_that_is_taken_back_is_closed_and_what_came_is_kept(call: Call) -> None:
    made, other = await link(call), await link(call)
    sending, content = giver(call, made["token"]), PDF.ljust(2000)
    done, item, late, own = [
        (await begin(call, token, "application/pdf")).json()["id"]
        for token in (made["token"], made["token"], made["token"], other["token"])
    ]
    assert (await sending.put(done, 0, content)).status_code == 204
    assert (await sending.complete(done, 1)).status_code == 200
    assert (await sending.put(item, 0, content)).status_code == 204

    async def overtaken() -> AsyncIterator[bytes]:
        yield content[:1000]
        await take_back(call, made)
        yield content[1000:]

    assert code_of(await sending.put(late, 0, overtaken())) == (409, "evidence_closed")
    assert code_of(await sending.put(item, 1, content)) == (409, "link_revoked")
    assert code_of(await sending.complete(item, 1)) == (409, "link_revoked")
    assert (await sending.complete(done, 1)).status_code == 200, "what was whole before stays so"
    assert (await giver(call, other["token"]).put(own, 0, content)).status_code == 204, "of another link"

    async def ended() -> bool:
        return {one["id"]: one["state"] for one in await listed(call)} == {
            done: "captured",
            item: "captured",
            late: "discarded",
            own: "open",
        }

    await until(ended)
    [kept] = [one for one in await listed(call) if one["id"] == item]
    assert (kept["incomplete"], kept["reason"], kept["sha256"]) == (True, "stopped", sha256(content))


async def test_what_was_begun_in_time_may_end_within_half_an_hour_of_the_link(call: Call) -> None:
    made = await link(call)
    sending, item = giver(call, made["token"]), (await begin(call, made["token"], "application/pdf")).json()["id"]

    async def ended(ago: timedelta) -> None:
        query = update(upload_links).where(upload_links.c.link_id == UUID(made["id"]))
        async with call.system.runtime("video").engine.begin() as connection:
            await connection.execute(query.values(expires_at=datetime.now(UTC) - ago))

    await ended(timedelta(minutes=31))
    assert code_of(await sending.put(item, 0, PDF)) == (409, "link_expired")
    assert code_of(await sending.complete(item, 0)) == (409, "link_expired")
    await ended(timedelta(minutes=29))
    assert (await sending.put(item, 0, PDF)).status_code == 204
    assert (await sending.complete(item, 1)).status_code == 200


async def test_a_link_outlives_the_session_and_not_the_personal_data(call: Call) -> None:
    made = await link(call)
    await call.meeting.post("end", {"reason": "completed"})
    assert (await give(call, made["token"], PDF, "application/pdf")).status_code == 200
    erased = ReportPersonalDataErased(basis=ErasureBasis.RETENTION, rule="retention")
    await call.system.servers.publish(recorded(erased, entity=call.meeting.report))

    async def gone() -> bool:
        return (await begin(call, made["token"])).status_code == 404

    await until(gone)


async def test_a_link_is_made_by_who_acts_and_opens_its_own_items_alone(call: Call) -> None:
    foreign = await call.meeting.post("upload-links", {"purpose": "camera"}, call.system.as_(Role.OFFICER))
    assert code_of(foreign) == (403, "not_your_session")
    wrong = await call.meeting.post("upload-links", {"purpose": "anything"})
    assert (wrong.status_code, [one["field"] for one in wrong.json()["errors"]]) == (422, ["purpose"])
    one, other = await link(call), await link(call)
    item = (await begin(call, one["token"])).json()["id"]
    assert (await giver(call, other["token"]).put(item, 0, photo())).status_code == 404
    assert (await giver(call, one["token"]).put(item, 1, photo())).status_code == 409, "a gap"


async def test_what_a_scanner_finds_is_not_kept(call: Call) -> None:
    made = await link(call)
    assert code_of(await give(call, made["token"], MALWARE, "application/pdf")) == (422, "file_infected")
    [item] = await listed(call)
    assert (item["state"], item["reason"]) == ("discarded", "file_infected")
    page = await form(call, made["token"], ("bill.pdf", MALWARE, "application/pdf"))
    assert "bill.pdf: holds malware, says a scanner: it is not kept" in page.text
    refused = await _photo_of_the_resident(call, MALWARE)
    assert code_of(refused) == (422, "file_infected")
    await until(call.nothing_kept)


async def _photo_of_the_resident(call: Call, content: bytes) -> httpx.Response:
    item = await call.resident.begun("file", "application/pdf")
    await call.resident.put(item, 0, content)
    return await call.resident.complete(item, 1)


async def test_nothing_is_captured_while_the_scanner_is_away(call: Call, clamd: Clamd) -> None:
    made = await link(call)
    clamd.kill()
    refused = await give(call, made["token"], PDF, "application/pdf")
    assert code_of(refused) == (503, "scanner_unavailable")
    [item] = await listed(call)
    assert item["state"] == "open", "kept aside"
    page = await form(call, made["token"], ("bill.pdf", PDF, "application/pdf"))
    assert "bill.pdf: waits for the malware scanner" in page.text
    clamd.start()
    assert (await giver(call, made["token"]).complete(item["id"], 1)).status_code == 200
    assert (await listed(call))[0]["state"] == "captured"


@pytest.mark.parametrize("size", [LOOKED_AT + 1, TAKEN + 1])
async def test_what_is_too_large_to_be_looked_through_is_neither_clean_nor_infected(call: Call, size: int) -> None:
    made = await link(call)
    refused = await give(call, made["token"], PDF.ljust(size), "application/pdf")
    assert code_of(refused) == (503, "scanner_unavailable")
    [item] = await listed(call)
    assert item["state"] == "open", "kept aside"


async def test_the_scanner_is_reached_by_its_socket_as_well(clamd: Clamd) -> None:
    by_socket = Scanner(clamd.socket, timedelta(seconds=DEADLINE))
    await by_socket.check(_pieces(PDF))
    with pytest.raises(Infected):
        await by_socket.check(_pieces(MALWARE))
    with pytest.raises(Problem, match="does not answer"):
        await Scanner(f"{clamd.socket}-elsewhere", timedelta(seconds=DEADLINE)).check(_pieces(PDF))


async def _pieces(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 10):
        yield content[start : start + 10]
