"""Computing an answer that is to stand, and computing it again."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from duckdb import DuckDBPyConnection
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from vpr_events.contracts.figure import FigureKind
from vpr_metrics import code, definitions
from vpr_metrics.api.answering import View
from vpr_metrics.api.comparing import COHORTS, asked_of, told_compare
from vpr_metrics.api.comparing_answers import Asked
from vpr_metrics.api.figures import told_timings
from vpr_metrics.api.flow import told_flow
from vpr_metrics.api.forms import as_json
from vpr_metrics.api.survival import told_survival
from vpr_metrics.choosing import Selection, newest
from vpr_metrics.cohorts import everybody
from vpr_metrics.inputs import Input, differing, inputs_of, newest_place
from vpr_metrics.positions import Heads, Unplaced, heads_at, position_of
from vpr_metrics.schemas.choosing import Choice
from vpr_metrics.schemas.figures import TimingQuery
from vpr_metrics.schemas.published import DIFFERENCES, Difference
from vpr_metrics.schemas.survival import SurvivalQuery
from vpr_service.problems import Problem, invalid_field

MOST_BYTES = 4 * 2**20
"""Of an answer that is kept."""

type Parsed = TimingQuery | SurvivalQuery | Choice | Asked

QUERIES: dict[FigureKind, type[TimingQuery | SurvivalQuery | Choice]] = {
    FigureKind.TIMINGS: TimingQuery,
    FigureKind.SURVIVAL: SurvivalQuery,
    FigureKind.FLOW: Choice,
}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, when, and in which zone."""

    kind: FigureKind
    parsed: Parsed
    now: datetime
    zone: str

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters with every default, so that a later default changes nothing."""
        if not isinstance(self.parsed, Asked):
            return _dumped(self.parsed)
        cohorts = zip(COHORTS, self.parsed.cohorts, strict=True)
        sides = {f"{name}.{key}": value for name, one in cohorts for key, value in _dumped(one).items()}
        return _dumped(self.parsed.query) | sides

    @property
    def path(self) -> str:
        """What asks the same of today's log."""
        return path_of(self.kind, self.parameters)


def path_of(kind: str, parameters: Mapping[str, Any]) -> str:
    """A question as a path of ours."""
    written = {name: str(one).lower() if isinstance(one, bool) else one for name, one in parameters.items()}
    return f"/v1/{kind}?{urlencode(written, doseq=True)}"


def _dumped(query: BaseModel) -> dict[str, Any]:
    return query.model_dump(mode="json", by_alias=True, exclude_none=True)


def parsed(kind: FigureKind, parameters: Mapping[str, Any]) -> Parsed:
    """The question of that kind. Raises RequestValidationError that names the parameter."""
    try:
        return asked_of(parameters) if kind is FigureKind.COMPARE else QUERIES[kind].model_validate(parameters)
    except RequestValidationError as error:
        found = [one["loc"][1:] for one in error.errors()], error.errors()
    except ValidationError as error:
        told = error.errors(include_url=False, include_input=False, include_context=False)
        found = [one["loc"] for one in told], told
    places = [("body", "parameters", *place) for place in found[0]]
    raise RequestValidationError([{**one, "loc": place} for place, one in zip(places, found[1], strict=True)])


@dataclass(frozen=True, slots=True)
class Computed:
    """An answer with all that it is made of."""

    answer: bytes
    as_of: datetime
    heads: Heads
    input_sha256: str
    inputs: Mapping[str, Input]

    @property
    def sha256(self) -> str:
        """The digest of the answer."""
        return hashlib.sha256(self.answer).hexdigest()


def freeze(connection: DuckDBPyConnection, question: Question, acknowledged: int, delivered: int) -> Computed:
    """Answer a question from the log up to where it is ``acknowledged``. Raises Problem 409, 422."""
    if newest_place(connection) > delivered:
        detail = "the read model does not stand where the log does: rebuild it if the log was filled anew"
        raise Problem(409, "position_unknown", detail)
    return compute(connection, question, heads_at(connection, acknowledged))


