"""Evidence: what is taken, what is stored, and that nothing else comes back."""

import hashlib
import io
import os
import zlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from PIL import Image

from tests.files import GOOD, PDF, REFUSED, TAKEN_AT, in_parts, photo
from vpr_evidence.encryption import CHUNK, Damaged
from vpr_evidence.facts import MOST_PIXELS, UNREADABLE, Facts, facts_of
from vpr_evidence.keys import KeyMissing, MasterKeys, new_master_key
from vpr_evidence.media_types import HEAD, KINDS, Kind, declared, sniffed
from vpr_evidence.ranges import Part, Unsatisfiable, part_of
from vpr_evidence.reading import read, verify
from vpr_evidence.receiving import Empty, Item, NotTaken, TooLarge, TypeRefused, receive
from vpr_evidence.storage import NotStored, ObjectStorage, new_name

LIMITS = dict.fromkeys(Kind, 10_000_000)
LENGTHS = (1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 17)


class Place:
    """A local folder with a key."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.keys = folder, MasterKeys([new_master_key()])
        self.storage = ObjectStorage(folder.as_uri())

    async def receive(
        self, content: AsyncIterator[bytes], said: str | None = None, limits: dict[Kind, int] = LIMITS
    ) -> Item:
        return await receive(
            content, item=uuid4(), name=new_name(), content_type=said, limits=limits, storage=self.storage,
            keys=self.keys,
        )  # fmt: skip

    async def read(self, item: Item, start: int = 0, end: int | None = None) -> bytes:
        return b"".join([part async for part in read(item, self.storage, self.keys, start, end)])

    @property
    def files(self) -> list[Path]:
        return [path for path in self.folder.rglob("*") if path.is_file()]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "evidence")


@pytest.mark.parametrize("media_type", KINDS)
def test_a_file_is_known_by_its_content(media_type: str) -> None:
    assert sniffed(GOOD[media_type][:HEAD]) == media_type


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_not_on_the_list_is_not_known(what: str) -> None:
    assert sniffed(REFUSED[what][:HEAD]) is None


@pytest.mark.parametrize("length", range(16))
def test_a_beginning_that_is_too_short_is_known_or_not_but_never_fails(length: int) -> None:
    for media_type, content in GOOD.items():
        assert sniffed(content[:length]) in {None, media_type}


@pytest.mark.parametrize(
    ("said", "means"),
    [
        (None, None), ("", None), ("application/octet-stream", None), ("IMAGE/JPG", "image/jpeg"),
        ("image/heif; q=1", "image/heic"), ("text/html", "text/html"),
    ],
)  # fmt: skip
def test_what_a_sender_says(said: str | None, means: str | None) -> None:
    assert declared(said) == means


@pytest.mark.parametrize("media_type", KINDS)
async def test_what_is_received_comes_back_and_is_not_to_be_read_on_the_disk(place: Place, media_type: str) -> None:
    content = GOOD[media_type]
    item = await place.receive(in_parts(content, 7), media_type)
    assert (item.media_type, item.size, item.sha256) == (media_type, len(content), hashlib.sha256(content).hexdigest())
    assert await place.read(item) == content
    await verify(item, place.storage, place.keys)
    [file] = place.files
    stored = file.read_bytes()
    assert not [at for at in range(0, len(content) - 16, 16) if content[at : at + 16] in stored and content[at] != 0]
    assert place.folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("length", LENGTHS)
async def test_every_length_and_every_part_of_it_comes_back(place: Place, length: int) -> None:
    content = PDF[:5] + os.urandom(length)
    item = await place.receive(in_parts(content, 10_007))
    assert await place.read(item) == content
    edges = sorted({0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, len(content) - 1, len(content)})
    for start in edges:
        for end in (*edges, len(content) + 5):
            assert await place.read(item, start, end) == content[start:end], (start, end)


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.parametrize("said", ["image/jpeg", None])
async def test_what_is_not_taken_leaves_nothing(place: Place, what: str, said: str | None) -> None:
    with pytest.raises(TypeRefused):
        await place.receive(in_parts(REFUSED[what]), said)
    assert place.files == []


async def test_a_type_that_disagrees_with_the_content_is_refused(place: Place) -> None:
    with pytest.raises(TypeRefused, match="the content is image/jpeg, which is not what was declared"):
        await place.receive(in_parts(photo()), "application/pdf")
    assert place.files == []


async def test_nothing_is_no_file(place: Place) -> None:
    with pytest.raises(Empty):
        await place.receive(in_parts(b""))
    assert place.files == []


async def test_a_stream_is_read_no_further_than_its_limit(place: Place) -> None:
    told = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal told
        yield PDF
        while True:
            told += 1
            yield bytes(100_000)

    with pytest.raises(TooLarge, match="1000000 bytes"):
        await place.receive(endless(), limits={**LIMITS, Kind.DOCUMENT: 1_000_000})
    assert told <= 11
    assert place.files == []


async def test_each_kind_has_its_own_limit_which_is_inclusive(place: Place) -> None:
    content = photo()
    item = await place.receive(in_parts(content), limits={**LIMITS, Kind.PHOTO: len(content)})
    assert item.size == len(content)
    with pytest.raises(TooLarge):
        await place.receive(in_parts(content), limits={**LIMITS, Kind.PHOTO: len(content) - 1})


async def test_a_stream_that_breaks_leaves_nothing(place: Place) -> None:
    async def breaking() -> AsyncIterator[bytes]:
        yield PDF + bytes(12_000_000)
        raise ConnectionResetError("gone")

    with pytest.raises(ConnectionResetError):
        await place.receive(breaking(), limits=dict.fromkeys(Kind, 10**9))
    assert place.files == []


async def test_what_was_changed_on_the_disk_does_not_come_back(place: Place) -> None:
    content = PDF + os.urandom(3 * CHUNK)
    item = await place.receive(in_parts(content))
    [file] = place.files
    good = file.read_bytes()
    sealed = CHUNK + 16
    changes = {
        "a bit": good[:100] + bytes([good[100] ^ 1]) + good[101:],
        "the last byte": good[:-1] + bytes([good[-1] ^ 1]),
        "cut in a chunk": good[:-1],
        "cut between chunks": good[: 3 * sealed],
        "chunks in another order": good[sealed : 2 * sealed] + good[:sealed] + good[2 * sealed :],
        "something added": good + b"x",
    }
    for what, changed in changes.items():
        file.write_bytes(changed)
        if what == "something added":
            assert await place.read(item) == content
            continue
        with pytest.raises(Damaged):
            await place.read(item)
    file.write_bytes(good)
    await verify(item, place.storage, place.keys)
    with pytest.raises(Damaged):
        await verify(replace(item, sha256="0" * 64), place.storage, place.keys)
    for shorter in (CHUNK, 3 * CHUNK):
        with pytest.raises(Damaged):  # the last chunk says that it is the last one, whatever its row says
            await place.read(replace(item, size=shorter))


async def test_an_item_opens_with_its_own_key_alone(place: Place) -> None:
    first, second = [await place.receive(in_parts(PDF)) for _ in range(2)]
    with pytest.raises(KeyMissing):
        await place.read(replace(first, wrapped_key=second.wrapped_key))
    with pytest.raises(Damaged):
        await place.read(replace(first, name=second.name))
    with pytest.raises(KeyMissing):
        MasterKeys([new_master_key()]).unwrap(first.id, first.wrapped_key)
    with pytest.raises(KeyMissing):
        MasterKeys([]).wrap(first.id, b"")


async def test_keys_can_be_changed(place: Place) -> None:
    old, new = new_master_key(), new_master_key()
    place.keys = MasterKeys([old])
    item = await place.receive(in_parts(PDF))
    place.keys = MasterKeys([new, old])
    assert await place.read(item) == PDF
    with pytest.raises(ValueError, match="32 bytes"):
        MasterKeys(["c2hvcnQ="])


async def test_what_is_deleted_is_gone_and_may_be_deleted_again(place: Place) -> None:
    item = await place.receive(in_parts(PDF))
    for _ in range(2):
        await place.storage.delete(item.name)
    assert place.files == []
    with pytest.raises(NotStored):
        await place.read(item)


async def test_another_store_keeps_as_a_folder_does(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.storage = ObjectStorage("memory:///")
    content = PDF + os.urandom(6_000_000)
    item = await place.receive(in_parts(content, 100_000))
    assert await place.read(item) == content
    assert await place.read(item, CHUNK - 1, 3 * CHUNK) == content[CHUNK - 1 : 3 * CHUNK]
    with pytest.raises(TypeRefused):
        await place.receive(in_parts(REFUSED["text"]))
    for _ in range(2):
        await place.storage.delete(item.name)
    with pytest.raises(NotStored):
        await place.read(item)
    assert place.files == []


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "ab", "", "ab/../../x", f"ab/{'a' * 33}"])
async def test_names_that_are_not_ours_reach_no_store(place: Place, name: str) -> None:
    with pytest.raises(ValueError, match="no name of ours"):
        await place.storage.delete(name)
    with pytest.raises(ValueError, match="no name of ours"):
        await place.storage.put(name, in_parts(b"x"))


@pytest.mark.parametrize("url", ["", "folder", "/folder", "gopher://x/y"])
def test_a_store_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="store"):
        ObjectStorage(url)


@pytest.mark.parametrize(
    ("header", "part"),
    [
        (None, None), ("", None), ("bytes=0-", (0, 100)), ("bytes=0-0", (0, 1)), ("bytes=99-", (99, 100)),
        ("bytes=10-1000", (10, 100)), ("bytes=-10", (90, 100)), ("bytes=-1000", (0, 100)), ("Bytes=5-6", (5, 7)),
        ("bytes=0-1,5-6", None), ("bytes=6-5", None), ("lines=0-1", None), ("bytes=-", None), ("bytes=a-b", None),
        (f"bytes={'9' * 19}-", None),
    ],
)  # fmt: skip
def test_ranges(header: str | None, part: tuple[int, int] | None) -> None:
    assert part_of(header, 100) == (Part(*part, 100) if part else None)


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_ranges_outside(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        part_of(header, 100)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_an_image_tells_its_facts(form: str) -> None:
    facts = facts_of(photo(form), f"image/{form.lower()}")
    assert facts == Facts(True, 40, 30, TAKEN_AT, located=True)
    assert facts_of(photo(form, located=False), f"image/{form.lower()}") == Facts(True, 40, 30, TAKEN_AT)


def test_others_tell_none() -> None:
    assert facts_of(PDF, "application/pdf") is None


def trap() -> bytes:
    """An image of a few bytes that says it has 60,000 x 60,000 pixels."""
    made = io.BytesIO()
    Image.new("1", (1, 1)).save(made, "PNG")
    header = bytearray(made.getvalue())
    header[16:24] = (60_000).to_bytes(4) * 2
    header[29:33] = zlib.crc32(header[12:29]).to_bytes(4)
    return bytes(header)


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xd8\xff", photo()[:100], b"\xff\xd8\xff" + os.urandom(2000), PDF, photo("PNG"), trap()]
)
def test_a_bent_image_is_unreadable(content: bytes) -> None:
    form = "image/png" if content == trap() else "image/jpeg"
    assert facts_of(content, form) == UNREADABLE


def test_a_not_taken_file_has_a_stable_code() -> None:
    codes = {kind.code for kind in (NotTaken, Empty, TooLarge, TypeRefused)}
    assert codes == {"file_not_taken", "file_empty", "file_too_large", "file_type_refused"}


def test_pillow_itself_refuses_what_is_no_photo() -> None:
    assert Image.MAX_IMAGE_PIXELS == MOST_PIXELS
