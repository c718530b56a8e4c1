"""Errors in the specification's form: a list of code and description, in the format of the request."""

from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from fastapi import Request, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vpr_intake.api.open311.documents import Document, format_of
from vpr_service.described import MEANINGS, OWN_FORM
from vpr_service.problems import MEDIA_TYPE, TYPE_ROOT, Problem
from vpr_service.routes import TranslatingRoute

PREFIX = "/open311"

STATUSES = {401: 403, 422: 400}
"""The specification knows 403 for a wrong key and 400 for every other bad input."""

ORDER = (403, 404)
"""Which of several errors decides the status of the answer; the others come after."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One error. ``description`` names the parameter, never its value."""

    code: int
    description: str


class Faulty(Problem):
    """Several errors at once."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        codes = {fault.code for fault in faults}
        status = next((code for code in ORDER if code in codes), faults[0].code)
        super().__init__(status, "faulty", "; ".join(fault.description for fault in faults))
        self.faults = sorted(faults, key=lambda fault: fault.code != status)


def faults_of(problem: Problem) -> Sequence[Fault]:
    """A problem as the specification tells it."""
    if isinstance(problem, Faulty):
        return problem.faults
    status = STATUSES.get(problem.status, problem.status)
    texts = [f"{one['field']}: {one['detail']}" for one in problem.errors or ()] or [problem.detail]
    return [Fault(status, text) for text in texts]


def response_of(problem: Problem, path: str) -> Response:
    """The answer to a problem at this path."""
    faults = faults_of(problem)
    errors = [{"code": fault.code, "description": fault.description} for fault in faults]
    return Document("errors", errors).response(format_of(path), faults[0].code, problem.headers)


BOTH: dict[str, Any] = {"application/json": {}, "text/xml": {}}
TOLD: dict[int | str, dict[str, Any]] = {
    200: {"description": "The document, in the format of the suffix.", "content": BOTH},
    **{
        status: {"description": f"{meaning} As a list of code and description.", "content": BOTH}
        for status, meaning in MEANINGS.items()
        if status not in {401, 412, 422, 428}
    },
}
"""What the API's description tells of answers."""


class Open311Route(TranslatingRoute):
    """Answers errors in that form."""

    def __init__(self, *args: Any, **options: Any) -> None:
        options |= {"responses": TOLD, "openapi_extra": {OWN_FORM: True}}
        super().__init__(*args, **options)

    @staticmethod
    def translate(request: Request, problem: Problem) -> Response:
        """The list of errors."""
        return response_of(problem, request.url.path)


class Outside:
    """ASGI middleware: what was refused outside of our routes, or failed in them, is answered in that form too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path = scope.get("path", "").removeprefix(scope.get("root_path", ""))
        if scope["type"] != "http" or not path.startswith(PREFIX):
            await self._app(scope, receive, send)
            return
        answering = _Answering(send)
        await self._app(scope, receive, answering)
        if answering.refusal is not None:
            await _retold(answering.refusal, bytes(answering.body), path)(scope, receive, send)


class _Answering:
    """Sends what the app answers, but keeps problem details back."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.refusal: Message | None = None
        self.body = bytearray()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_problem(message):
            self.refusal = message
        elif self.refusal is None:
            await self._send(message)
        else:
            self.body += message.get("body", b"")


def _is_problem(start: MutableMapping[str, Any]) -> bool:
    return (b"content-type", MEDIA_TYPE.encode()) in start.get("headers", ())


def _retold(refusal: Message, body: bytes, path: str) -> Response:
    told = orjson.loads(body)
    code = told["type"].removeprefix(TYPE_ROOT)
    answer = response_of(Problem(told["status"], code, told["detail"], errors=told.get("errors")), path)
    own = {name for name, _ in answer.raw_headers}
    answer.raw_headers += [pair for pair in refusal["headers"] if pair[0] not in own]
    return answer
