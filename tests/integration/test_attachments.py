"""Files of a report: taken as a stream, refused by their content, encrypted on the disk, and read back."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, MutableMapping
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from sqlalchemy import text

from tests.access import Others, Person
from tests.attachments import Sender, code_of, fields_of, in_a_form, some_key
from tests.files import GOOD, PDF, REFUSED, TAKEN_AT, in_parts, photo
from tests.system import Servers, System
from tests.waiting import until
from vpr_events.contracts.values import Role

pytestmark = pytest.mark.asyncio(loop_scope="module")

MIB = 1024 * 1024
LIMITS: dict[str, Any] = {
    "photo_bytes": MIB,
    "document_bytes": 10 * MIB,
    "attachments_most": 5,
    "attachments_most_bytes": 12 * MIB,
    "open311_body_bytes": 3 * MIB,
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(servers: Servers) -> AsyncIterator[System]:
    async with System.started(servers, ["intake"], **LIMITS) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def sender(shared: System) -> AsyncIterator[Sender]:
    """A client whose report is the only one with files."""
    one = await Sender.on(shared)
    yield one

    async def worked_off() -> bool:
        return await one.rows("effects") == 0

    await until(worked_off)
    async with shared.runtime("intake").engine.begin() as connection:
        await connection.execute(text("truncate attachments, attachment_files, stored_objects, effects"))
        await connection.execute(text("delete from events where type = 'report.attachment_added.v1'"))
    for path in one.stored:
        path.unlink()


@pytest.mark.parametrize("media_type", GOOD)
async def test_a_file_of_each_kind_is_taken_and_comes_back_as_it_was(sender: Sender, media_type: str) -> None:
    content = GOOD[media_type]
    receipt = await sender.added(content, media_type)
    expected = {"report_id": str(sender.report), "media_type": media_type, "size": len(content)}
    assert {name: receipt[name] for name in expected} == expected
    assert receipt["sha256"] == hashlib.sha256(content).hexdigest()

    read = await sender.get(f"/{receipt['id']}/content")
    assert (read.status_code, read.content, read.headers["Content-Type"]) == (200, content, media_type)
    assert read.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert read.headers["X-Content-Type-Options"] == "nosniff"
    assert read.headers["Cache-Control"] == "no-store"
    assert read.headers["Content-Disposition"].startswith("attachment; ")
    assert read.headers["ETag"] == f'"{receipt["sha256"]}"'


async def test_on_the_disk_there_is_neither_content_nor_name(sender: Sender) -> None:
    content = PDF + b"The marzipan-coloured bicycle" * 5000
    await sender.added(content, "application/pdf", Content_Disposition='attachment; filename="Quillon.pdf"')
    [file] = sender.stored
    stored = file.read_bytes()
    assert len(stored) >= len(content)
    assert b"marzipan" not in stored
    assert b"%PDF" not in stored
    assert "Quillon" not in str(file)
    assert str(sender.report) not in str(file)


async def test_the_event_holds_ids_numbers_and_codes_alone(sender: Sender) -> None:
    receipt = await sender.added(Content_Disposition='attachment; filename="Quillon.jpg"')
    async with sender.system.runtime("intake").reading() as connection:
        query = "select body from events where type = 'report.attachment_added.v1'"
        body = bytes((await connection.execute(text(query))).scalar_one()).decode()
    assert receipt["sha256"] in body
    assert sender.partner.id in body
    assert "Quillon" not in body


async def test_a_file_may_come_in_a_form(sender: Sender) -> None:
    form = in_a_form("file", "Tür.jpg", sender.photo, "image/jpeg")
    answer = await sender.partner.intake.post(sender.path, headers=sender.partner.headers, **form)
    assert answer.status_code == 201, answer.text
    [shown] = (await sender.get()).json()
    assert (shown["file_name"], shown["id"], shown["kind"]) == ("Tür.jpg", answer.json()["id"], "photo")


async def test_a_form_has_one_file(sender: Sender) -> None:
    files = [(name, ("a.jpg", sender.photo, "image/jpeg")) for name in ("file", "more")]
    answer = await sender.partner.intake.post(sender.path, headers=sender.partner.headers, files=files)
    assert (code_of(answer), fields_of(answer)) == ((422, "invalid"), ["more"])
    none = await sender.partner.intake.post(sender.path, headers=sender.partner.headers, files={"x": (None, "text")})
    assert (code_of(none), fields_of(none)) == ((422, "invalid"), ["file"])
    assert await sender.nothing_is_left()


@pytest.mark.parametrize(
    "body", [b"", b"no parts", b'--edge\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nx']
)
async def test_a_form_that_is_none_or_breaks_off_leaves_nothing(sender: Sender, body: bytes) -> None:
    answer = await sender.send(body, "multipart/form-data; boundary=edge")
    assert answer.status_code in {400, 415, 422}, answer.text
    assert answer.json()["errors"]
    assert await sender.nothing_is_left()
    assert (await sender.send(body, "multipart/form-data")).status_code == 400


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.parametrize("said", ["image/jpeg", "image/png", None])
async def test_what_is_not_taken_is_415_and_leaves_nothing(sender: Sender, what: str, said: str | None) -> None:
    answer = await sender.send(REFUSED[what], said)
    assert (code_of(answer), fields_of(answer)) == ((415, "file_type_refused"), ["body"])
    assert await sender.nothing_is_left()


@pytest.mark.parametrize("said", ["application/pdf", "text/html", "image/svg+xml"])
async def test_a_photo_that_is_called_something_else_is_415(sender: Sender, said: str) -> None:
    answer = await sender.send(sender.photo, said)
    assert (code_of(answer), fields_of(answer)) == ((415, "file_type_refused"), ["body"])
    form = in_a_form("picture", "x.jpg", sender.photo, said)
    answer = await sender.partner.intake.post(sender.path, headers=sender.partner.headers, **form)
    assert (code_of(answer), fields_of(answer)) == ((415, "file_type_refused"), ["picture"])
    assert await sender.nothing_is_left()


async def test_an_empty_file_is_422(sender: Sender) -> None:
    answer = await sender.send(b"")
    assert (code_of(answer), fields_of(answer)) == ((422, "file_empty"), ["body"])
    assert await sender.nothing_is_left()


async def test_a_stream_of_30_mib_is_refused_at_the_limit_and_read_no_further(sender: Sender) -> None:
    told = 0

    async def streaming() -> AsyncIterator[bytes]:
        nonlocal told
        yield sender.photo
        for _ in range(300):
            told += 1
            yield bytes(MIB // 10)

    answer = await sender.send(streaming())
    assert (code_of(answer), fields_of(answer)) == ((413, "file_too_large"), ["body"])
    assert told < 20
    assert await sender.nothing_is_left()


async def test_a_length_beyond_every_limit_is_refused_unread(sender: Sender) -> None:
    answer = await sender.send(sender.photo, Content_Length=str(600 * MIB))
    assert code_of(answer) == (413, "body_too_large")
    assert await sender.nothing_is_left()


async def test_other_paths_have_their_old_limit(sender: Sender) -> None:
    body, headers = b"x" * (2 * MIB), sender.partner.headers | {"Content-Type": "application/x-www-form-urlencoded"}
    for path in ("/v1/reports", "/open311/v2/requests.json", f"/v1/reports/{sender.report}/attachments/x"):
        assert (await sender.partner.intake.post(path, content=body, headers=headers)).status_code == 413, path


async def test_the_same_file_under_one_key_is_one(sender: Sender) -> None:
    key = some_key()
    first, second = [await sender.send(Idempotency_Key=key) for _ in range(2)]
    assert (first.status_code, second.status_code, first.json()) == (201, 201, second.json())
    assert len(sender.stored) == await sender.rows("stored_objects") == await sender.rows("attachments") == 1
    assert (await sender.get(f"/{first.json()['id']}/content")).content == sender.photo

    other = await sender.send(PDF, "application/pdf", Idempotency_Key=key)
    assert code_of(other) == (422, "idempotency_key_reused")
    assert len(sender.stored) == await sender.rows("stored_objects") == 1
    headers = {"X-API-Key": sender.partner.key}
    without = await sender.partner.intake.post(sender.path, content=sender.photo, headers=headers)
    assert code_of(without) == (400, "idempotency_key_missing")


async def test_the_same_file_at_the_same_moment_under_one_key_is_one(sender: Sender) -> None:
    key = some_key()
    answers = await asyncio.gather(*(sender.send(Idempotency_Key=key) for _ in range(4)))
    taken = {answer.text for answer in answers if answer.status_code == 201}
    assert len(taken) == 1
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len(sender.stored) == await sender.rows("stored_objects") == await sender.rows("attachments") == 1


@pytest.mark.parametrize(
    ("told", "kept", "served"),
    [
        ('filename="../../etc/passwd"', "passwd", "passwd.jpg"),
        ('filename="C:\\\\Users\\\\x\\\\door.jpg"', "door.jpg", "door.jpg"),
        ('filename="door.jpg.exe"', "door.jpg.exe", "door.jpg.exe.jpg"),
        ("filename*=UTF-8''T%C3%BCr.JPEG", "Tür.JPEG", "T%C3%BCr.JPEG"),
        ('filename="..."', None, "attachment.jpg"),
        ('filename=""', None, "attachment.jpg"),
        ('filename="a\tb.jpg"', "ab.jpg", "ab.jpg"),
        (f'filename="{"x" * 500}.jpg"', "x" * 196 + ".jpg", "x" * 196 + ".jpg"),
        ("filename*=UTF-8''exe%E2%80%AEgpj.html", "exegpj.html", "exegpj.html.jpg"),
        ("filename*=UTF-8''%2e%2e%2f%00x", "x", "x.jpg"),
    ],
)  # fmt: skip
async def test_a_name_is_kept_without_its_tricks(sender: Sender, told: str, kept: str | None, served: str) -> None:
    receipt = await sender.added(Content_Disposition=f"attachment; {told}")
    shown = (await sender.get(f"/{receipt['id']}")).json()
    assert shown["file_name"] == kept
    read = await sender.get(f"/{receipt['id']}/content")
    assert read.headers["Content-Disposition"] == f"attachment; filename*=UTF-8''{served}"
    assert len(sender.stored) == 1


async def test_parts_of_a_file_are_served(sender: Sender) -> None:
    content = PDF + bytes(range(256)) * 1000
    receipt = await sender.added(content)
    path = f"/{receipt['id']}/content"
    for asked, start, end in [("0-9", 0, 10), ("70000-140000", 70000, 140001), ("-5", len(content) - 5, len(content))]:
        part = await sender.get(path, Range=f"bytes={asked}")
        assert (part.status_code, part.content) == (206, content[start:end])
        assert part.headers["Content-Range"] == f"bytes {start}-{end - 1}/{len(content)}"
        assert int(part.headers["Content-Length"]) == end - start
    beyond = await sender.get(path, Range="bytes=999999-")
    assert code_of(beyond) == (416, "range_not_satisfiable")
    assert beyond.headers["Content-Range"] == f"bytes */{len(content)}"
    whole = await sender.get(path, Range="bytes=0-9", If_Range='"another"')
    assert (whole.status_code, whole.content) == (200, content)
    part = await sender.get(path, Range="bytes=0-9", If_Range=f'"{receipt["sha256"]}"')
    assert part.status_code == 206


async def test_an_image_tells_its_facts_after_the_receipt(sender: Sender) -> None:
    receipt = await sender.added()

    async def facts() -> Any:
        return (await sender.get(f"/{receipt['id']}")).json()["facts"]

    found = await until(facts)
    unknown = {"latitude": None, "longitude": None, "camera": None}
    assert found == {"readable": True, "width": 40, "height": 30, "captured_at": TAKEN_AT, "located": True} | unknown
    assert (await sender.get(f"/{receipt['id']}/content")).content == sender.photo


async def test_a_bent_image_is_taken_and_known_to_be_bent(sender: Sender) -> None:
    receipt = await sender.added(b"\xff\xd8\xff" + bytes(1000))

    async def facts() -> Any:
        return (await sender.get(f"/{receipt['id']}")).json()["facts"]

    assert (await until(facts))["readable"] is False


async def test_a_report_takes_so_many_files_and_so_many_bytes(sender: Sender) -> None:
    for _ in range(5):
        await sender.added()
    full = await sender.send()
    assert code_of(full) == (409, "attachments_full")
    assert len(sender.stored) == await sender.rows("stored_objects") == 5

    other = await Sender.on(sender.system)
    large = PDF + bytes(7 * MIB)
    await other.added(large, "application/pdf")
    assert code_of(await other.send(large, "application/pdf")) == (409, "attachments_full")
    assert len(sender.stored) == 6


async def test_a_withdrawn_report_takes_none(sender: Sender) -> None:
    await sender.partner.told("POST", f"/v1/reports/{sender.report}/withdrawal", {"reason": "mistake"})
    assert code_of(await sender.send()) == (409, "withdrawn")
    assert await sender.nothing_is_left()


async def test_another_client_neither_adds_nor_reads(sender: Sender) -> None:
    receipt = await sender.added()
    other = await Sender.on(sender.system)
    mine, other.report = other.report, sender.report
    for path in ("", f"/{receipt['id']}", f"/{receipt['id']}/content"):
        assert code_of(await other.get(path)) == (404, "no_such_report")
    assert code_of(await other.send()) == (404, "no_such_report")
    other.report = mine
    for path in (f"/{receipt['id']}", f"/{receipt['id']}/content"):
        assert code_of(await other.get(path)) == (404, "no_such_attachment")
    assert len(sender.stored) == 1


async def test_staff_read_under_a_grant_and_every_reading_is_recorded(sender: Sender) -> None:
    receipt = await sender.added(Content_Disposition='attachment; filename="door.jpg"')
    officer, stranger = await sender.holder(), Person(sender.system)
    path = f"{sender.path}/{receipt['id']}"
    for who in (stranger, Person(sender.system, Role.SUPERVISOR), Person(sender.system, Role.DISPATCHER)):
        for place in (sender.path, path, f"{path}/content"):
            assert code_of(await who.get(place)) == (403, "no_active_claim")
    for role in (Role.ADMIN, Role.AUDITOR, Role.ANALYST, Role.SERVICE):
        assert code_of(await Person(sender.system, role).get(f"{path}/content")) == (403, "forbidden")

    assert [one["file_name"] for one in (await officer.get(sender.path)).json()] == ["door.jpg"]
    assert (await officer.get(path)).json()["file_name"] == "door.jpg"
    read = await officer.get(f"{path}/content")
    assert (read.status_code, read.content) == (200, sender.photo)
    answer = await Person(sender.system, Role.AUDITOR).get("/v1/access", report_id=str(sender.report))
    noted = [(one["resource"], one["item_id"], one["reader_id"], one["purpose"]) for one in reversed(answer.json())]
    reader = str(officer.id)
    assert noted == [
        ("attachments", None, reader, "claim"),
        ("attachments", receipt["id"], reader, "claim"),
        ("attachment", receipt["id"], reader, "claim"),
    ]


async def test_staff_add_under_a_grant(sender: Sender) -> None:
    officer, headers = await sender.holder(), {"Content-Type": "image/jpeg"}
    intake = sender.partner.intake
    refused = await intake.post(sender.path, content=sender.photo, headers=Person(sender.system).headers() | headers)
    assert code_of(refused) == (403, "no_active_claim")
    assert await sender.nothing_is_left()
    taken = await intake.post(sender.path, content=sender.photo, headers=officer.headers() | headers)
    assert taken.status_code == 201, taken.text


async def test_a_report_that_is_not_there_takes_nothing(sender: Sender) -> None:
    sender.report = uuid4()
    assert code_of(await sender.send()) == (404, "no_such_report")
    assert code_of(await sender.get()) == (404, "no_such_report")
    assert await sender.nothing_is_left()


async def test_an_attachment_is_a_new_version_of_its_report(sender: Sender) -> None:
    before = await sender.partner.ask("GET", f"/v1/reports/{sender.report}")
    await sender.added()
    after = await sender.partner.ask("GET", f"/v1/reports/{sender.report}")
    assert (before.headers["ETag"], after.headers["ETag"]) == ('"2"', '"3"')


async def test_a_connection_that_breaks_halfway_leaves_nothing(sender: Sender) -> None:
    parts: list[dict[str, Any]] = [
        {"type": "http.request", "body": PDF + bytes(6 * MIB), "more_body": True}, {"type": "http.disconnect"},
    ]  # fmt: skip
    headers = sender.partner.headers | {"Content-Type": "application/pdf", "Content-Length": str(8 * MIB)}
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": sender.path, "raw_path": sender.path.encode(), "query_string": b"", "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "server": ("intake.test", 80), "client": ("127.0.0.1", 1),
    }  # fmt: skip
    told: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return parts.pop(0)

    async def send(message: MutableMapping[str, Any]) -> None:
        told.append(message)

    await sender.system.apps["intake"](scope, receive, send)
    assert told[0]["status"] == 400
    assert await sender.nothing_is_left()


async def test_a_damaged_file_is_not_served(sender: Sender) -> None:
    receipt = await sender.added()
    [file] = sender.stored
    content = bytearray(file.read_bytes())
    content[10] ^= 1
    file.write_bytes(content)
    assert code_of(await sender.get(f"/{receipt['id']}/content")) == (500, "attachment_damaged")


async def test_claims_open_the_files_of_their_own_report_alone(sender: Sender) -> None:
    receipt, officer = await sender.added(), Person(sender.system)
    other = await Sender.on(sender.system)
    await Others(sender.system, other.report).claimed(officer.id)
    assert code_of(await officer.get(f"{sender.path}/{receipt['id']}/content")) == (403, "no_active_claim")
    assert code_of(await officer.get(f"{other.path}/{receipt['id']}/content")) == (404, "no_such_attachment")
    assert UUID(receipt["id"])


async def test_a_large_file_comes_and_goes_in_parts(sender: Sender) -> None:
    content = PDF + bytes(range(256)) * 4000
    answer = await sender.send(in_parts(content, 8191), "application/pdf")
    assert answer.status_code == 201, answer.text
    assert (await sender.get(f"/{answer.json()['id']}/content")).content == content
    assert photo() != content
