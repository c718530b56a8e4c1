"""A route for what must be fast: it skips FastAPI's solving of dependencies, and leaves all that is unusual to it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self, cast

from fastapi import Request, Response
from fastapi._compat import ModelField
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.types import Message, Receive, Scope, Send

JSON = "application/json"


class Unusual(Exception):
    """This request is for FastAPI's own handler."""


@dataclass(frozen=True)
class Given:
    """One dependency of an endpoint: it takes the request, and headers that are declared as its parameters."""

    name: str
    call: Callable[..., Awaitable[Any]]
    request: str
    headers: Sequence[ModelField]

    @classmethod
    def of(cls, dependant: Dependant) -> Self:
        """A dependency as FastAPI sees it. Raises TypeError for one that takes more."""
        request = dependant.request_param_name or dependant.http_connection_param_name
        other = (dependant.dependencies, dependant.path_params, dependant.query_params, dependant.cookie_params)
        if request is None or dependant.name is None or dependant.call is None or any(other):
            raise TypeError(f"{dependant.call} takes more than a request and headers")
        return cls(dependant.name, dependant.call, request, dependant.header_params)

    async def __call__(self, request: Request) -> Any:
        """What it gives for this request. Raises Unusual for a wrong header."""
        named = {field.name: _valid(field, request.headers.get(field.alias)) for field in self.headers}
        return await self.call(**{self.request: request}, **named)


class LeanRoute(APIRoute):
    """For an endpoint that takes one JSON body, ``request``, ``response`` and dependencies that take the request alone.

    A request that is not as it should be goes FastAPI's way, as on any other route: so its errors are the same.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._plan = Plan.of(self)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        request = Request(scope, receive)
        body = await request.body()
        try:
            given = await self._plan.given(request, body)
        except Unusual:
            await super().handle(scope, _once_more(body, receive), send)
            return
        response = Response(status_code=self._plan.status, media_type=JSON)
        answer = await self.endpoint(**given, **{self._plan.request: request, self._plan.response: response})
        response.body = answer.__pydantic_serializer__.to_json(answer)
        response.headers["content-length"] = str(len(response.body))
        await response(scope, receive, send)


@dataclass(frozen=True)
class Plan:
    """What an endpoint takes, by the names of its parameters, and the status of its answer."""

    method: str
    status: int
    body: str
    model: type[BaseModel]
    request: str
    response: str
    dependencies: Sequence[Given]

    @classmethod
    def of(cls, route: APIRoute) -> Self:
        """An endpoint as FastAPI sees it. Raises TypeError or ValueError for one that takes more."""
        dependant = route.dependant
        [body], [method] = dependant.body_params, list(route.methods or ())
        if dependant.request_param_name is None or dependant.response_param_name is None:
            raise TypeError(f"{route.path}: a lean endpoint takes request and response")
        return cls(
            method=method,
            status=route.status_code or 200,
            body=body.name,
            model=cast("type[BaseModel]", body.field_info.annotation),
            request=dependant.request_param_name,
            response=dependant.response_param_name,
            dependencies=[Given.of(one) for one in dependant.dependencies],
        )

    async def given(self, request: Request, body: bytes) -> dict[str, Any]:
        """Body and dependencies. Raises Unusual, and whatever the dependencies raise."""
        plain = request.method == self.method and request.headers.get("content-type") == JSON
        if not plain or request.app.dependency_overrides:
            raise Unusual
        try:
            values: dict[str, Any] = {self.body: self.model.model_validate_json(body)}
        except ValidationError as error:
            raise Unusual from error
        for one in self.dependencies:
            values[one.name] = await one(request)
        return values


def _valid(field: ModelField, value: str | None) -> Any:
    if value is None:
        if field.field_info.is_required():
            raise Unusual
        return field.default
    valid, errors = field.validate(value)
    if errors:
        raise Unusual
    return valid


def _once_more(body: bytes, receive: Receive) -> Receive:
    read = False

    async def again() -> Message:
        nonlocal read
        if read:
            return await receive()
        read = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
