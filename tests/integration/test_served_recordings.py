"""Recordings at the media server: begun and ended beside a real Janus, made of files as it writes them."""

import asyncio
import os
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from pydantic import ValidationError
from sqlalchemy import func, select, text, update

from tests.evidence import WEBM, Sending, code_of, sha256
from tests.examples import recorded
from tests.integration.test_video_people import tell
from tests.integration.test_video_signalling import Call, arranged
from tests.janus import SECRET, MediaServer, media_server
from tests.mjr import write_nothing, write_pictures, write_sound
from tests.sockets import Caller, listening
from tests.system import EVIDENCE_KEY, Servers, System
from tests.waiting import DEADLINE, until
from vpr_events.contracts.case import CaseReleased, ReleaseReason
from vpr_events.contracts.report import ErasureBasis, ReportPersonalDataErased
from vpr_events.contracts.session import SessionEvidenceClosed
from vpr_events.event import new_id
from vpr_video.evidence import making
from vpr_video.evidence.recorded import RecordingSweeper
from vpr_video.media.recordings import Recordings
from vpr_video.tables import stored_objects

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def janus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MediaServer]:
    with media_server(tmp_path_factory.mktemp("janus")) as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("recordings")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def video(servers: Servers, janus: MediaServer, folder: Path) -> AsyncIterator[System]:
    """Video alone, every call of which goes through Janus and is recorded there."""
    options: dict[str, Any] = {
        "media": "janus",
        "janus_url": janus.environment["VIDEO_JANUS_URL"],
        "janus_secret": SECRET,
        "janus_recordings": folder,
        "drop_after": 0.25,
    }
    async with System.started(servers, ["video"], **options) as running:
        yield running


@dataclass
class Recording:
    """A recording that runs, whose files the test writes as Janus would."""

    call: Call
    sending: Sending
    folder: Path
    id: str
    officer: Caller

    def file(self, kind: str, number: int = 1, seen: str = "seen", more: str = "") -> Path:
        """The name of a file of the so manieth part."""
        place = {"audio": 0, "video": 1}[kind]
        return self.folder / f"{UUID(self.id).hex}-{number:032x}-{seen}-{kind}-{place}.mjr{more}"

    @property
    def files(self) -> list[Path]:
        return sorted(self.folder.glob(f"{UUID(self.id).hex}-*"))

    async def items(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.sending.client.get(
            self.sending.path, headers=dict(self.sending.headers)
        )).json()  # fmt: skip
        return [one for one in found if self.id in {one["id"], one["part_of"]}]

    async def stop(self) -> dict[str, Any]:
        answer = await self.call.meeting.post(f"evidence/{self.id}/stop")
        assert answer.status_code == 202, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def settled(self) -> list[dict[str, Any]]:
        """What came of it."""

        async def over() -> bool:
            return all(one["state"] not in {"open", "closing"} for one in await self.items())

        await until(over)
        return await self.items()

    async def ended_by(self) -> str:
        """Why it was closed."""

        async def closed() -> list[str]:
            events = [one.data for one in await self.call.meeting.events()]
            return [str(one.reason) for one in events if isinstance(one, SessionEvidenceClosed)]

        [reason] = await until(closed)
        return reason


@pytest_asyncio.fixture(loop_scope="module")
async def recording(video: System, folder: Path) -> AsyncIterator[Recording]:
    async with listening(video.apps["video"]) as url, AsyncExitStack() as stack:
        call = await arranged(video, url, stack)
        await allow(call, "view", "record")
        officer = await call.as_officer()
        await officer.sees(lambda view: view["records"] == "media_server")
        sending = Sending(video["video"], f"{call.meeting.url}/evidence", call.meeting.as_officer())
        item = await sending.begun("recording", "video/webm", method="media_server")
        await officer.sees(lambda view: view["served_recording"] == item)
        yield Recording(call, sending, folder, item, officer)


