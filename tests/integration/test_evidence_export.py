"""Custody and export: what was done with an item, a bag that others can verify, and every change that is found."""

import asyncio
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text, update

from tests.evidence import WEBM, Call, code_of, sha256, unpacked, verified
from tests.files import PDF, photo
from tests.system import Servers, System
from vpr_events.contracts.values import Role
from vpr_events.event import new_id
from vpr_evidence.encryption import Damaged
from vpr_video.evidence.checking import check
from vpr_video.evidence.taking import evidence_of
from vpr_video.settings import Settings
from vpr_video.tables import evidence, evidence_files

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECOND = bytes(range(256)) * 300


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def video(servers: Servers) -> AsyncIterator[System]:
    """Video alone, for all these tests."""
    async with System.started(servers, ["video"]) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def call(video: System) -> Call:
    """A call in which a recording, a photo with a tricky name and a document were secured."""
    one = await Call.arranged(video, "record")
    await one.officer.sent("recording", "video/webm", WEBM, SECOND)
    await one.resident.sent("photo", "image/jpeg", photo(), name="../../../etc/cron.d/\u202egpj.evil.sh", note="a door")
    await one.resident.sent("file", "application/pdf", PDF, name="C:\\Windows\\paper.pdf")
    return one


async def listed(call: Call) -> dict[str, dict[str, Any]]:
    answer = await call.officer.client.get(call.officer.path, headers=call.meeting.as_officer())
    return {one["kind"]: one for one in answer.json()}


async def exported(call: Call, **body: Any) -> httpx.Response:
    return await call.meeting.post("export", {"purpose": "prosecution"} | body)


async def bag_of(call: Call, folder: Path) -> Path:
    answer = await exported(call)
    assert answer.status_code == 200, answer.text
    return unpacked(answer.content, folder) / f"evidence-{call.meeting.id}"


def verified_by_bagit(bag: Path) -> bool:
    """By the program of the Library of Congress."""
    words = [sys.executable, "-m", "bagit", "--validate", str(bag)]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


async def test_custody_tells_everything_that_was_done(call: Call) -> None:
    item = (await listed(call))["recording"]["id"]
    await call.officer.read(item, "/content")
    await exported(call, items=[item])
    auditor = call.system.as_(Role.AUDITOR)
    told = (await call.by(auditor).read(item, "/custody")).json()
    officer = str(call.meeting.officer)
    assert [(one["deed"], one["by"], one["why"]) for one in told] == [
        ("opened", officer, "recording"),
        ("captured", officer, "recording"),
        ("viewed", officer, "claim"),
        ("exported", officer, "prosecution"),
    ]
    events = {str(event.id): event for event in await call.meeting.events()}
    assert all(events[one["event_id"]].hash == one["hash"] for one in told)
    stranger = call.by(call.system.as_(Role.OFFICER, subject=new_id()))
    assert code_of(await stranger.read(item, "/custody")) == (403, "not_your_session")
    assert code_of(await call.officer.read(str(new_id()), "/custody")) == (404, "no_such_evidence")


async def test_a_bag_is_verified_by_itself_and_by_another_program(call: Call, tmp_path: Path) -> None:
    bag = await bag_of(call, tmp_path)
    code, told = verified(bag)
    assert (code, told) == (0, "whole: every file, the custody log and every item agree\n")
    assert verified_by_bagit(bag)
    assert (bag / "bagit.txt").read_text() == "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
    items = {one["kind"]: one for one in json.loads((bag / "data" / "items.json").read_text())["items"]}
    assert (bag / items["recording"]["path"]).read_bytes() == WEBM + SECOND
    assert (bag / items["photo"]["path"]).read_bytes() == photo()
    assert items["photo"]["name"] == "gpj.evil.sh"
    assert items["file"]["name"] == "paper.pdf"
    assert items["photo"]["described_as"]["fr"].startswith("Une photo")
    statement = (bag / "statement.txt").read_text()
    assert "does not show" in statement
    assert "ne démontre pas" in statement
    custody = [json.loads(line) for line in (bag / "data" / "custody.jsonl").read_text().splitlines()]
    assert [one["type"] for one in custody[-3:]] == ["session.evidence_exported.v1"] * 3
    assert f"Custody-Head: {custody[-1]['hash']}" in (bag / "bag-info.txt").read_text()


