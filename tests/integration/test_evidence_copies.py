"""What is made of evidence: facts of images, working copies by ffmpeg, documents of what was written."""

import io
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
import pytest_asyncio
from PIL import Image, ImageChops, ImageStat

from tests.evidence import WEBM, Call, Sending, code_of, sha256
from tests.examples import NOON
from tests.files import PDF, photo
from tests.system import Servers, System
from tests.waiting import until
from vpr_events.event import new_id
from vpr_video.evidence import ffmpeg
from vpr_video.tables import chat

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def video(servers: Servers) -> AsyncIterator[System]:
    """Video alone, for all these tests."""
    if reason := ffmpeg.missing():
        pytest.skip(reason)
    async with System.started(servers, ["video"], chunk_bytes=65_536) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def call(video: System) -> Call:
    return await Call.arranged(video, "snapshot", "record")


def generated(picture: str, *more: str) -> bytes:
    """Four seconds of this picture with a tone."""
    words = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", f"color={picture}", "-f", "lavfi", "-i"]
    words += ["sine=440:d=4", "-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus", "-f", "webm", *more, "-"]
    return subprocess.run(words, capture_output=True, check=True).stdout


@pytest.fixture(scope="module")
def recording() -> bytes:
    """Without a duration, as a browser records."""
    return generated("white:s=160x120:r=10:d=4", "-live", "1")


@pytest.fixture(scope="module")
def pattern() -> bytes:
    """A picture with details everywhere."""
    return generated("gray:s=160x120:r=10:d=4,noise=alls=90:allf=t")