async def allow(call: Call, *scopes: str) -> None:
    answer = await call.meeting.system["video"].put("/v1/call/consents", json={"scopes": scopes}, headers=call.resident)
    assert answer.status_code == 200, answer.text


def probed(content: bytes, folder: Path) -> dict[str, Any]:
    """Streams by their codec, with the seconds that each begins after the other, and the seconds of the whole."""
    file = folder / "probed.webm"
    file.write_bytes(content)
    shown = ["-show_entries", "format=duration:stream=codec_name,start_time", "-of", "csv=p=0"]
    words = ["ffprobe", "-v", "error", *shown, str(file)]
    told = subprocess.run(words, check=True, capture_output=True, text=True)
    *streams, duration = told.stdout.split()
    return dict(one.split(",") for one in streams) | {"duration": float(duration)}


async def test_what_was_recorded_is_one_item_a_part_and_the_files_go_when_it_is_stored(
    recording: Recording, tmp_path: Path
) -> None:
    now = time.time()
    write_sound(recording.file("audio"), now - 20, 3)
    write_pictures(recording.file("video"), now - 19.5, 2)
    write_sound(recording.file("audio", 2, "heard"), now - 10, 1)
    write_pictures(recording.file("video", 2, "heard"), now - 10, 1)
    write_nothing(recording.file("video", 3))
    unfinished = recording.file("audio", 4, more=".tmp")
    write_sound(unfinished, now - 5, 2)
    assert (await recording.stop())["state"] == "closing"
    assert (await recording.stop())["state"] == "closing", "again it changes nothing"
    assert len(await recording.items()) == 1
    unfinished.rename(recording.file("audio", 4))
    first, *more = await recording.settled()
    assert [one["state"] for one in (first, *more)] == ["captured"] * 3
    assert not first["incomplete"]
    assert {one["part_of"] for one in more} == {recording.id}
    seen = (await recording.sending.read(first["id"], "/content")).content
    assert sha256(seen) == first["sha256"]
    shown = probed(seen, tmp_path)
    assert (shown["opus"], shown["vp8"]) == ("0.000000", "0.500000"), "both begin when they began"
    assert 2 < shown["duration"] < 3.5
    for one, seconds in zip(more, (1, 2), strict=True):
        shown = probed((await recording.sending.read(one["id"], "/content")).content, tmp_path)
        assert "vp8" not in shown, "no picture where none was allowed"
        assert seconds - 0.1 < shown["duration"] < seconds + 0.1
        assert "continues an earlier recording" in one["described_as"]["en"]

    async def removed() -> bool:
        return not recording.files

    await until(removed)
    assert "reached the media server" in first["described_as"]["en"]
    assert "officer's browser" not in first["described_as"]["en"]
    assert all(one in first["described_as"]["fr"] for one in ("janus-pp-rec 1.", "ffmpeg "))
    custody = (await recording.sending.read(first["id"], "/custody")).json()
    assert [one["deed"] for one in custody[:3]] == ["opened", "closed", "captured"]
    assert custody[1]["why"] == "stopped"


