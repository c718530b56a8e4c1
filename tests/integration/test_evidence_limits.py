"""Evidence of calls where it is limited, slow or not set up at all."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

from pydantic import SecretStr

from tests.evidence import WEBM, Call, code_of
from tests.files import photo
from tests.system import Servers, System


async def test_bodies_that_are_no_chunk_are_refused(servers: Servers) -> None:
    limits: Any = {"chunk_bytes": 2048, "recording_bytes": 5000, "evidence_most": 2, "evidence_most_bytes": 6000}
    async with System.started(servers, ["video"], **limits) as video:
        call = await Call.arranged(video, "record")
        item = await call.officer.begun("recording", "video/webm")
        assert code_of(await call.officer.put(item, 0, b"")) == (422, "chunk_empty")
        assert code_of(await call.officer.put(item, 0, WEBM + bytes(2048))) == (413, "chunk_too_large")
        assert code_of(await call.officer.put(item, 0, bytes(2_000_000))) == (413, "body_too_large")
        assert (await call.officer.put(item, -1, WEBM)).status_code == 422
        for sequence, content in enumerate((WEBM, bytes(2048), bytes(2000))):
            assert (await call.officer.put(item, sequence, content)).status_code == 204
        assert code_of(await call.officer.put(item, 3, bytes(1000))) == (413, "file_too_large")
        assert (await call.officer.complete(item, 3)).status_code == 200
        assert len(call.stored) == 3
        image = await call.resident.begun("photo", "image/jpeg")
        assert (await call.resident.put(image, 0, photo())).status_code == 204
        assert code_of(await call.resident.put(image, 1, bytes(2048))) == (413, "file_too_large"), "of the session"
        assert code_of(await call.resident.begin("photo", "image/jpeg")) == (409, "evidence_too_many")


async def test_without_a_place_or_a_key_there_is_no_evidence(servers: Servers) -> None:
    off: Any = {"evidence_keys": SecretStr("")}
    async with System.started(servers, ["video"], **off) as video:
        call = await Call.arranged(video)
        assert code_of(await call.officer.begin("photo", "image/jpeg")) == (503, "evidence_off")


async def test_a_chunk_that_takes_too_long_is_408_and_leaves_nothing(servers: Servers) -> None:
    limit: Any = {"upload_time": timedelta(milliseconds=50)}
    async with System.started(servers, ["video"], **limit) as video:
        call, gate = await Call.arranged(video), asyncio.Event()

        async def slow() -> AsyncIterator[bytes]:
            yield photo()
            await gate.wait()

        item = await call.officer.begun("photo", "image/jpeg")
        assert code_of(await call.officer.put(item, 0, slow())) == (408, "upload_too_slow")
        assert await call.nothing_kept()
