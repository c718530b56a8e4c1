"""Figures that are frozen to be quoted: the same bytes for ever, and computed again from the log as it was."""

import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import duckdb
import httpx
import pytest
import pytest_asyncio
from sqlalchemy import delete, update

from tests.examples import NOON, minutes, recorded
from tests.system import Servers, System
from tests.waiting import until
from vpr_events.contracts.dispatch import DispatchUnitAssigned
from vpr_events.contracts.figure import FigureKind
from vpr_events.contracts.history import HistoryCaseRecorded
from vpr_events.contracts.report import ReportFiled
from vpr_events.contracts.values import Channel, Role
from vpr_events.event import Recorded
from vpr_metrics import model
from vpr_metrics.api.freezing import MOST_BYTES
from vpr_metrics.choosing import Selection
from vpr_metrics.definitions import INTERVALS
from vpr_metrics.inputs import inputs_of
from vpr_metrics.positions import Heads, Unplaced, heads_at, position_of
from vpr_metrics.projecting import Projection
from vpr_metrics.queries import timings
from vpr_metrics.tables import figures, frozen_answers

pytestmark = pytest.mark.asyncio(loop_scope="module")

COMPARED: dict[str, Any] = {
    "baseline.source": "past",
    "comparison.source": "live",
    "resamples": 200,
    "target": 600,
}
QUESTIONS: dict[str, dict[str, Any]] = {
    "timings": {"source": "past", "by": ["category"], "interval": "headline", "percentile": [75]},
    "survival": {"from": "2026-05-04T12:00:00Z", "confidence": 0.9},
    "compare": COMPARED,
    "flow": {},
}


def case(number: int, *, took: int | None = 10) -> list[Recorded]:
    report, at = UUID(int=number), NOON + minutes(number)
    events = [recorded(ReportFiled(channel=Channel.WEB, category="theft"), entity=report, at=at)]
    if took is not None:
        sent = DispatchUnitAssigned(unit_id=uuid4())
        events.append(recorded(sent, entity=uuid4(), report=report, at=at + minutes(took)))
    return events


def past(number: int) -> Recorded:
    told = HistoryCaseRecorded(
        source="past",
        category="theft" if number % 2 else "fraud",
        excluded="test" if number % 10 == 0 else None,
        filed_at=NOON - minutes(5000 + number),
        dispatched_at=NOON - minutes(4000 - number),
    )
    return recorded(told, entity=UUID(int=1000 + number))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def metrics(servers: Servers) -> AsyncIterator[System]:
    async with System.started(servers, ["metrics"]) as running:
        told = [event for number in range(1, 21) for event in case(number)]
        await servers.publish(*told, *(past(number) for number in range(1, 61)))
        await running.quiet()
        yield running


async def call(metrics: System, method: str, path: str, role: Role = Role.ANALYST, **more: Any) -> httpx.Response:
    headers = metrics.as_(role) | more.pop("headers", {})
    return await metrics["metrics"].request(method, path, headers=headers, **more)


async def publish(metrics: System, kind: str, role: Role = Role.ANALYST, **parameters: Any) -> dict[str, Any]:
    answer = await call(metrics, "POST", "/v1/figures", role, json={"kind": kind, "parameters": parameters})
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"/v1/figures/{answer.json()['id']}"
    return dict(answer.json())


async def get(metrics: System, path: str, role: Role = Role.ANALYST) -> Any:
    answer = await call(metrics, "GET", path, role)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("kind", FigureKind)
