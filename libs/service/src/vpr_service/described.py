"""What an API's description tells of refusals: the problems that each operation may answer, beside its answers."""

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI

from vpr_service.problems import MEDIA_TYPE

SCHEMA = "Problem"
PROBLEM: dict[str, Any] = {
    "title": SCHEMA,
    "description": "Problem details (RFC 9457).",
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "description": "urn:vpr:problem: and a stable code"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "description": "what is wrong with which field; never its value",
            "items": {
                "type": "object",
                "required": ["field", "detail"],
                "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}

MEANINGS = {
    400: "The request cannot be read, or lacks its Idempotency-Key.",
    401: "No credentials, or none that are good.",
    403: "These credentials do not allow it.",
    404: "There is no such thing, or it is somebody else's.",
    405: "This method means nothing here.",
    409: "As things stand it cannot be done.",
    408: "It took too long.",
    410: "It is gone, and does not come back.",
    412: "It was changed since the version that If-Match names.",
    413: "The body is too large.",
    415: "The body is of another type than is taken.",
    416: "Range names no part of it.",
    422: "A field is not as it should be; `errors` names it.",
    428: "If-Match is needed.",
    429: "Too many requests; Retry-After says when the next one is let in.",
    503: "A part of the system does not answer; try again.",
    507: "There is no room to store it; nothing was stored.",
}

ALWAYS = (400, 404, 405, 429, 503)
"""Of anything: 404 also on the other origin."""
OF_CHANGES = (403, 409, 413, 415, 422, 507)
OWN_FORM = "x-own-errors"
"""An operation with this extension describes its errors itself, such as Open311's."""
METHODS = {"get", "post", "put", "patch", "delete", "head", "options"}


def install(app: FastAPI) -> None:
    """Let the app's description name the problems of each operation."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        """The description, made once."""
        if app.openapi_schema is None:
            described(plain())
        return plain()

    app.openapi = openapi  # type: ignore[method-assign]


def described(schema: dict[str, Any]) -> None:
    """Add the problems to a description."""
    parts = schema.setdefault("components", {}).setdefault("schemas", {})
    parts[SCHEMA] = PROBLEM
    for name in ("HTTPValidationError", "ValidationError"):
        parts.pop(name, None)
    for method, operation in _operations(schema):
        _let_bearers_in(operation)
        answers = operation["responses"]
        if "HTTPValidationError" in str(answers.get("422")):
            del answers["422"]
        if not operation.pop(OWN_FORM, False):
            for status in sorted(_statuses(method, operation)):
                answers.setdefault(str(status), _answer(status))


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Problems that an endpoint answers beside those that its form tells, as FastAPI's ``responses``."""
    return {status: _answer(status) for status in statuses}


def _operations(schema: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in schema["paths"].values():
        yield from ((method, operation) for method, operation in path.items() if method in METHODS)


def _let_bearers_in(operation: dict[str, Any]) -> None:
    """Who takes a client's key takes a member of staff's token too."""
    needed = operation.get("security", [])
    if {"APIKeyHeader": []} in needed and {"HTTPBearer": []} not in needed:
        operation["security"] = [*needed, {"HTTPBearer": []}]


def _statuses(method: str, operation: Mapping[str, Any]) -> set[int]:
    found = set(ALWAYS)
    if operation.get("security"):
        found |= {401, 403}
    if operation.get("parameters"):
        found |= {422}
    if method not in {"get", "head", "options"}:
        found |= set(OF_CHANGES)
    if any(one["name"].lower() == "if-match" for one in operation.get("parameters", ())):
        found |= {412, 428}
    return found


def _answer(status: int) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{SCHEMA}"}
    return {"description": MEANINGS[status], "content": {MEDIA_TYPE: {"schema": schema}}}
