"""Each service up alone, the other four down: what docs/architecture.md says works, works."""

from uuid import uuid4

import pytest

from tests.examples import new_report, recorded
from tests.system import Servers, System
from tests.waiting import until
from vpr_events.contracts.case import CaseAssessed, CaseVideoRequested, Outcome
from vpr_events.contracts.report import ReportFiled
from vpr_events.contracts.values import Capability, Channel, Role
from vpr_service.issuer import subject_of

OFFICER = subject_of(Role.OFFICER)


def filed() -> ReportFiled:
    return ReportFiled(channel=Channel.WEB, category="theft")


async def post(system: System, service: str, path: str, role: Role, body: object = None) -> dict[str, object]:
    answer = await system[service].post(path, json=body, headers=system.as_(role))
    assert answer.is_success, answer.text
    return dict(answer.json())


async def listed(system: System, service: str, path: str, role: Role) -> list[dict[str, object]]:
    answer = await system[service].get(path, headers=system.as_(role))
    assert answer.is_success, answer.text
    return list(answer.json())


async def test_intake_alone_files_reads_lists_and_withdraws(servers: Servers) -> None:
    async with System.started(servers, ["intake"]) as system:
        report = await post(system, "intake", "/v1/reports", Role.OFFICER, new_report())
        assert len(await listed(system, "intake", "/v1/reports", Role.OFFICER)) == 1
        path = f"/v1/reports/{report['id']}/withdrawal"
        withdrawn = await post(system, "intake", path, Role.OFFICER, {"reason": "mistake"})
        assert withdrawn["status"] == "withdrawn"
        await system.quiet()


async def test_triage_alone_works_on_the_cases_it_has(servers: Servers) -> None:
    async with System.started(servers, ["triage"]) as system:
        await servers.publish(recorded(filed(), entity=uuid4()))
        [case] = await until(lambda: listed(system, "triage", "/v1/cases", Role.OFFICER))
        await post(system, "triage", f"/v1/cases/{case['id']}/claim", Role.OFFICER)
        await post(system, "triage", f"/v1/cases/{case['id']}/video-requests", Role.OFFICER)
        await post(system, "triage", f"/v1/cases/{case['id']}/assessment", Role.OFFICER, {"outcome": "resolved"})
        closed = await post(system, "triage", f"/v1/cases/{case['id']}/close", Role.OFFICER)
        assert closed["status"] == "closed"


async def test_video_alone_goes_on_with_the_sessions_it_has(servers: Servers) -> None:
    async with System.started(servers, ["video"]) as system:
        report = uuid4()
        requested = CaseVideoRequested(request_id=uuid4(), report_id=report, officer_id=OFFICER)
        await servers.publish(recorded(requested, entity=uuid4(), report=report))
        [session] = await until(lambda: listed(system, "video", "/v1/sessions", Role.OFFICER))
        invitation = await post(system, "video", f"/v1/sessions/{session['id']}/invitations", Role.OFFICER, {})
        token = str(invitation["link"]).rpartition("/")[2]
        assert (await system["video"].post("/v1/join", json={"token": token})).is_success


async def test_dispatch_alone_assigns_units_to_the_dispatches_it_has(servers: Servers) -> None:
    async with System.started(servers, ["dispatch"]) as system:
        report, needs = uuid4(), (Capability.PATROL,)
        assessed = CaseAssessed(
            assessment_id=uuid4(), report_id=report, officer_id=OFFICER, outcome=Outcome.DISPATCH, capabilities=needs
        )
        await servers.publish(recorded(assessed, entity=uuid4(), report=report))
        new = {"call_sign": "P1", "capabilities": ["patrol"]}
        unit = await post(system, "dispatch", "/v1/units", Role.DISPATCHER, new)
        [waiting] = await until(lambda: listed(system, "dispatch", "/v1/dispatches", Role.DISPATCHER))
        path = f"/v1/dispatches/{waiting['id']}/units"
        await post(system, "dispatch", path, Role.DISPATCHER, {"unit_id": unit["id"]})
        [assigned] = await listed(system, "dispatch", "/v1/dispatches", Role.DISPATCHER)
        assert assigned["status"] == "assigned"


async def test_metrics_alone_answers_from_what_it_has_taken_in(servers: Servers) -> None:
    async with System.started(servers, ["metrics"]) as system:
        await servers.publish(recorded(filed(), entity=uuid4()))

        async def counted() -> bool:
            answer = await system["metrics"].get("/v1/timings", headers=system.as_(Role.SUPERVISOR))
            return answer.status_code == 200 and answer.json()["records"] == 1

        assert await until(counted)


@pytest.mark.parametrize("service", ["intake", "triage", "video", "dispatch", "metrics"])
async def test_a_service_is_ready_and_says_degraded_without_a_broker(servers: Servers, service: str) -> None:
    async with System.started(servers, [service]) as system:
        servers.embedded.broker.stop()
        try:

            async def degraded() -> bool:
                answer = await system[service].get("/readyz")
                assert answer.status_code == 200, answer.text
                return bool(answer.json()["status"] == "degraded" and not answer.json()["broker"])

            assert await until(degraded)
        finally:
            servers.embedded.broker.start()
