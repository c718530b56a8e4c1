"""Operators' figures and logs: Prometheus, one registry a service, and structured lines with a request id.

A log line names the route's template, never the path or query: those may hold personal data or keys.
"""

import logging
import math
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import cast
from uuid import uuid4

import orjson
import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.typing import ExcInfo

from vpr_service.problems import problem_of

REQUEST_ID = b"x-request-id"

log = structlog.get_logger("vpr.http")


def _json(line: object, default: Callable[[object], object] | None = None) -> str:
    return orjson.dumps(line, default).decode()


def configure_logs(level: str, style: str) -> None:
    """Structured lines on standard error: JSON, or text for people."""
    renderer = (
        structlog.processors.JSONRenderer(_json) if style == "json" else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(_without_texts),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )


def _without_texts(exc_info: ExcInfo) -> str:
    """Where it happened and what kinds of error; their texts may quote personal data."""
    kinds, error = [], cast("BaseException | None", exc_info[1])
    while error is not None:
        kinds.append(f"{type(error).__module__}.{type(error).__qualname__}")
        error = error.__cause__ or error.__context__
    inner = exc_info[1].exceptions if isinstance(exc_info[1], BaseExceptionGroup) else ()
    parts = [_without_texts((type(one), one, one.__traceback__)) for one in inner]
    return "\n".join(["".join(traceback.format_tb(exc_info[2])) + " <- ".join(kinds), *parts])


GAUGES = {
    "outbox": ("vpr_outbox_waiting", "Events not yet in the log"),
    "outbox_age": ("vpr_outbox_oldest_seconds", "Age of the oldest of them"),
    "inbox_pending": ("vpr_inbox_pending", "Events not yet taken in"),
    "parked": ("vpr_parked", "Events that wait for another try, or behind one that does"),
    "parked_age": ("vpr_parked_oldest_seconds", "Age of the oldest event that is parked or dead"),
    "dead_letters": ("vpr_dead_letters", "Events nobody could handle"),
    "timers_overdue": ("vpr_timers_overdue", "Timers due for more than a minute"),
    "effects_waiting": ("vpr_effects_waiting", "Effects to be run"),
    "effects_dead": ("vpr_effects_dead", "Effects that failed for good"),
    "seal_age": ("vpr_seal_age_seconds", "Age of the newest seal"),
    "unsealed_age": ("vpr_unsealed_oldest_seconds", "Age of the oldest event that no seal covers"),
}
"""What is measured -> the name and the meaning of its gauge."""


@dataclass
class Telemetry:
    """One service's Prometheus registry with what every service measures, and its ``own`` gauges.

    ``at_work``: requests not yet answered.
    """

    service: str
    own: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    at_work: int = 0
    restarts: Counter = field(init=False)
    gauges: Mapping[str, Gauge] = field(init=False)
    _requests: Histogram = field(init=False)
    _kinds: dict[tuple[str, str, int], Histogram] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        names = ("method", "route", "status")
        self._requests = Histogram("vpr_request_seconds", "HTTP requests", names, registry=self.registry)
        self.restarts = Counter("vpr_worker_restarts", "Workers that failed", ["worker"], registry=self.registry)
        working = Gauge("vpr_requests_working", "Requests not yet answered", registry=self.registry)
        working.set_function(lambda: self.at_work)
        every = {**GAUGES, **self.own}
        self.gauges = {key: Gauge(name, text, registry=self.registry) for key, (name, text) in every.items()}

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Note how long a request took."""
        kind = (method, route, status)
        if kind not in self._kinds:
            self._kinds[kind] = self._requests.labels(*kind)
        self._kinds[kind].observe(seconds)

    def show(self, figures: Mapping[str, float | None]) -> None:
        """Set the gauges of these figures. An age without a subject is 0; what nobody can tell now is NaN."""
        for key, value in figures.items():
            self.gauges[key].set(value if value is not None else 0 if key.endswith("_age") else math.nan)


class RequestLog:
    """ASGI middleware: gives each request an id, measures it and logs one line."""

    def __init__(self, app: ASGIApp, telemetry: Telemetry) -> None:
        self._app, self._telemetry = app, telemetry
        self._log = log.bind()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id, started, status = _request_id(scope), time.perf_counter(), 500
        started_to_answer = False

        async def sending(message: Message) -> None:
            nonlocal status, started_to_answer
            if not started_to_answer:
                self._telemetry.at_work -= 1
            started_to_answer = True
            if message["type"] == "http.response.start":
                status = message["status"]
                message.setdefault("headers", []).append((REQUEST_ID, request_id.encode()))
            await send(message)

        structlog.contextvars.bind_contextvars(request_id=request_id, service=self._telemetry.service)
        self._telemetry.at_work += 1
        try:
            await self._app(scope, receive, sending)
        except Exception as error:
            self._log.exception("failed")
            if started_to_answer:
                raise
            await problem_of(error).response()(scope, receive, sending)
        finally:
            if not started_to_answer:
                self._telemetry.at_work -= 1
            self._note(scope, status, time.perf_counter() - started)
            structlog.contextvars.unbind_contextvars("request_id", "service", "correlation_id")

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        self._telemetry.answered(scope["method"], route, status, seconds)
        if route not in QUIET:
            self._log.info("request", method=scope["method"], route=route, status=status, ms=round(seconds * 1000, 1))


QUIET = frozenset({"/healthz", "/readyz", "/telemetry"})


def _request_id(scope: Scope) -> str:
    given = next((value for name, value in scope["headers"] if name == REQUEST_ID), b"").decode("latin-1")
    return given if given.isalnum() and len(given) <= 64 else uuid4().hex
