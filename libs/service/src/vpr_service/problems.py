"""Errors as problem details (RFC 9457): one shape for every service."""

from collections.abc import Mapping
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from vpr_events.decider import Invalid, Refused, Unknown
from vpr_events.idempotency import KeyBusy, KeyReused
from vpr_events.outages import LogUnavailable, RecoveryNeeded, is_outage
from vpr_events.store import Conflict, lost_a_race

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
TYPE_ROOT = "urn:vpr:problem:"


class Problem(Exception):
    """An answer of ``status`` with a stable ``code``; ``errors`` lists fields with what is wrong with each."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: list[dict[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.errors, self.headers = errors, headers

    def response(self) -> JSONResponse:
        """The answer on the wire."""
        headers = dict(self.headers or {})
        return JSONResponse(jsonable_encoder(self.body()), self.status, headers, media_type=MEDIA_TYPE)

    def body(self, most_errors: int | None = None) -> dict[str, Any]:
        """The details; so many of the errors at most."""
        body: dict[str, Any] = {
            "type": TYPE_ROOT + self.code,
            "title": self.code.replace("_", " "),
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            body["errors"] = self.errors[:most_errors]
        return body


def invalid_field(field: str, detail: str) -> Problem:
    """422 for one field."""
    return Problem(422, "invalid", f"{field}: {detail}", errors=[{"field": field, "detail": detail}])


def _of_domain(error: Refused) -> Problem:
    if isinstance(error, Unknown):
        return Problem(404, error.code, str(error))
    if isinstance(error, Invalid):
        return invalid_field(error.field, str(error))
    return Problem(409, error.code, str(error))


def _of_outage(error: Exception) -> Problem:
    if isinstance(error, RecoveryNeeded):
        return Problem(503, "recovery_needed", str(error), headers={"Retry-After": "60"})
    who = "the event log" if isinstance(error, LogUnavailable) else "the database"
    return Problem(503, "unavailable", f"{who} does not answer, try again", headers={"Retry-After": "2"})


def _of_database(error: DBAPIError) -> Problem | None:
    match getattr(error.orig, "sqlstate", None):
        case "22021":  # a text that PostgreSQL cannot hold, such as one with a NUL character
            return Problem(422, "invalid", "a text holds a character that cannot be stored")
        case "53100":  # its disk is full
            detail = "the database has no room left: nothing was stored, try again later"
            return Problem(507, "storage_full", detail, headers={"Retry-After": "30"})
    return None


def _of_validation(error: RequestValidationError) -> Problem:
    """The fields with what is wrong; never their values, which may be personal."""
    errors = [{"field": _field_of(one), "detail": str(one["msg"])} for one in error.errors()]
    fields = ", ".join(one["field"] for one in errors)
    return Problem(422, "invalid", f"not accepted: {fields}", errors=errors)


def _field_of(error: Mapping[str, Any]) -> str:
    return "body" if error["type"] == "json_invalid" else field_path(error["loc"])


def field_path(location: tuple[str | int, ...]) -> str:
    """``("body", "place", "lat")`` -> ``place.lat``."""
    parts = location[1:] if len(location) > 1 and location[0] in {"body", "query", "path", "header"} else location
    return ".".join(str(part) for part in parts)


def problem_of(error: Exception) -> Problem:
    """The problem that an error of any layer means to a client."""
    match error:
        case Problem():
            return error
        case Refused():
            return _of_domain(error)
        case RequestValidationError():
            return _of_validation(error)
        case HTTPException():
            detail = str(error.detail)
            return Problem(error.status_code, _http_code(error.status_code), detail, headers=error.headers)
        case KeyReused():
            return Problem(422, "idempotency_key_reused", "this Idempotency-Key came with another request before")
        case KeyBusy():
            return Problem(409, "idempotency_key_busy", "the first request with this Idempotency-Key still runs")
        case _ if lost_a_race(error):
            return Problem(409, "conflict", "others changed this at the same time: look again and retry")
        case DBAPIError() if told := _of_database(error):
            return told
        case _ if is_outage(error):
            return _of_outage(error)
        case _:
            return Problem(500, "internal", "something went wrong here; the request id names it in our logs")


def _http_code(status: int) -> str:
    return CODES.get(status, f"http_{status}")


CODES = {
    400: "bad_request",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
}


def install(app: FastAPI) -> None:
    """Answer every error of this app with a problem."""

    async def answer(_: HTTPConnection, error: Exception) -> JSONResponse:
        problem = problem_of(error)
        if problem.status >= 500 and problem is not error:
            log.error("failed", status=problem.status, exc_info=error)
        return problem.response()

    kinds: tuple[type[Exception], ...] = (
        Problem, Refused, RequestValidationError, HTTPException, KeyReused, KeyBusy, Conflict, DBAPIError, PoolTimeout,
        OSError, RecoveryNeeded,
    )  # fmt: skip
    for kind in kinds:
        app.add_exception_handler(kind, answer)