def flip(path: Path, place: int = 20) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(bytes(content))


def mend(bag: Path) -> None:
    """Write all manifests anew, so that they agree with what is there."""
    for name, wanted in (("manifest", True), ("tagmanifest", False)):
        for algorithm in ("sha256", "sha512"):
            paths = sorted(path for path in bag.rglob("*") if path.is_file())
            paths = [path for path in paths if path.is_relative_to(bag / "data") is wanted]
            paths = [path for path in paths if not path.name.startswith("tagmanifest-")]
            lines = [
                f"{hashlib.new(algorithm, path.read_bytes()).hexdigest()}  {path.relative_to(bag)}\n" for path in paths
            ]
            (bag / f"{name}-{algorithm}.txt").write_text("".join(lines))


def rewritten(bag: Path, old: str, new: str) -> None:
    """Change the custody log, and every manifest so that they agree again."""
    log = bag / "data" / "custody.jsonl"
    log.write_text(log.read_text().replace(old, new, 1))
    mend(bag)


def dropped(bag: Path) -> None:
    """Leave a line of the custody log out, and mend the manifests."""
    log = bag / "data" / "custody.jsonl"
    lines = log.read_text().splitlines(keepends=True)
    log.write_text("".join(lines[:3] + lines[4:]))
    mend(bag)


def exchanged(bag: Path) -> None:
    """Put another photo in the place of one, and mend the manifests."""
    next((bag / "data" / "items").glob("*.jpg")).write_bytes(photo("PNG"))
    mend(bag)


def led_out(bag: Path) -> None:
    """Name a file outside of the bag."""
    manifest = bag / "manifest-sha256.txt"
    manifest.write_text(manifest.read_text() + f"{'0' * 64}  ../../etc/passwd\n")


def changed(pattern: str, place: int = 20) -> Callable[[Path], None]:
    """One bit of the file of this pattern is another."""
    return lambda bag: flip(next(bag.glob(pattern)), place)


def removed(bag: Path) -> None:
    next(bag.glob("data/items/*.pdf")).unlink()


def added(bag: Path) -> None:
    (bag / "data" / "more.txt").write_text("x")


def repurposed(bag: Path) -> None:
    rewritten(bag, "prosecution", "testing0000")


CHANGES: tuple[tuple[Callable[[Path], None], str], ...] = (
    (changed("data/items/*.webm"), ".webm is not what manifest-sha256.txt says"),
    (changed("data/items/*.jpg"), ".jpg is not what the custody log says was captured"),
    (changed("data/custody.jsonl", 400), "data/custody.jsonl, line 1: "),
    (changed("manifest-sha512.txt", 5), "manifest-sha512.txt is not what tagmanifest-sha256.txt says"),
    (changed("bag-info.txt", 5), "bag-info.txt is not what tagmanifest-sha256.txt says"),
    (changed("statement.txt", 5), "statement.txt is not what tagmanifest-sha512.txt says"),
    (removed, ".pdf is missing, and named in manifest-sha256.txt"),
    (added, "data/more.txt is not named in manifest-sha256.txt"),
    (led_out, "'../../etc/passwd' leads out of the bag"),
    (repurposed, "session.evidence_exported.v1 is not what was chained"),
    (dropped, "event 5 stands where 4 must"),
    (exchanged, ".jpg is not what the custody log says was captured"),
)
"""What somebody does to a bag, and the fault that is named. The last three mend the manifests as well."""


