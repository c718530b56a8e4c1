"""People at work while things break: clerks file, officers assess, dispatchers send units, an analyst looks on.

Each of them decides by a chance of their own, derived from the run's seed, and sends what was not answered again with
the same Idempotency-Key.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import UUID, uuid4

import httpx

from tests.examples import new_report
from tests.faults.driver.ledger import PASSING, Command, Ledger, Stands, Unexpected
from tests.faults.driver.world import World
from tests.waiting import DEADLINE, until
from vpr_events.contracts.values import Role

PATIENCE = 4.0
"""Seconds that people wait for an answer."""
CLOSED_AT_MOST = 4 * DEADLINE
"""A service is closed while it is set back and recovered, which is waited for three times."""

type Query = Mapping[str, str]


@dataclass
class Load:
    """A run's people. ``mark`` makes keys and call signs of their own, so that the same seed can run again."""

    world: World
    seed: int
    ledger: Ledger = field(default_factory=Ledger)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    client: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(timeout=PATIENCE))
    closed: set[str] = field(default_factory=set)
    on_their_way: Counter[str] = field(default_factory=Counter)
    mark: str = field(default_factory=lambda: uuid4().hex[:8])
    _keys: int = 0

    def person(self, role: Role, number: int) -> "Person":
        """One of the people in this role."""
        rng = Random(f"{self.seed}/{role}/{number}")
        token = self.world.home.issuer().token([role], UUID(int=rng.getrandbits(128), version=4))
        return Person(self, rng, {"Authorization": f"Bearer {token}"}, number)

    def key(self) -> str:
        """A new idempotency key."""
        self._keys += 1
        return f"{self.mark}-{self._keys}"

    async def work(self, clerks: int, officers: int, dispatchers: int) -> None:
        """Work until ``over``."""
        async with asyncio.TaskGroup() as people:
            for number in range(clerks):
                people.create_task(self.person(Role.OFFICER, 100 + number).keep_at(Person.file))
            for number in range(officers):
                people.create_task(self.person(Role.OFFICER, number).keep_at(Person.assess))
            for number in range(dispatchers):
                people.create_task(self.person(Role.DISPATCHER, number).keep_at(Person.dispatch))
            people.create_task(self.person(Role.ANALYST, 0).keep_at(Person.look))

    async def finish(self, seconds: float = DEADLINE) -> None:
        """Send again what was not answered, with the same keys, until all of it is settled."""
        async with asyncio.timeout(seconds):
            while waiting := self.ledger.unanswered():
                await asyncio.gather(*(self.send(command) for command in waiting))

    async def repeat(self, count: int, rng: Random) -> None:
        """Send some acknowledged commands again with their keys: each must be answered as before."""
        keyed = [one for one in self.ledger.acknowledged() if one.key and one.kind == "file"]
        for command in rng.sample(keyed, min(count, len(keyed))):
            before, command.answer = command.answer, None
            async with asyncio.timeout(DEADLINE):
                while command.answer is None:
                    await self.send(command)
            if command.answer != before:
                raise Unexpected(f"{command.kind} with the same key: {command.answer} after {before}")

    async def send(self, command: Command) -> None:
        """Send a command once; not while its service is closed to people."""

        async def open_again() -> bool:
            return command.service not in self.closed

        await until(open_again, CLOSED_AT_MOST)
        self.on_their_way[command.service] += 1
        try:
            await self.ledger.send(self.client, self.world.processes[command.service].url, command)
        finally:
            self.on_their_way[command.service] -= 1