async def test_parts_that_wait_for_the_rest_of_a_long_recording_are_not_swept(
    recording: Recording, video: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime, hour, store = video.runtime("video"), timedelta(hours=1), making.store
    first, rest = asyncio.Event(), asyncio.Event()

    async def stored(*given: Any) -> making.Made:
        made = await store(*given)
        first.set()
        await rest.wait()
        return made

    monkeypatch.setattr(making, "store", stored)
    monkeypatch.setattr(making, "RENEWALS", 72_000)
    for number in (1, 2):
        write_sound(recording.file("audio", number), time.time() - 20 + number, 1)
    await recording.stop()
    await asyncio.wait_for(first.wait(), DEADLINE)
    unneeded = stored_objects.c.report_id.is_(None)
    async with runtime.engine.begin() as connection:
        aged = update(stored_objects).where(unneeded).values(begun_at=stored_objects.c.begun_at - hour)
        assert (await connection.execute(aged)).rowcount

    async def none_is_old() -> bool:
        old = select(stored_objects).where(unneeded, stored_objects.c.begun_at < func.clock_timestamp() - hour)
        async with runtime.reading() as connection:
            return not (await connection.execute(old)).all()

    await until(none_is_old)
    rest.set()
    assert [one["state"] for one in await recording.settled()] == ["captured"] * 2


async def test_what_came_after_consent_was_taken_back_is_not_kept(recording: Recording, tmp_path: Path) -> None:
    write_sound(recording.file("audio"), time.time() - 2, 30)
    write_sound(recording.file("audio", 2), time.time() + 60, 1)
    await allow(recording.call, "view")
    [item] = await recording.settled()
    assert (item["state"], item["reason"], item["incomplete"]) == ("captured", "consent_withdrawn", True)
    content = (await recording.sending.read(item["id"], "/content")).content
    assert 1.9 < probed(content, tmp_path)["duration"] < 20


async def test_of_which_nothing_came_nothing_is_kept(recording: Recording) -> None:
    write_nothing(recording.file("audio"))
    await recording.stop()
    [item] = await recording.settled()
    assert (item["state"], item["reason"]) == ("discarded", "file_empty")

    async def removed() -> bool:
        return not recording.files

    await until(removed)


async def test_a_file_that_cannot_be_read_stays_until_it_can(recording: Recording, video: System) -> None:
    broken = recording.file("audio")
    broken.write_bytes(b"MJR00002" + bytes([0, 2]) + b"{}" + b"MEET" + bytes(50))
    await recording.stop()

    runtime = video.runtime("video")

    async def given_up() -> bool:
        async with runtime.reading() as connection:
            return bool((await connection.execute(text("select 1 from effects where dead"))).all())

    await until(given_up)
    assert broken.exists()
    write_sound(broken, time.time() - 10, 1)
    async with runtime.engine.begin() as connection:  # an operator has it tried again
        again = "update effects set dead = false, attempts = 0, failures = 0, due_at = clock_timestamp() where dead"
        await connection.execute(text(again))
    [item] = await recording.settled()
    assert item["state"] == "captured"


@pytest.mark.parametrize("how", ["left", "left by hand", "case_lost", "session_ended", "consent_withdrawn"])
async def test_it_ends_with_the_officer_the_case_the_session_and_the_consent(recording: Recording, how: str) -> None:
    meeting = recording.call.meeting
    match how:
        case "left":
            await recording.officer.connection.close()
        case "left by hand":
            await meeting.system["video"].delete(
                f"{meeting.url}/participants/{recording.call.resident_id}", headers=meeting.as_officer()
            )
        case "case_lost":
            await tell(meeting, 9, CaseReleased(officer_id=meeting.officer, reason=ReleaseReason.RELEASED))
        case "session_ended":
            await meeting.post("end", {"reason": "completed"})
        case _:
            await allow(recording.call, "view")
    assert await recording.ended_by() == how.removesuffix(" by hand")
    assert (await meeting.read())["recording"] is False


async def test_erased_with_the_report_no_file_of_it_stays_whenever_it_was_written(
    recording: Recording, video: System, folder: Path
) -> None:
    other = replace(recording, id=str(new_id()))
    for one in (recording, other):
        write_sound(one.file("audio", more=".tmp"), time.time(), 1)
    erased = ReportPersonalDataErased(basis=ErasureBasis.RETENTION, rule="R-7")
    await recording.call.meeting.system.servers.publish(recorded(erased, entity=recording.call.meeting.report))

    async def removed() -> bool:
        return not recording.files

    await until(removed)
    assert other.files, "what is another report's is not touched"
    [item] = await recording.settled()
    assert item["state"] == "erased"
    write_sound(recording.file("audio", 2), time.time(), 1)
    await RecordingSweeper(video.runtime("video"), Recordings(folder)).sweep(86_400)
    assert not recording.files, "what was written since, although it is young"
    assert other.files


async def test_what_no_item_claims_is_removed_after_a_day_and_nothing_else(
    recording: Recording, video: System, folder: Path
) -> None:
    stray, fresh = replace(recording, id=str(new_id())), replace(recording, id=str(new_id()))
    foreign = folder / "notes.txt"
    foreign.write_text("ours")
    working = folder / "working-1"
    working.mkdir()
    for one in (recording, stray, fresh):
        write_nothing(one.file("audio"))
    old = time.time() - 90_000
    for path in (*recording.files, *stray.files, foreign, working):
        os.utime(path, (old, old))
    await RecordingSweeper(video.runtime("video"), Recordings(folder)).sweep(86_400)
    assert not stray.files
    assert not working.exists()
    assert recording.files, "its item is open"
    assert fresh.files
    assert foreign.exists()


async def test_nothing_is_sent_for_it_and_nobody_else_stops_it(recording: Recording, video: System) -> None:
    assert code_of(await recording.sending.put(recording.id, 0, WEBM)) == (409, "at_media_server")
    assert code_of(await recording.sending.complete(recording.id, 1)) == (409, "at_media_server")
    foreign = await video["video"].post(
        f"{recording.sending.path}/{recording.id}/stop", headers=recording.call.resident
    )
    assert foreign.status_code == 401
    by_page = await recording.sending.begun("photo", "image/jpeg", headers=recording.call.meeting.as_officer())
    assert code_of(await recording.call.meeting.post(f"evidence/{by_page}/stop")) == (409, "not_at_media_server")
    unknown = await recording.call.meeting.post(f"evidence/{uuid4()}/stop")
    assert code_of(unknown) == (404, "no_such_evidence")
    wrong = await recording.sending.begin("photo", "image/jpeg", method="media_server")
    assert wrong.status_code == 422


async def test_a_recording_that_janus_cannot_make_is_refused_or_ends(
    recording: Recording, video: System, janus: MediaServer
) -> None:
    await recording.stop()
    janus.kill()
    await recording.officer.sees(lambda view: view["records"] == "page")
    answer = await recording.sending.begin("recording", "video/webm", method="media_server")
    assert code_of(answer) == (409, "not_through_media_server")
    janus.start()
    await recording.officer.sees(lambda view: view["records"] == "media_server")


async def test_without_room_none_begins_and_the_one_that_runs_goes_on(
    recording: Recording, video: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = video.runtime("video").settings
    monkeypatch.setattr(settings, "janus_recordings_free", 2**62)
    answer = await recording.sending.begin("recording", "video/webm", method="media_server")
    assert code_of(answer) == (507, "storage_full")
    assert f"fewer than {2**62} bytes are left" in answer.json()["detail"]
    assert "Retry-After" in answer.headers
    assert [(one["id"], one["state"]) for one in await recording.items()] == [(recording.id, "open")]


@pytest.mark.parametrize(
    "changed",
    [{"janus_recordings": "recordings"}, {"janus_recordings": "/nowhere/at/all"}, {"media": "peer"},
     {"evidence_url": ""}],
)  # fmt: skip
async def test_settings_by_which_nothing_could_be_recorded_stop_the_start(
    servers: Servers, tmp_path: Path, changed: dict[str, Any]
) -> None:
    given: dict[str, Any] = {
        "media": "janus", "janus_url": "ws://127.0.0.1:8188", "janus_secret": SECRET, "janus_recordings": tmp_path,
        "evidence_url": tmp_path.as_uri(), "evidence_keys": EVIDENCE_KEY,
    }  # fmt: skip
    servers.settings("video", "postgresql://nowhere.test/video", **given)
    with pytest.raises(ValidationError, match=r"JANUS_RECORDINGS|no folder"):
        servers.settings("video", "postgresql://nowhere.test/video", **given | changed)
