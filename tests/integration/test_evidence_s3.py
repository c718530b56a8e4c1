"""Files in an object store that is reached by S3's HTTP: as in a folder, also when the store goes away."""

import os
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.attachments import Sender, code_of
from tests.files import PDF, REFUSED, in_parts
from tests.objects import ObjectStore, object_store
from tests.system import Servers, System
from vpr_evidence.encryption import CHUNK
from vpr_evidence.keys import MasterKeys, new_master_key
from vpr_evidence.media_types import Kind
from vpr_evidence.reading import read
from vpr_evidence.receiving import TypeRefused, receive
from vpr_evidence.storage import NotStored, ObjectStorage, StorageUnavailable, new_name

pytestmark = pytest.mark.asyncio(loop_scope="module")

LARGE = PDF + os.urandom(12_000_000)
"""More than is sent in one piece."""

LIMITS = dict.fromkeys(Kind, 20_000_000)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    with object_store(tmp_path_factory.mktemp("objects")) as running, pytest.MonkeyPatch.context() as patch:
        for name, value in running.environment.items():
            patch.setenv(name, value)
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sender(servers: Servers, store: ObjectStore) -> AsyncIterator[Sender]:
    async with System.started(servers, ["intake"], evidence_url=store.url) as running:
        yield await Sender.on(running)


async def test_it_keeps_as_a_folder_does(store: ObjectStore) -> None:
    storage, keys = ObjectStorage(store.url), MasterKeys([new_master_key()])

    async def taken(content: bytes) -> str:
        parts, name = in_parts(content, 100_000), new_name()
        item = await receive(
            parts, item=uuid4(), name=name, content_type=None, limits=LIMITS, storage=storage, keys=keys
        )
        whole = b"".join([part async for part in read(item, storage, keys)])
        middle = b"".join([part async for part in read(item, storage, keys, CHUNK - 1, 3 * CHUNK)])
        assert (whole, middle) == (content, content[CHUNK - 1 : 3 * CHUNK])
        return name

    name = await taken(LARGE)
    assert name in store.names()
    with pytest.raises(TypeRefused):
        await taken(REFUSED["text"])
    for _ in range(2):
        await storage.delete(name)
    with pytest.raises(NotStored):
        _ = [part async for part in storage.get(name, 0, 1)]


async def test_what_breaks_on_its_way_leaves_nothing(store: ObjectStore) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield LARGE
        raise ConnectionResetError("the sender is gone")

    name = new_name()
    with pytest.raises(ConnectionResetError):
        await ObjectStorage(store.url).put(name, broken())
    assert name not in store.names()


async def test_a_reports_file_is_kept_there_and_refused_while_the_store_is_away(
    store: ObjectStore, sender: Sender
) -> None:
    receipt = await sender.added(LARGE, "application/pdf")
    content = f"/{receipt['id']}/content"
    answer, part = await sender.get(content), await sender.get(content, Range="bytes=70000-90000")
    assert (answer.status_code, answer.content) == (200, LARGE)
    assert (part.status_code, part.content) == (206, LARGE[70_000:90_001])

    store.process.kill()
    refused = await sender.send()
    assert code_of(refused) == (503, "unavailable")
    with pytest.raises(StorageUnavailable):
        await ObjectStorage(store.url).delete(new_name())
    assert await sender.rows("attachments") == 1