async def test_a_figure_stands_whatever_comes_later_and_can_be_computed_again(metrics: System, kind: str) -> None:
    figure = await publish(metrics, kind, **QUESTIONS[kind])
    path = f"/v1/figures/{figure['id']}"
    frozen = await call(metrics, "GET", f"{path}/answer")
    assert hashlib.sha256(frozen.content).hexdigest() == figure["sha256"]
    assert (await call(metrics, "GET", path)).content.endswith(b',"answer":' + frozen.content + b"}")
    later = 100 * (1 + list(FigureKind).index(FigureKind(kind)))
    await metrics.servers.publish(*case(later, took=500), past(later + 1), *case(later + 1, took=None))
    await metrics.quiet()
    now = await call(metrics, "GET", figure["question"])
    assert now.status_code == 200, now.text
    assert now.content != frozen.content, "the log has gone on"
    assert (await call(metrics, "GET", f"{path}/answer")).content == frozen.content
    assert await get(metrics, f"{path}/reproduction") == {
        "figure_id": figure["id"],
        "identical": True,
        "then_sha256": figure["sha256"],
        "now_sha256": figure["sha256"],
        "differences": [],
    }


async def test_a_figure_says_what_it_is_made_of(metrics: System) -> None:
    figure = await publish(metrics, "timings", source="past", interval="headline")
    assert figure["citation"] == (
        f"VPR figure {figure['id']}, definition 2, log position {figure['position']['sequence']}, "
        f"{figure['published_at'][:10]}, SHA-256 {figure['sha256']}"
    )
    assert figure["question"].startswith("/v1/timings?source=past&")
    [rows] = figure["inputs"]
    assert rows["records"] >= 60
    assert rows["exclusions"] == {"test": 6}
    assert (rows["sha256"], rows["cohort"]) == (figure["input_sha256"], "all")
    assert figure["code_version"].startswith("0.1.0-")
    assert set(figure["libraries"]) == {"duckdb", "numpy", "pyarrow", "scipy"}
    assert len(figure["position"]["heads"]) == 3, "the last events of report, dispatch and history"
    listed = await get(metrics, "/v1/figures?limit=1")
    assert listed == [figure]


async def test_a_figure_is_an_event_with_digests_and_no_answer(metrics: System) -> None:
    figure = await publish(metrics, "timings", source="past")
    await metrics.quiet()
    projection = next(one for one in metrics.runtime("metrics").workers if isinstance(one, Projection))
    query = "select type, case_id, len(traits) from events where stream = $stream"
    parameters = {"stream": f"figure/{figure['id']}"}

    async def told() -> bool:
        found = await projection.read(lambda reading: reading.execute(query, parameters).fetchall())
        return found == [("figure.published.v1", UUID(figure["id"]), 0)]

    await until(told)


async def test_a_supervisors_figure_shows_no_small_number_either(metrics: System) -> None:
    figure = await publish(metrics, "timings", Role.SUPERVISOR, category="theft", to="2026-05-04T12:03:00Z")
    [rows] = figure["inputs"]
    assert rows["records"] is None
    answer = await get(metrics, f"/v1/figures/{figure['id']}/answer", Role.SUPERVISOR)
    assert answer["records"] is None
    assert all(one["total"]["suppressed"] for one in answer["intervals"])


async def test_the_same_request_again_is_the_same_figure(metrics: System) -> None:
    body = {"kind": "flow", "parameters": {"source": "past"}}
    key = {"Idempotency-Key": str(uuid4())}
    first, again = [await call(metrics, "POST", "/v1/figures", json=body, headers=key) for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    token = {"Authorization": metrics.as_(Role.ANALYST)["Authorization"]}
    without = await metrics["metrics"].post("/v1/figures", json=body, headers=token)
    assert (without.status_code, without.json()["errors"][0]["field"]) == (400, "Idempotency-Key")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "guess"}, "kind"),
        ({"kind": "timings", "parameters": {"source": "nowhere"}}, "source"),
        ({"kind": "timings", "parameters": {"moon": "full"}}, "parameters.moon"),
        ({"kind": "flow", "parameters": {"from": "2026-05-04T12:00:00"}}, "parameters.from"),
        ({"kind": "compare", "parameters": {"baseline.pathway": "by_air"}}, "parameters.baseline.pathway"),
        ({"kind": "survival", "parameters": {"percentile": [101]}}, "parameters.percentile.0"),
        ({"kind": "flow", "parameters": []}, "parameters"),
    ],
)
async def test_what_is_no_question_is_refused_by_name(metrics: System, body: Any, field: str) -> None:
    before = await get(metrics, "/v1/figures")
    answer = await call(metrics, "POST", "/v1/figures", json=body)
    assert answer.status_code == 422, answer.text
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert await get(metrics, "/v1/figures") == before


