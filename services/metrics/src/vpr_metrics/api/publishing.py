"""``/v1/figures``: answers that are frozen to be quoted, and computed again whenever somebody doubts them."""

import hashlib
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from vpr_events.contracts.figure import FigurePublished
from vpr_events.contracts.values import Role
from vpr_events.decider import Unknown
from vpr_events.event import new_id
from vpr_events.pipeline import Execution
from vpr_metrics import code, definitions, published
from vpr_metrics.api.freezing import Computed, Question, again, freeze, kept_inputs, parsed
from vpr_metrics.api.projected import Projected, read
from vpr_metrics.api.published_answers import digest_of_question, kept_of, shown, whole
from vpr_metrics.api.readers import Reading, Zone
from vpr_metrics.domain import Publish, Withdraw, figure
from vpr_metrics.projecting import DURABLE
from vpr_metrics.schemas.published import (
    DIFFERENCES,
    Difference,
    FrozenFigure,
    NewFigure,
    PublishedFigure,
    Reproduction,
    Withdrawal,
)
from vpr_service.auth import Principal, require
from vpr_service.described import problems
from vpr_service.problems import Problem, invalid_field
from vpr_service.requests import PageQuery, RequiredKey, cursor_of, key_of, link_next, moment_of
from vpr_service.runtime import Running

router = APIRouter(prefix="/v1/figures", tags=["published figures"])
Publisher = Annotated[Principal, Depends(require(Role.ANALYST, Role.SUPERVISOR))]


@router.post("", status_code=201)
async def publish(
    body: NewFigure, caller: Publisher, given: RequiredKey, runtime: Running, projection: Projected, zone: Zone,
    response: Response,
) -> PublishedFigure:  # fmt: skip
    """Freeze the answer to a question, from the log as it stands now. Small numbers are in it for nobody: it is to be
    quoted. 409 ``position_unknown`` while the read model and the log do not stand at the same place.
    """
    question = Question(body.kind, parsed(body.kind, body.parameters), projection.now(), zone)
    acknowledged, delivered = await runtime.log.places(DURABLE)
    computed = await read(projection, lambda found: freeze(found, question, acknowledged, delivered))
    figure_id = new_id()
    execution = Execution(
        decider=figure,
        entity=figure_id,
        command=Publish(at=question.now, figure=_told(question, computed, caller)),
        private=[_frozen(figure_id, question, computed)],
        fresh=True,
    )
    outcome = await runtime.pipeline.execute(execution, key=key_of(caller, given))
    row = await _existing(outcome.events[0].entity_id, runtime)
    response.headers["Location"] = f"/v1/figures/{row['id']}"
    return shown(row)


def _told(question: Question, computed: Computed, caller: Principal) -> FigurePublished:
    asked = digest_of_question(question.kind, question.parameters)
    return FigurePublished(
        definition_version=definitions.VERSION,
        as_of=computed.as_of,
        sha256=computed.sha256,
        published_by=caller.id,
        kind=question.kind,
        position=computed.heads.sequence,
        heads=tuple(computed.heads.events),
        question_sha256=hashlib.sha256(asked).hexdigest(),
        input_sha256=computed.input_sha256,
        code_version=code.code_version(),
    )


def _frozen(figure_id: UUID, question: Question, computed: Computed) -> Any:
    return published.frozen(
        figure_id,
        parameters=question.parameters,
        asked_at=question.now,
        zone=question.zone,
        libraries=code.libraries(),
        inputs=kept_inputs(computed),
        answer=computed.answer,
    )


@router.get("", dependencies=[Reading])
async def list_figures(
    runtime: Running, query: Annotated[PageQuery, Query()], request: Request, response: Response
) -> list[PublishedFigure]:
    """Published figures without their answers, the newest first; those withdrawn say so. ``Link`` leads on."""
    after = query.after(moment_of, UUID)
    async with runtime.reading() as connection:
        rows = await published.list_figures(
            connection, limit=query.limit + 1, after=(after[0], after[1]) if after else None
        )
    more, rows = len(rows) > query.limit, rows[: query.limit]
    link_next(request, response, cursor_of(rows[-1]["published_at"], str(rows[-1]["id"])) if more else None)
    return [shown(row) for row in rows]


@router.get("/{figure_id}", dependencies=[Reading], response_model=FrozenFigure, responses=problems(410))
async def read_figure(figure_id: UUID, runtime: Running) -> Response:
    """A figure with its answer, byte by byte as it was frozen."""
    return Response(whole(await _answered(figure_id, runtime)), media_type="application/json")


@router.get("/{figure_id}/answer", dependencies=[Reading], responses=problems(410))
async def read_answer(figure_id: UUID, runtime: Running) -> dict[str, Any]:
    """The answer alone: the SHA-256 of the body is the figure's ``sha256``."""
    answer = bytes((await _answered(figure_id, runtime))["answer"])
    return Response(answer, media_type="application/json")  # type: ignore[return-value]


@router.get("/{figure_id}/reproduction", dependencies=[Reading])
async def reproduce(figure_id: UUID, runtime: Running, projection: Projected, zone: Zone) -> Reproduction:
    """Compute it again from the log as of its position, and compare: identical, or what has changed."""
    row = await _existing(figure_id, runtime, answer=True)
    kept = kept_of(row)
    if kept is None:
        told = [Difference(code="answer_lost", detail=DIFFERENCES["answer_lost"])]
        return Reproduction(
            figure_id=figure_id, identical=False, then_sha256=row["sha256"], now_sha256=None, differences=told
        )
    answer, differences = await read(projection, lambda found: again(found, kept))
    if kept.zone != zone:
        differences.append(Difference(code="zone", detail=DIFFERENCES["zone"], then=kept.zone, now=zone))
    now = hashlib.sha256(answer).hexdigest() if answer is not None else None
    return Reproduction(
        figure_id=figure_id,
        identical=now == row["sha256"],
        then_sha256=row["sha256"],
        now_sha256=now,
        differences=differences,
    )


@router.post("/{figure_id}/withdrawal")
async def withdraw(figure_id: UUID, body: Withdrawal, caller: Publisher, runtime: Running) -> PublishedFigure:
    """The figure is no longer to be quoted: an analyst's own, or any for supervisors."""
    row = await _existing(figure_id, runtime)
    if row["published_by"] != caller.id and not caller.has(Role.SUPERVISOR):
        raise Problem(403, "forbidden", "a figure that somebody else published is a supervisor's to withdraw")
    if body.superseded_by and not await _one(body.superseded_by, runtime):
        raise invalid_field("superseded_by", "there is no such figure")
    command = Withdraw(
        at=runtime.now(),
        id=figure_id,
        by=caller.id,
        reason=body.reason,
        superseded_by=body.superseded_by,
    )
    await runtime.pipeline.execute(Execution(decider=figure, entity=figure_id, command=command))
    return shown(await _existing(figure_id, runtime))


async def _one(figure_id: UUID, runtime: Running, *, answer: bool = False) -> published.Row | None:
    async with runtime.reading() as connection:
        return await published.one_figure(connection, figure_id, answer=answer)


async def _existing(figure_id: UUID, runtime: Running, *, answer: bool = False) -> published.Row:
    row = await _one(figure_id, runtime, answer=answer)
    if row is None:
        raise Unknown("no_such_figure", "there is no such figure")
    return row


async def _answered(figure_id: UUID, runtime: Running) -> published.Row:
    row = await _existing(figure_id, runtime, answer=True)
    if row["answer"] is None:
        raise Problem(410, "answer_lost", DIFFERENCES["answer_lost"])
    return row