@pytest.fixture(scope="module")
def turned(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A film that says of itself that it is to be shown turned by a quarter, as phones make them."""
    flat, made = (tmp_path_factory.mktemp("turned") / name for name in ("flat.mp4", "turned.mp4"))
    words = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=gray:s=160x80:r=10:d=2,noise=alls=90:allf=t"]
    subprocess.run([*words, "-c:v", "mpeg4", "-q:v", "1", str(flat)], check=True)
    words = ["ffmpeg", "-v", "error", "-i", str(flat), "-c", "copy", "-metadata:s:v", "rotate=90", str(made)]
    subprocess.run(words, check=True)
    return made.read_bytes()


@pytest.fixture(scope="module")
def changing(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Four seconds and then four of half the size, as a browser records when its line gets narrow."""
    folder = tmp_path_factory.mktemp("changing")
    for name, size in (("one", "320x240"), ("two", "160x120")):
        (folder / name).write_bytes(generated(f"gray:s={size}:r=10:d=4,noise=alls=90:allf=t"))
    (folder / "all").write_text("file one\nfile two\n")
    words = ["ffmpeg", "-v", "error", "-f", "concat", "-i", str(folder / "all"), "-c", "copy", "-f", "webm", "-"]
    return subprocess.run(words, capture_output=True, check=True).stdout


def probed(content: bytes, folder: Path) -> dict[str, Any]:
    """What ffprobe says of a file."""
    path = folder / "probed"
    path.write_bytes(content)
    words = ["ffprobe", "-v", "error", "-show_entries", "format=duration:stream=codec_type", "-of", "json", str(path)]
    told: dict[str, Any] = orjson.loads(subprocess.run(words, capture_output=True, check=True).stdout)
    return told


def frame(content: bytes, at: float, folder: Path) -> Image.Image:
    """The picture at so many seconds."""
    path = folder / "framed"
    path.write_bytes(content)
    words = [
        "ffmpeg",
        "-v",
        "error",
        "-ss",
        str(at),
        "-i",
        str(path),
        "-frames:v",
        "1",
        "-f",
        "image2pipe",
        "-c:v",
        "png",
        "-",
    ]
    return Image.open(io.BytesIO(subprocess.run(words, capture_output=True, check=True).stdout)).convert("RGB")


def detail(picture: Image.Image) -> float:
    """How much neighbouring pixels differ, on average."""
    grey = picture.convert("L")
    return float(ImageStat.Stat(ImageChops.difference(grey, ImageChops.offset(grey, 1, 0))).mean[0])


def loudness(content: bytes, start: float, end: float, folder: Path) -> float:
    """The mean volume between two moments, in dB."""
    path = folder / "heard"
    path.write_bytes(content)
    words = [
        "ffmpeg",
        "-ss",
        str(start),
        "-to",
        str(end),
        "-i",
        str(path),
        "-vn",
        "-af",
        "volumedetect",
        "-f",
        "null",
        "-",
    ]
    told = subprocess.run(words, capture_output=True, text=True, check=True).stderr
    return float(told.partition("mean_volume:")[2].split()[0])


async def copied(sending: Sending, item: str, **body: Any) -> dict[str, Any]:
    """A working copy, made or discarded."""
    asked = await sending.client.post(f"{sending.path}/{item}/copies", json=body, headers=dict(sending.headers))
    assert asked.status_code == 202, asked.text
    assert asked.json()["state"] == "making"

    async def done() -> dict[str, Any]:
        shown: dict[str, Any] = (await sending.read(asked.json()["id"])).json()
        return shown if shown["state"] != "making" else {}

    return await until(done)


def pieces_of(content: bytes) -> list[bytes]:
    """As chunks."""
    return [content[place : place + 60_000] for place in range(0, len(content), 60_000)]


async def content_of(sending: Sending, item: str) -> bytes:
    read = await sending.read(item, "/content")
    assert read.status_code == 200, read.text
    return read.content


async def test_a_remuxed_copy_states_its_duration_and_the_original_stays(
    call: Call, recording: bytes, tmp_path: Path
) -> None:
    original = await call.officer.sent("recording", "video/webm;codecs=vp8,opus", recording)
    assert "duration" not in probed(recording, tmp_path).get("format", {})
    made = await copied(call.officer, original["id"], purpose="playback")
    assert (made["state"], made["copied_from"], made["method"]) == ("captured", original["id"], "remux")
    content = await content_of(call.officer, made["id"])
    assert 3.5 < float(probed(content, tmp_path)["format"]["duration"]) < 4.5
    assert sha256(content) == made["sha256"] != original["sha256"]
    assert sha256(await content_of(call.officer, original["id"])) == original["sha256"]
    assert "working copy" in made["described_as"]["en"]
    assert "officer's browser" in original["described_as"]["en"]
    requested = next(event.data for event in await call.meeting.events() if "copy" in event.type)
    assert (requested.requester_id, requested.purpose) == (call.meeting.officer, "playback")  # type: ignore[attr-defined]


async def test_a_redacted_copy_hides_regions_cuts_spans_and_silences(
    call: Call, pattern: bytes, tmp_path: Path
) -> None:
    original = await call.officer.sent("recording", "video/webm", *pieces_of(pattern))
    region = {"x": 41, "y": 31, "width": 60, "height": 40}
    made = await copied(
        call.officer, original["id"], purpose="disclosure", blur=[region],
        cut=[{"start": 1, "end": 2}], mute=[{"start": 2.5, "end": 4}],
    )  # fmt: skip
    assert (made["state"], made["method"], made["media_type"]) == ("captured", "redaction", "video/webm")
    content = await content_of(call.officer, made["id"])
    told = probed(content, tmp_path)
    assert 2.7 < float(told["format"]["duration"]) < 3.3, "a second was cut"
    assert {one["codec_type"] for one in told["streams"]} == {"video", "audio"}
    assert loudness(content, 0.1, 0.9, tmp_path) > -40 > loudness(content, 1.7, 2.9, tmp_path)
    inside, outside = (45, 35, 98, 66), (110, 0, 159, 119)
    picture = frame(content, 0.5, tmp_path)
    assert detail(picture.crop(inside)) < 3 < detail(picture.crop(outside))
    assert made["edits"]["blur"][0] == region | {"start": 0, "end": None}


async def test_a_photo_is_redacted_without_its_facts(call: Call) -> None:
    original = await call.resident.sent("photo", "image/jpeg", photo())

    async def facts() -> dict[str, Any]:
        return (await call.officer.read(original["id"])).json()["facts"] or {}

    found = await until(facts)
    assert (found["width"], found["height"], found["located"]) == (40, 30, True)
    assert (found["latitude"], found["longitude"], found["camera"]) == (None, None, None)
    made = await copied(
        call.officer, original["id"], purpose="disclosure", blur=[{"x": 0, "y": 0, "width": 10, "height": 10}]
    )
    content = await content_of(call.officer, made["id"])
    picture = Image.open(io.BytesIO(content))
    assert (made["media_type"], picture.size, dict(picture.getexif())) == ("image/png", (40, 30), {})


def noise(size: tuple[int, int]) -> Image.Image:
    """A picture with details everywhere."""
    return Image.effect_noise(size, 90).convert("RGB")


async def test_a_region_lies_where_it_is_seen_in_a_photo_that_is_turned(call: Call) -> None:
    facts, file = Image.Exif(), io.BytesIO()
    facts[0x0112] = 6  # to be shown turned by a quarter
    noise((120, 80)).save(file, "JPEG", quality=95, exif=facts)
    original = await call.resident.sent("photo", "image/jpeg", file.getvalue())
    region = {"x": 0, "y": 90, "width": 80, "height": 30}
    made = await copied(call.officer, original["id"], purpose="disclosure", blur=[region])
    picture = Image.open(io.BytesIO(await content_of(call.officer, made["id"])))
    assert picture.size == (80, 120)
    assert detail(picture.crop((2, 92, 78, 118))) < 3 < detail(picture.crop((2, 2, 78, 88)))


async def test_a_region_lies_where_it_is_seen_in_a_film_that_is_turned(
    call: Call, turned: bytes, tmp_path: Path
) -> None:
    original = await call.resident.sent("file", "video/mp4", *pieces_of(turned))
    region = {"x": 0, "y": 100, "width": 80, "height": 60}
    made = await copied(call.officer, original["id"], purpose="disclosure", blur=[region])
    picture = frame(await content_of(call.officer, made["id"]), 1, tmp_path)
    assert picture.size == (80, 160)
    assert detail(picture.crop((2, 102, 78, 158))) < 3 < detail(picture.crop((2, 2, 78, 98)))


async def test_a_region_stays_on_what_it_hides_when_the_picture_changes_its_size(
    call: Call, changing: bytes, tmp_path: Path
) -> None:
    original = await call.officer.sent("recording", "video/webm", *pieces_of(changing))
    region = {"x": 200, "y": 0, "width": 120, "height": 240}
    made = await copied(call.officer, original["id"], purpose="disclosure", blur=[region], cut=[{"start": 1, "end": 2}])
    content = await content_of(call.officer, made["id"])
    assert 6.7 < float(probed(content, tmp_path)["format"]["duration"]) < 7.3
    for moment in (0.5, 2.5, 5.5):
        picture = frame(content, moment, tmp_path)
        assert picture.size == (320, 240)
        assert detail(picture.crop((204, 2, 318, 238))) < 3 < detail(picture.crop((2, 2, 196, 238))), moment


async def test_what_cannot_be_copied_says_so(call: Call) -> None:
    broken = await call.officer.sent("recording", "video/webm", WEBM)
    made = await copied(call.officer, broken["id"], purpose="playback")
    assert (made["state"], made["reason"]) == ("discarded", "copy_unreadable")
    image = await call.resident.sent("photo", "image/jpeg", photo())
    outside = await copied(
        call.officer, image["id"], purpose="playback", blur=[{"x": 500, "y": 0, "width": 9, "height": 9}]
    )
    assert (outside["state"], outside["reason"]) == ("discarded", "nothing_left")
    document = await call.resident.sent("file", "application/pdf", PDF)
    for item, body, field in (
        (document["id"], {"blur": [{"x": 0, "y": 0, "width": 9, "height": 9}]}, "evidence_id"),
        (image["id"], {"cut": [{"start": 0, "end": 1}]}, "cut"),
        (image["id"], {}, "blur"),
        (broken["id"], {"cut": [{"start": 1, "end": 1}]}, "cut.0"),
        (broken["id"], {"purpose": "two words"}, "purpose"),
    ):
        asked = await call.officer.client.post(
            f"{call.officer.path}/{item}/copies",
            json={"purpose": "disclosure"} | body,
            headers=call.meeting.as_officer(),
        )
        assert (asked.status_code, asked.json()["errors"][0]["field"]) == (422, field)


async def test_without_ffmpeg_that_is_named(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    image = await call.resident.sent("photo", "image/jpeg", photo())
    monkeypatch.setattr(shutil, "which", lambda _: None)
    body = {"purpose": "disclosure", "blur": [{"x": 0, "y": 0, "width": 9, "height": 9}]}
    asked = await call.officer.client.post(
        f"{call.officer.path}/{image['id']}/copies", json=body, headers=call.meeting.as_officer()
    )
    assert code_of(asked) == (503, "copies_off")
    assert "install the package ffmpeg" in asked.json()["detail"]


async def written(call: Call, *texts: str) -> None:
    """The officer wrote these in the call."""
    meeting = call.meeting
    row = {"session_id": meeting.id, "report_id": meeting.report, "participant_id": meeting.officer, "kind": "officer"}
    async with call.system.runtime("video").engine.begin() as connection:
        await connection.execute(chat.insert(), [row | {"id": new_id(), "at": NOON, "text": text} for text in texts])


async def test_what_was_written_is_secured_on_demand_and_at_the_end(call: Call) -> None:
    await written(call, "Good day.")
    secured = await call.officer.client.post(f"{call.officer.path}/chat", headers=call.meeting.as_officer())
    assert secured.status_code == 201, secured.text
    shown = secured.json()
    assert (shown["kind"], shown["media_type"], shown["state"]) == ("chat", "application/json", "captured")
    document = orjson.loads(await content_of(call.officer, shown["id"]))
    assert [one["text"] for one in document["messages"]] == ["Good day."]
    assert UUID(document["session_id"]) == call.meeting.id
    await written(call, "Good bye.")
    await call.meeting.post("end", {"reason": "completed"})

    async def listed() -> list[dict[str, Any]]:
        found = await call.officer.client.get(call.officer.path, headers=call.meeting.as_officer())
        return [one for one in found.json() if one["id"] != shown["id"]]

    [at_the_end] = await until(listed)
    texts = [one["text"] for one in orjson.loads(await content_of(call.officer, at_the_end["id"]))["messages"]]
    assert sorted(texts) == ["Good bye.", "Good day."]