async def test_an_answer_that_is_too_large_is_not_kept(metrics: System, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_BYTES > 1_000_000
    monkeypatch.setattr("vpr_metrics.api.freezing.MOST_BYTES", 100)
    answer = await call(metrics, "POST", "/v1/figures", json={"kind": "flow"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "parameters")


async def test_a_withdrawn_figure_says_why_and_what_to_quote_instead(metrics: System) -> None:
    figure, better = [await publish(metrics, "flow", source="past") for _ in range(2)]
    path = f"/v1/figures/{figure['id']}/withdrawal"
    body = {"reason": "wrong_source", "superseded_by": better["id"]}
    foreign = await call(metrics, "POST", path, headers=metrics.as_(Role.ANALYST, subject=uuid4()), json=body)
    assert foreign.status_code == 403, "another analyst's figure"
    told = await call(metrics, "POST", path, json=body)
    assert told.status_code == 200, told.text
    withdrawn = told.json()["withdrawn"]
    assert (withdrawn["reason"], withdrawn["superseded_by"]) == ("wrong_source", better["id"])
    assert told.json()["citation"].endswith(", withdrawn")
    assert (await call(metrics, "POST", path, json=body)).json() == told.json(), "said twice, it stands once"
    other = await call(metrics, "POST", path, Role.SUPERVISOR, json={"reason": "other"})
    assert (other.status_code, other.json()["type"]) == (409, "urn:vpr:problem:already_withdrawn")
    assert (await get(metrics, f"/v1/figures/{figure['id']}"))["answer"]["source"] == "past", "it is still there"
    for reason, instead, field in (("No reason at all", None, "reason"), ("x", str(uuid4()), "superseded_by")):
        refused = await call(metrics, "POST", path, json={"reason": reason, "superseded_by": instead})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)
    itself = await call(
        metrics, "POST", f"/v1/figures/{better['id']}/withdrawal", json={"reason": "x", "superseded_by": better["id"]}
    )
    assert (itself.status_code, itself.json()["errors"][0]["field"]) == (422, "superseded_by")
    unknown = await call(metrics, "GET", f"/v1/figures/{uuid4()}")
    assert unknown.status_code == 404


async def changed(metrics: System, table: Any, key: Any, figure: Any, **values: Any) -> list[dict[str, Any]]:
    """What the reproduction tells once a figure's row says otherwise."""
    async with metrics.runtime("metrics").engine.begin() as connection:
        await connection.execute(update(table).where(key == UUID(figure["id"])).values(**values))
    told = await get(metrics, f"/v1/figures/{figure['id']}/reproduction")
    assert told["identical"] == (told["now_sha256"] == figure["sha256"])
    return list(told["differences"])


async def test_a_reproduction_says_which_part_is_not_as_it_was(metrics: System) -> None:
    figure = await publish(metrics, "timings", source="past", interval="headline")
    versions = {"definition_version": 0, "code_version": "0.0.9-abc"}
    told = await changed(metrics, figures, figures.c.id, figure, **versions)
    assert [(one["code"], one["then"]) for one in told] == [("definition_version", "0"), ("code_version", "0.0.9-abc")]
    async with metrics.runtime("metrics").reading() as connection:
        row = (await connection.execute(frozen_answers.select())).mappings()
        inputs = next(one["inputs"] for one in row if one["figure_id"] == UUID(figure["id"]))
    inputs["all"] |= {"sha256": "0" * 64, "records": 7, "columns": inputs["all"]["columns"] | {"filed_at": "1"}}
    told = await changed(metrics, frozen_answers, frozen_answers.c.figure_id, figure, inputs=inputs)
    assert [(one["code"], one["cohort"], one["then"], one["now"]) for one in told[2:]] == [
        ("records", "all", "7", str(figure["inputs"][0]["records"])),
        ("columns", "all", None, "filed_at"),
    ]
    told = await changed(metrics, frozen_answers, frozen_answers.c.figure_id, figure, parameters={"moon": "full"})
    assert told[-1]["code"] == "question_not_understood"
    told = await changed(metrics, figures, figures.c.id, figure, heads=[uuid4()])
    assert told[-1]["code"] == "question_not_understood"


async def test_events_that_the_log_lost_and_answers_that_the_database_lost_are_told(metrics: System) -> None:
    figure = await publish(metrics, "flow", source="past")
    [told] = await changed(metrics, figures, figures.c.id, figure, heads=[uuid4()])
    assert (told["code"], told["now"]) == ("events_missing", "1 of them")
    async with metrics.runtime("metrics").engine.begin() as connection:
        await connection.execute(delete(frozen_answers).where(frozen_answers.c.figure_id == UUID(figure["id"])))
    lost = await call(metrics, "GET", f"/v1/figures/{figure['id']}")
    assert (lost.status_code, lost.json()["type"]) == (410, "urn:vpr:problem:answer_lost")
    told = await get(metrics, f"/v1/figures/{figure['id']}/reproduction")
    assert (told["identical"], [one["code"] for one in told["differences"]]) == (False, ["answer_lost"])
    listed = {one["id"]: one for one in await get(metrics, "/v1/figures?limit=200")}
    assert listed[figure["id"]]["sha256"] == figure["sha256"], "its event tells that much"


async def test_a_rebuilt_read_model_gives_the_same_figure(metrics: System) -> None:
    figure = await publish(metrics, "compare", **COMPARED)
    before = metrics.runtime("metrics")
    projection = next(one for one in before.workers if isinstance(one, Projection))
    generation = projection.generation
    projection.want_rebuild()

    async def rebuilt() -> bool:
        return projection.generation != generation

    await until(rebuilt)
    told = await get(metrics, f"/v1/figures/{figure['id']}/reproduction")
    assert (told["identical"], told["differences"]) == (True, [])


HEADLINE = INTERVALS["headline"]


async def test_a_position_is_found_again_in_a_log_that_was_filled_anew() -> None:
    events = [event for number in range(1, 9) for event in case(number)]
    places = list(range(1, len(events) + 1))
    with duckdb.connect() as connection, duckdb.connect() as anew:
        model.create(connection)
        model.apply(connection, events, places)
        model.create(anew)
        model.apply(anew, [*events[::2], *events[1::2]], [place + 100 for place in places])
        heads = heads_at(connection, 10)
        then = timings(connection, Selection(position=position_of(connection, heads)), [], [HEADLINE])
        now = timings(anew, Selection(position=position_of(anew, heads)), [], [HEADLINE])
        assert (then.records, then.rows, then.newest) == (now.records, now.rows, now.newest)
        assert then.records == 5
        with pytest.raises(Unplaced):
            position_of(anew, Heads(10, [uuid4()]))
        nothing = Selection(position=position_of(connection, Heads(0, [])))
        assert timings(connection, nothing, [], [HEADLINE]).records == 0


async def test_the_canonical_form_of_the_rows_is_that_of_the_documentation() -> None:
    with duckdb.connect() as connection:
        model.create(connection)
        model.apply(connection, [*case(2, took=None), past(10)], [1, 2])
        digest, found = inputs_of(connection, {"all": Selection(source="past")})
        rows = connection.execute("select * from chosen").fetchall()
        names = [column[0] for column in connection.description or ()]
    told = dict(zip(names, rows[0], strict=True))
    moments = {name: f"{value:%Y-%m-%dT%H:%M:%S.%fZ}" for name, value in told.items() if hasattr(value, "year")}
    plain = {name: value if value is None or isinstance(value, bool) else str(value) for name, value in told.items()}
    line = json.dumps(plain | moments, sort_keys=True, separators=(",", ":")) + "\n"
    assert digest == found["all"].sha256 == hashlib.sha256(line.encode()).hexdigest()
    assert (found["all"].records, found["all"].exclusions) == (1, {"test": 1})