def compute(connection: DuckDBPyConnection, question: Question, heads: Heads) -> Computed:
    """Answer a question from the log up to the heads, as everybody may see it. Raises Unplaced, Problem 422."""
    view = View(question.now, question.zone, whole_truth=False, position=position_of(connection, heads))
    answer = as_json(_told(connection, question, view))
    if len(answer) > MOST_BYTES:
        raise invalid_field("parameters", f"the answer is larger than {MOST_BYTES} bytes: ask for less, or no curve")
    digest, inputs = inputs_of(connection, _selections(question, view))
    found = newest(connection, Selection(position=view.position))
    return Computed(answer, found[1] if found else question.now, heads, digest, inputs)


def _told(connection: DuckDBPyConnection, question: Question, view: View) -> BaseModel:
    match question.parsed:
        case Asked() as asked:
            return told_compare(connection, asked, view)
        case TimingQuery() as query:
            return told_timings(connection, query, view)
        case SurvivalQuery() as query:
            return told_survival(connection, query, view)
        case query:
            return told_flow(connection, query, view)


def _selections(question: Question, view: View) -> dict[str, Selection]:
    """The rows that an answer is made of: for the intention to treat everybody, whatever came of it."""
    if not isinstance(question.parsed, Asked):
        return {"all": view.of(question.parsed)}
    return {name: everybody(view.of(one)) for name, one in zip(COHORTS, question.parsed.cohorts, strict=True)}


@dataclass(frozen=True, slots=True)
class Kept:
    """A published figure as it is kept."""

    kind: FigureKind
    definition_version: int
    code_version: str
    heads: Heads
    parameters: Mapping[str, Any]
    asked_at: datetime
    zone: str
    inputs: Mapping[str, Mapping[str, Any]]
    answer: bytes


def again(connection: DuckDBPyConnection, kept: Kept) -> tuple[bytes | None, list[Difference]]:
    """The answer computed anew (None where it cannot be), and what has changed since it was frozen."""
    told = list(_versions(kept))
    try:
        question = Question(kept.kind, parsed(kept.kind, kept.parameters), kept.asked_at, kept.zone)
        position = position_of(connection, kept.heads)
        computed = compute(connection, question, kept.heads)
    except Unplaced as error:
        return None, [*told, _difference("events_missing", now=f"{len(error.missing)} of them")]
    except (RequestValidationError, Problem):
        return None, [*told, _difference("question_not_understood")]
    if max(position.bounds.values(), default=0) > kept.heads.sequence:
        told.append(_difference("log_filled_anew"))
    changed = list(_changed(kept.inputs, computed.inputs))
    if not changed and computed.answer != kept.answer:
        changed.append(_difference("answer"))
    return computed.answer, [*told, *changed]


def _versions(kept: Kept) -> Iterator[Difference]:
    versions = (str(kept.definition_version), str(definitions.VERSION)), (kept.code_version, code.code_version())
    for name, (then, now) in zip(("definition_version", "code_version"), versions, strict=True):
        if then != now:
            yield _difference(name, then=then, now=now)


def _changed(then: Mapping[str, Mapping[str, Any]], now: Mapping[str, Input]) -> Iterator[Difference]:
    for cohort, told in then.items():
        found = now[cohort]
        if found.sha256 == told["sha256"]:
            continue
        if found.records != told["records"]:
            yield _difference("records", cohort=cohort, then=str(told["records"]), now=str(found.records))
        columns = ", ".join(differing(told["columns"], found.columns))
        yield _difference("columns", cohort=cohort, now=columns)


def _difference(name: str, **details: Any) -> Difference:
    return Difference(code=name, detail=DIFFERENCES[name], **details)


def kept_inputs(computed: Computed) -> dict[str, Any]:
    """The rows' marks as they are kept."""
    return {cohort: asdict(one) for cohort, one in computed.inputs.items()}