@dataclass
class Person:
    """Someone with a token and a chance of their own."""

    load: Load
    rng: Random
    headers: Mapping[str, str]
    number: int
    unit: str | None = None
    shifts: int = 0

    async def keep_at(self, task: "Callable[[Person], Coroutine[Any, Any, None]]") -> None:
        """Do this again and again until the work is over."""
        while not self.load.over.is_set():
            await task(self)
            await asyncio.sleep(self.rng.uniform(0.01, 0.1))

    async def file(self) -> None:
        """File a report; sometimes take it back."""
        body = new_report(category=self.rng.choice(["theft", "break_enter_residential"]))
        filed = await self._do(
            "file", "intake", "/v1/reports", lambda answer: Stands("intake", f"report/{answer['id']}", "report.filed"),
            body, keyed=True,
        )  # fmt: skip
        if filed and self.rng.random() < 0.1:
            stands = Stands("intake", f"report/{filed['id']}", "report.withdrawn")
            body = {"reason": "mistake"}
            await self._do("withdraw", "intake", f"/v1/reports/{filed['id']}/withdrawal", _always(stands), body)

    async def assess(self) -> None:
        """Claim an open case, sometimes meet the resident, assess it, and close it unless somebody must drive."""
        case = await self._one_of("triage", "/v1/cases", {"status": "open", "limit": "50"})
        if case is None:
            return
        case_id, path = case["id"], f"/v1/cases/{case['id']}"
        claimed = Stands("triage", f"case/{case_id}", "case.claimed", again=True)
        if not await self._do("claim", "triage", f"{path}/claim", _always(claimed)):
            return
        if self.rng.random() < 0.4:
            await self._meet(case_id)
        outcome = self.rng.choice(["dispatch", "dispatch", "resolved", "no_further_action"])
        body = {"outcome": outcome, "capabilities": ["patrol"] if outcome == "dispatch" else []}
        assessed = await self._do("assess", "triage", f"{path}/assessment", _assessed, body, keyed=True)
        if assessed and outcome != "dispatch":
            await self._do(
                "close", "triage", f"{path}/close", _always(Stands("triage", f"case/{case_id}", "case.closed"))
            )

    async def _meet(self, case_id: str) -> None:
        path = f"/v1/cases/{case_id}/video-requests"
        if not await self._do("video", "triage", path, _requested, keyed=True):
            return
        for _ in range(10):  # until video heard of it
            if session := await self._one_of("video", "/v1/sessions", {"case_id": case_id}):
                break
            await asyncio.sleep(0.1)
        else:
            return
        path, stream = f"/v1/sessions/{session['id']}", f"session/{session['id']}"
        if await self._do("invite", "video", f"{path}/invitations", _invited(stream), {}, keyed=True):
            ended = Stands("video", stream, "session.ended")
            await self._do("end", "video", f"{path}/end", _always(ended), {"reason": "completed"})

    async def dispatch(self) -> None:
        """Put a unit on duty, and send it through a waiting dispatch step by step."""
        if self.unit is None and not await self._start_shift():
            return
        waiting = await self._one_of("dispatch", "/v1/dispatches", {"status": "waiting", "limit": "50"})
        if waiting is None:
            return
        unit, self.unit = self.unit, None  # whoever is stopped in the middle goes on with another unit
        path, stream = f"/v1/dispatches/{waiting['id']}/units", f"dispatch/{waiting['id']}"
        assigned = Stands("dispatch", stream, "dispatch.unit_assigned", {"unit_id": str(unit)})
        if not await self._do("assign", "dispatch", path, _always(assigned), {"unit_id": unit}, keyed=True):
            return
        for step in ("en-route", "on-scene", "clear"):
            told = Stands("dispatch", stream, STEPS[step], {"unit_id": str(unit)})
            if not await self._do(step, "dispatch", f"{path}/{unit}/{step}", _always(told)):
                return
        self.unit = unit

    async def _start_shift(self) -> bool:
        self.shifts += 1
        call_sign = f"{self.load.mark}-{self.number}-{self.shifts}"
        body = {"call_sign": call_sign, "capabilities": ["patrol"]}
        unit = await self._do("shift", "dispatch", "/v1/units", _on_duty, body, keyed=True)
        self.unit = unit and unit["id"]
        return self.unit is not None

    async def look(self) -> None:
        """Read figures."""
        await self._read("metrics", "/v1/timings", {})

    async def _do(
        self,
        kind: str,
        service: str,
        path: str,
        stands: Callable[[Any], Stands],
        body: Mapping[str, Any] | None = None,
        *,
        keyed: bool = False,
    ) -> Any:
        """Send a command until it is settled or the work is over: its answer, None when there is none."""
        key = self.load.key() if keyed else None
        command = Command(kind, service, path, self.headers, stands, body, key)
        self.load.ledger.commands.append(command)
        while not (command.settled or self.load.over.is_set()):
            await self.load.send(command)
            if not command.settled:
                await asyncio.sleep(self.rng.uniform(0.05, 0.3))
        return command.answer

    async def _read(self, service: str, path: str, query: Query) -> Any:
        """What is read; None during an outage."""
        client = self.load.client
        url = self.load.world.processes[service].url + path
        answer = await self.load.ledger.answered(
            client, client.build_request("GET", url, params=dict(query), headers=dict(self.headers))
        )
        if answer is None or answer.status_code in PASSING:
            return None
        if not answer.is_success:
            raise Unexpected(f"GET {path}: {answer.status_code} {answer.text}")
        return answer.json()

    async def _one_of(self, service: str, path: str, query: Query) -> Any:
        found = await self._read(service, path, query)
        return self.rng.choice(found) if found else None


STEPS = {"en-route": "dispatch.unit_en_route", "on-scene": "dispatch.unit_on_scene", "clear": "dispatch.unit_cleared"}


def _always(stands: Stands) -> Callable[[Any], Stands]:
    return lambda _: stands


def _assessed(answer: Any) -> Stands:
    fields = {"assessment_id": answer["assessment_id"]}
    return Stands("triage", f"case/{answer['case_id']}", "case.assessed", fields)


def _requested(answer: Any) -> Stands:
    fields = {"request_id": answer["request_id"]}
    return Stands("triage", f"case/{answer['case_id']}", "case.video_requested", fields)


def _invited(stream: str) -> Callable[[Any], Stands]:
    return lambda answer: Stands("video", stream, "session.invite_sent", {"invite_id": answer["id"]})


def _on_duty(answer: Any) -> Stands:
    return Stands("dispatch", f"unit/{answer['id']}", "unit.on_duty")
