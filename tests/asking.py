"""Asking an app for a status alone: an answer that streams for ever is hung up on."""

import asyncio
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI

from tests.waiting import DEADLINE

SOCKET = "SOCKET"
"""The method that stands for a WebSocket handshake."""
PROTOCOL = "vpr.call.1"


async def status_of(app: FastAPI, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> int:
    """The status that the app answers with."""
    socket = method == SOCKET
    parts, answered, gone = urlsplit(url), asyncio.get_running_loop().create_future(), asyncio.Event()
    named = {"Host": parts.netloc, "Content-Length": str(len(body)), **headers}
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": parts.scheme,
        "path": parts.path, "raw_path": parts.path.encode(), "query_string": parts.query.encode(), "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in named.items()],
        "server": (parts.hostname, parts.port), "client": ("127.0.0.1", 1),
    }  # fmt: skip
    if socket:
        scope |= {"type": "websocket", "method": "GET", "subprotocols": [PROTOCOL]}
        scope |= {"extensions": {"websocket.http.response": {}}}
    waiting = [{"type": "websocket.connect"} if socket else {"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> MutableMapping[str, Any]:
        if waiting:
            return waiting.pop()
        await gone.wait()
        return {"type": "websocket.disconnect", "code": 1006} if socket else {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        status = 101 if message["type"] == "websocket.accept" else message.get("status")
        if status and not answered.done():
            answered.set_result(int(status))

    asked = asyncio.create_task(app(scope, receive, send))
    try:
        await asyncio.wait({asked, answered}, timeout=DEADLINE, return_when=asyncio.FIRST_COMPLETED)
        assert answered.done(), f"{method} {parts.path} does not answer"
        status: int = answered.result()
        return status
    finally:
        await _hang_up(asked, gone)


async def _hang_up(asked: asyncio.Task[None], gone: asyncio.Event) -> None:
    await asyncio.wait({asked}, timeout=0.5)
    gone.set()
    await asyncio.wait({asked}, timeout=2)
    asked.cancel()
    with suppress(asyncio.CancelledError):
        await asked
