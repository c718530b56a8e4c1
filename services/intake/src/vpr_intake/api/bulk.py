"""``POST /v1/reports/bulk``: many reports in one request, a line each, each answered by a line of its own."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import orjson
import structlog
from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from vpr_events.idempotency import IdempotencyKey
from vpr_intake.api.callers import Caller, FilerGiven
from vpr_intake.api.filing import city_of, filing
from vpr_intake.api.reports import filed_of
from vpr_intake.schemas.filing import NewReport
from vpr_service.languages import language_of
from vpr_service.ndjson import MEDIA_TYPE, Line, Results, Streamed, lines
from vpr_service.problems import Problem, invalid_field, problem_of
from vpr_service.requests import GivenKey
from vpr_service.runtime import Running, Runtime

MOST_ROWS = 10_000
LONGEST_ROW = 65_536
"""Bytes."""

AT_ONCE = 64
"""Rows that wait for a commit: half of what one holds, so that who files a single report finds room in the next."""

MOST_ERRORS = 20
"""Fields that are named of one row."""

router = APIRouter(prefix="/v1/reports", tags=["reports"])

log = structlog.get_logger(__name__)

LINES = {"schema": {"type": "string", "description": "One JSON object a line; in: the body of POST /v1/reports."}}
DESCRIBED: dict[str, Any] = {
    "requestBody": {"required": True, "content": {MEDIA_TYPE: LINES}},
    "responses": {"200": {"description": "A line for each row", "content": {MEDIA_TYPE: LINES}}},
}


@router.post("/bulk", openapi_extra=DESCRIBED, response_class=Response)
async def file_many(request: Request, caller: FilerGiven, runtime: Running, key: GivenKey) -> Response:
    """File up to 10,000 reports: NDJSON, each line as POST /v1/reports takes it, at most 64 KiB.

    Answers 200 with a line for each row, in order, once it is stored: ``line`` (from 1), ``status``, and ``id`` with
    ``report`` or ``problem``. The same body under the same Idempotency-Key gets the same ids, also after a cut.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != MEDIA_TYPE:
        headers = {"Accept-Post": MEDIA_TYPE}
        raise Problem(415, "unsupported_media_type", f"Content-Type must be {MEDIA_TYPE}", headers=headers)
    rows = lines(request.stream(), LONGEST_ROW)
    first = await anext(rows, None)
    if first is None:
        raise invalid_field("body", "is empty: send one report a line")
    bulk = Bulk(caller, runtime, key, language_of(request))
    return Streamed(lambda results: bulk.file(first, rows, results))


@dataclass
class Bulk:
    """One request's rows on their way through the pipeline."""

    caller: Caller
    runtime: Runtime
    key: str
    language: str
    _room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE), init=False)

    async def file(self, first: Line, rest: AsyncIterator[Line], results: Results) -> None:
        """File each row, with so many at once as there is room for, and put what is answered into ``results``."""
        self.runtime.telemetry.at_work += 1
        try:
            await self._file(first, rest, results)
            for _ in range(AT_ONCE):  # until all are stored
                await self._room.acquire()
        finally:
            self.runtime.telemetry.at_work -= 1

    async def _file(self, first: Line, rest: AsyncIterator[Line], results: Results) -> None:
        last, count = first.number, 0
        try:
            results.put_nowait(await self._begun(first))
            async for row in rest:
                last, count = row.number, count + 1
                if count < MOST_ROWS:
                    results.put_nowait(await self._begun(row))
                elif count == MOST_ROWS:
                    problem = Problem(413, "too_many_rows", f"this row and those behind it: {MOST_ROWS} are the most")
                    results.put_nowait(_answer(row.number, problem))
        except HTTPException as error:  # of the limit of bodies
            problem = Problem(error.status_code, "body_too_large", "the body is too large: nothing is filed from here")
            results.put_nowait(_answer(last + 1, problem))
        except ClientDisconnect:
            log.info("bulk cut off", rows=count + 1)

    async def _begun(self, row: Line) -> asyncio.Task[bytes]:
        await self._room.acquire()
        task = asyncio.create_task(self._filed(row))
        task.add_done_callback(lambda _: self._room.release())
        return task

    async def _filed(self, row: Line) -> bytes:
        """The answer to a row; an error of its own is its answer and keeps no other from being filed."""
        try:
            return await self._stored(row)
        except Exception as error:
            problem = problem_of(error)
            if problem.status == 500:
                log.exception("failed", exc_info=error)
            return _answer(row.number, problem)

    async def _stored(self, row: Line) -> bytes:
        if row.text is None:
            raise Problem(413, "row_too_long", f"a row has at most {LONGEST_ROW} bytes")
        if self.caller.client_id:
            await self.runtime.rates.spend_key(self.caller.client_id)
        executions = filing(_read(row.text), self.caller, self.caller.channel, self.runtime)
        own = IdempotencyKey(f"{self.caller.scope}:bulk", f"{self.key}\n{row.number}", _digest(row.text))
        outcome = await self.runtime.pipeline.execute(*executions, key=own)
        filed = filed_of(outcome, city_of(self.runtime), self.language)
        told = {"line": row.number, "status": 201, "id": filed.id, "report": filed.model_dump(mode="json")}
        return orjson.dumps(told)


def _read(text: bytes) -> NewReport:
    """The report in a row. Raises Problem for what is no JSON, RequestValidationError for another shape."""
    try:
        return NewReport.model_validate_json(text)
    except ValidationError as error:
        errors = error.errors(include_input=False, include_url=False)
        if errors[0]["type"] == "json_invalid":
            raise Problem(422, "not_json", f"this row is not JSON: {errors[0]['msg']}") from None
        raise RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in errors]) from None


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def _answer(line: int, problem: Problem) -> bytes:
    told: dict[str, Any] = {"line": line, "status": problem.status, "problem": problem.body(MOST_ERRORS)}
    if wait := (problem.headers or {}).get("Retry-After"):
        told["retry_after"] = int(wait)
    return orjson.dumps(told)
