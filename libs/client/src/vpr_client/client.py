"""The connection: asks, tries again where that is safe, and turns refusals into exceptions."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self
from uuid import uuid4

import httpx

from vpr_client.figures import FIGURES, Figure
from vpr_client.problems import ProblemError, Unreachable
from vpr_client.questions import EventLog, Query, Question
from vpr_client.tokens import Token

AGAIN = {429, 502, 503, 504}
"""Statuses that may be gone in a moment."""
LONGEST = 30.0


class Client:
    """Asks one system's metrics. ``url`` is its public address, ``token`` a bearer token or what gives one.

    Everything here only reads, or is done once however often it is asked, so what fails for a moment is asked again up
    to ``retries`` times, after as long as the system says, else after ``pause`` seconds, doubled each time. Use it as a
    context manager, or ``close`` it.
    """

    def __init__(
        self,
        url: str,
        token: Token,
        *,
        retries: int = 4,
        pause: float = 0.5,
        timeout: float = 60.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._token, self._retries, self._pause = token, retries, pause
        self._http = httpx.Client(base_url=url.rstrip("/"), timeout=timeout, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()

    def definitions(self) -> dict[str, Any]:
        """What every figure means, with the version of the definitions."""
        told: dict[str, Any] = self.ask("/metrics/v1/definitions")
        return told

    def sources(self) -> dict[str, int | None]:
        """What there is to ask about, with the number of records; None where that is too small to be told."""
        return {one["source"]: one["records"] for one in self.ask("/metrics/v1/sources")}

    def timings(self, **asked: Any) -> Question:
        """How long it takes: filters, ``interval`` or ``start`` and ``end``, ``by``, ``percentile``."""
        return self._question("timings", asked)

    def survival(self, **asked: Any) -> Question:
        """How long it takes, those who still wait counted."""
        return self._question("survival", asked)

    def compare(self, baseline: Mapping[str, Any], comparison: Mapping[str, Any], **asked: Any) -> Question:
        """What has changed between two cohorts, each with filters of its own."""
        cohorts = {"baseline": baseline, "comparison": comparison}
        filters = {f"{name}.{key}": value for name, told in cohorts.items() for key, value in told.items()}
        return self._question("compare", filters | asked)

    def flow(self, **asked: Any) -> Question:
        """Who comes how far, where the time goes, when work comes in."""
        return self._question("flow", asked)

    def event_log(self, form: str = "csv", **asked: Any) -> EventLog:
        """The chosen cases for process mining, as ``csv``, ``xes`` or ``jsonocel``."""
        return EventLog(self, f"/metrics/v1/event-log.{form}", _plain(asked))

    def publish(self, question: Question) -> Figure:
        """Freeze the answer to a question of timings, survival, compare or flow, to be quoted.

        It is the answer that everybody may see, computed from the log as far as metrics has taken it in for good:
        ``told["inputs"]`` says how many rows that were.
        """
        body = {"kind": question.path.rpartition("/")[2], "parameters": question.params}
        return Figure(self, self.answer("POST", FIGURES, body=body, key=uuid4().hex).json())

    def figure(self, figure_id: str) -> Figure:
        """A figure that was frozen, by its id."""
        return Figure(self, self.ask(f"{FIGURES}/{figure_id}"))

    def figures(self) -> Iterator[Figure]:
        """All of them, the newest first; pages are fetched as they are needed."""
        return (Figure(self, told) for told in self.pages(FIGURES))

    def sql(self, statement: str) -> Query:
        """One SELECT of your own."""
        return Query(self, "/metrics/v1/sql", {"sql": statement})

    def ask(self, path: str, **asked: Any) -> Any:
        """Any other thing that can be read, as JSON: ``ask("/metrics/v1/figures")``."""
        return self.answer("GET", path, _plain(asked)).json()

    def pages(self, path: str, **asked: Any) -> Iterator[Any]:
        """The items of a list that comes in pages, one after the other; pages are fetched as they are needed."""
        answer = self.answer("GET", path, _plain(asked))
        yield from answer.json()
        while following := answer.links.get("next"):
            query = httpx.URL(following["url"]).params
            answer = self.answer("GET", path, query)
            yield from answer.json()

    def answer(
        self, method: str, path: str, params: Any = None, body: Any = None, accept: str = "*/*", key: str = ""
    ) -> httpx.Response:
        """A whole good answer. ``key`` marks what is to be done once. Raises ProblemError and Unreachable."""
        with self.streaming(method, path, params, body, accept, key) as answer:
            answer.read()
            return answer

    @contextmanager
    def streaming(
        self, method: str, path: str, params: Any = None, body: Any = None, accept: str = "*/*", key: str = ""
    ) -> Iterator[httpx.Response]:
        """A good answer that is read as it comes; only its beginning is tried again. Raises as ``answer`` does."""
        headers = {"Accept": accept} | ({"Idempotency-Key": key} if key else {})
        answer = self._tried(method, path, {"params": params, "json": body, "headers": headers})
        try:
            yield answer
        except httpx.TransportError as error:
            raise Unreachable(f"{answer.url} broke off ({type(error).__name__})") from error
        finally:
            answer.close()

    def _tried(self, method: str, path: str, told: dict[str, Any]) -> httpx.Response:
        pause = self._pause
        for left in range(self._retries, -1, -1):
            try:
                answer = self._sent(method, path, told)
            except httpx.TransportError as error:
                if not left:
                    raise Unreachable(f"{self._http.base_url} does not answer ({type(error).__name__})") from error
                wait = pause
            else:
                if answer.is_success:
                    return answer
                if answer.status_code not in AGAIN or not left:
                    answer.read()
                    raise ProblemError.of(answer)
                answer.close()
                wait = _told_to_wait(answer, pause)
            time.sleep(min(wait, LONGEST))
            pause *= 2
        raise Unreachable("never tried")

    def _sent(self, method: str, path: str, told: dict[str, Any]) -> httpx.Response:
        token = self._token if isinstance(self._token, str) else self._token()
        request = self._http.build_request(method, path, **told)
        request.headers["Authorization"] = f"Bearer {token}"
        return self._http.send(request, stream=True)

    def _question(self, name: str, asked: Mapping[str, Any]) -> Question:
        return Question(self, f"/metrics/v1/{name}", _plain(asked))


def _told_to_wait(answer: httpx.Response, otherwise: float) -> float:
    told = answer.headers.get("Retry-After", "")
    return float(told) if told.isdigit() else otherwise


def _plain(asked: Mapping[str, Any]) -> dict[str, Any]:
    """As a query says it. ``from`` is no name in Python: a trailing underscore is left out. None asks nothing."""
    return {name.removesuffix("_"): _text(value) for name, value in asked.items() if value is not None}


def _text(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_text(one) for one in value]
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if hasattr(value, "isoformat") else value
