"""``vpr verify`` on a whole system: clean after work, a crash, restarts and when stopped; not after tampering."""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

import httpx
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from tests.command_line import here, in_a_process
from tests.processes import Process, all_in_one
from tests.scenario import People, admit, file_by_open311, walk
from tests.waiting import DEADLINE, wait_for
from vpr.embedded import Endpoints
from vpr.home import Home
from vpr_events.contracts import SERVICES


@dataclass
class Operator:
    """Somebody at the command line."""

    process: Process
    folder: Path

    @property
    def home(self) -> Home:
        return Home.given(self.folder / "home", self.process.url)

    def run(self, *words: str, **environment: str) -> tuple[int, str]:
        """A command's exit code and output."""
        said = here({**os.environ, **self.process.environment, **environment}, *words)
        return said.code, said.all

    def verify(self) -> tuple[int, str]:
        return self.run("verify", "--grace", "600")

    def work(self) -> None:
        """A report's whole way."""
        with httpx.Client(timeout=DEADLINE) as client:
            issuer = self.home.issuer()
            people = People(
                lambda service: f"{self.process.url}/{service}",
                lambda role: {"Authorization": f"Bearer {issuer.token([role])}"},
                client,
            )
            walk(people, file_by_open311(people, admit(people), description="A door was forced."))

    def sealed(self, service: str) -> int:
        """How many seals lie in a service's folder."""
        return len(list((self.home.seals / service).glob("*.seal")))


def tamper(endpoints: Endpoints, service: str, statement: str) -> None:
    """One statement in a service's database, with the administrator's rights."""

    async def run() -> None:
        url = make_url(endpoints.admin_database_url).set(database=f"vpr_{service}")
        engine = create_async_engine(url)
        async with engine.begin() as connection:
            assert (await connection.execute(text(statement))).rowcount
        await engine.dispose()

    asyncio.run(run())


def deployed(operator: Operator) -> dict[str, str]:
    """The environment as an operator of a deployment would have it."""
    endpoints = Endpoints.load(operator.home.servers)
    own = {f"{name.upper()}_DATABASE_URL": endpoints.database_urls[name] for name in SERVICES}
    folders = {f"{name.upper()}_SEAL_FOLDER": str(operator.home.seals / name) for name in SERVICES}
    password = endpoints.nats_users["admin"][1]
    return own | folders | {"NATS_URL": endpoints.nats_url, "VPR_NATS_ADMIN_PASSWORD": password}


def test_a_system_is_clean_until_somebody_tampers_with_it(tmp_path: Path) -> None:
    with all_in_one(tmp_path) as process:
        operator = Operator(process, tmp_path)
        operator.work()
        code, said = operator.verify()
        assert (code, said.rstrip().endswith(": clean")) == (0, True), said
        assert operator.run("doctor")[0] == 0
        assert operator.run("dead-letters", "list") == (0, "there are none\n")

        process.kill()
        process.start()
        wait_for(lambda: operator.sealed("triage") > 0)
        operator.work()
        assert operator.verify()[0] == 0
        process.terminate()

        code, said = operator.verify()
        assert (code, said.rstrip().endswith(": clean")) == (0, True), said
        assert all(operator.sealed(name) for name in SERVICES if name != "metrics")

        process.start()
        given = deployed(operator)
        code, said = operator.run("verify", "--deployed", "--key", str(operator.home.seal_key), **given)
        assert code == 0, said
        given["VIDEO_DATABASE_URL"] = "postgresql+asyncpg://nobody@127.0.0.1:9/none"
        code, said = operator.run("verify", "--deployed", "--key", str(operator.home.seal_key), **given)
        assert (code, "not verified" in said) == (2, True), "what cannot be reached is not clean"
        endpoints = Endpoints.load(operator.home.servers)
        tamper(endpoints, "triage", "update events set occurred_at = occurred_at - interval '1 hour' where version = 2")
        code, said = operator.verify()
        assert code == 1
        assert "triage: event " in said
        assert "with other ce-time" in said
        assert said.rstrip().endswith("findings")
        code, said = operator.run("verify", "--deployed")
        assert (code, "INTAKE_DATABASE_URL is not set" in said, "--key is missing" in said) == (1, True, True)


def test_without_a_system_or_servers_it_says_so(tmp_path: Path) -> None:
    said = in_a_process(os.environ, "verify", "--home", str(tmp_path / "none"))
    assert (said.code, "there is no system in" in said.err) == (1, True)
