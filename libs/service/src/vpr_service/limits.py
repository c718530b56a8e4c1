"""Bodies that are too large are refused before they are read whole.

FastAPI has such a limit too (``max_body_size``), but answers it in plain text, past every exception handler.
"""

from collections.abc import Mapping
from types import MappingProxyType

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vpr_service.problems import Problem


class BodyLimit:
    """ASGI middleware: 413 for a body above ``limit`` bytes, declared or streamed; ``of_paths`` have their own."""

    def __init__(self, app: ASGIApp, limit: int, of_paths: Mapping[str, int] = MappingProxyType({})) -> None:
        self._app, self._limit, self._of_paths = app, limit, of_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        limit = self._of_paths.get(path, self._limit)
        declared = next((int(v) for k, v in scope["headers"] if k == b"content-length" and v.isdigit()), 0)
        if declared > limit:
            return await _problem(limit).response()(scope, receive, send)
        received, started = 0, False

        async def counting() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise HTTPException(413)  # the only kind that FastAPI lets through while it reads a body
            return message

        async def answering(message: Message) -> None:
            """Whatever the app makes of that error, our own answer is what the client gets."""
            nonlocal started
            if started or received <= limit:
                started = True
                await send(message)

        try:
            await self._app(scope, counting, answering)
        finally:
            if received > limit and not started:
                await _problem(limit).response()(scope, receive, send)


def _problem(limit: int) -> Problem:
    return Problem(413, "body_too_large", f"the body is larger than {limit} bytes")