async def test_each_change_of_a_bag_is_found_and_named(call: Call, tmp_path: Path) -> None:
    answer = await exported(call)
    for number, (change, named) in enumerate(CHANGES):
        folder = tmp_path / str(number)
        with tarfile.open(fileobj=io.BytesIO(answer.content)) as archive:
            archive.extractall(folder, filter="data")
        bag = folder / f"evidence-{call.meeting.id}"
        change(bag)
        code, told = verified(bag)
        assert (code, named in told) == (1, True), f"{named}: {told}"


async def test_what_is_asked_for_is_handed_over_and_nothing_else(call: Call) -> None:
    item = (await listed(call))["photo"]["id"]
    answer = await exported(call, items=[item])
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as archive:
        names = [Path(name).name for name in archive.getnames() if "/data/items/" in name]
    assert names == [f"{item}.jpg"]
    unknown = await exported(call, items=[item, str(new_id())])
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (422, "items.1")
    assert (await exported(call, purpose="no code")).status_code == 422
    empty = await Call.arranged(call.system)
    assert code_of(await empty.meeting.post("export", {"purpose": "prosecution"})) == (409, "nothing_to_export")


async def test_an_archive_breaks_off_at_an_item_that_was_changed(call: Call) -> None:
    for path in call.stored:
        flip(path)
    with pytest.raises(Damaged):
        await exported(call)


async def faults_of(call: Call) -> list[str]:
    runtime = call.system.runtime("video")
    found = [one async for one in check(runtime.engine, evidence_of(runtime), call.meeting.id)]
    return [str(one) for one in found if one.fault]


def by_command(call: Call) -> tuple[int, str]:
    """What an operator is told at the command line: exit code and output."""
    settings = call.system.runtime("video").settings
    assert isinstance(settings, Settings)
    given = {
        "VIDEO_DATABASE_URL": settings.database_url.get_secret_value(),
        "VIDEO_EVIDENCE_URL": settings.evidence_url,
        "VIDEO_EVIDENCE_KEYS": settings.evidence_keys.get_secret_value(),
    }
    words = [sys.executable, "-m", "vpr", "evidence", "verify", "--deployed", "--session", str(call.meeting.id)]
    done = subprocess.run(words, env=os.environ | given, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


async def forge(call: Call, old: str, new: str) -> None:
    """Change stored events as only the database's owner could."""
    body = "convert_to(replace(convert_from(body, 'UTF8'), :old, :new), 'UTF8')"
    change = text(f"update events set body = {body} where stream = :one and type = 'session.evidence_opened.v1'")
    async with call.system.runtime("video").engine.begin() as connection:
        await connection.execute(change, {"old": old, "new": new, "one": f"session/{call.meeting.id}"})


async def test_a_check_of_what_is_stored_names_each_fault(call: Call) -> None:
    runtime, items = call.system.runtime("video"), await listed(call)
    assert await faults_of(call) == []
    assert await asyncio.to_thread(by_command, call) == (0, "3 items: clean\n")
    recording, document, image = (items[kind]["id"] for kind in ("recording", "file", "photo"))
    [largest] = [path for path in call.stored if path.stat().st_size > len(SECOND)]
    flip(largest, 1000)
    async with runtime.engine.begin() as connection:
        mine = update(evidence_files).where(evidence_files.c.evidence_id == document)
        await connection.execute(mine.values(wrapped_key=None))
        of_image = update(evidence).where(evidence.c.id == image)
        await connection.execute(of_image.values(sha256=sha256(b"another")))
    await forge(call, '"photo"', '"chatter"')
    assert ["cannot be read" in one for one in await faults_of(call)] == [True]
    await forge(call, '"chatter"', '"file"')
    faults = await faults_of(call)
    assert len(faults) == 4, faults
    assert "(session.evidence_opened.v1) is not what was chained" in faults[0]
    by_item = {one.partition("evidence/")[2][:36]: one for one in faults[1:]}
    assert "what is stored was changed: chunk" in by_item[recording]
    assert "key is missing, and no event tells of its erasure" in by_item[document]
    assert "the item's row says something else than the event" in by_item[image]
    assert await asyncio.to_thread(by_command, call) == (1, "\n".join([*faults, "3 items: 4 faults", ""]))
