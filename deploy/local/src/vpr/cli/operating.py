"""Starting, migrating, looking after the system."""

import os
import shlex
import shutil
import signal
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Any

import httpx
import typer

from vpr.cli.console import (
    HomeOption,
    ServiceArgument,
    StaffUrlOption,
    UrlOption,
    answered,
    calls,
    embedded_errors,
    fail,
    progress,
)
from vpr.embedded import Embedded, Endpoints
from vpr.home import Home
from vpr.migration import migrate_embedded
from vpr_events.contracts import SERVICES
from vpr_service.origins import host_of

LOW_DISK = 1_000_000_000
LATE_OUTBOX = 60.0
LATE_SEAL = 300.0
LATE_ERASURE = 86_400.0


def _moment(text: str) -> datetime:
    """A point in time, with its zone: 2026-05-04T08:00:00Z."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no time like 2026-05-04T08:00:00Z") from error
    if moment.tzinfo is None:
        raise typer.BadParameter(f"{text!r} lacks its zone: write 2026-05-04T08:00:00Z")
    return moment.astimezone(UTC)


SteppedOption = Annotated[
    datetime | None,
    typer.Option("--stepped", parser=_moment, help="business time in steps from here, for simulation"),
]
UntilOption = Annotated[
    datetime | None, typer.Option("--until", parser=_moment, help="how far stepped business time goes")
]


def up(
    home: HomeOption = None,
    url: UrlOption = None,
    staff_url: StaffUrlOption = None,
    stepped: SteppedOption = None,
    until: UntilOption = None,
) -> None:
    """Start PostgreSQL, NATS and the five services; Ctrl-C stops them, the data stays."""
    from vpr.all_in_one import make_all_in_one
    from vpr_service.clock import SteppedTime
    from vpr_service.serving import serve

    if until and not stepped:
        raise fail("--until bounds stepped time: give --stepped too")
    here = Home.given(home, url, staff_url)
    if os.environ.get("VPR_ENVIRONMENT") == "production":
        raise fail("`vpr up` signs anyone in as anything: it is for development, and VPR_ENVIRONMENT says production")
    _check_free(here)
    here.create()
    _stop_on_signals()
    with embedded_errors(), Embedded(here.servers) as embedded:
        typer.echo("PostgreSQL and NATS are up")
        migrate_embedded(embedded.endpoints)
        typer.echo(f"VPR starts on {here.url}, for staff on {here.staff_url}")
        typer.echo(f"(Ctrl-C stops it; its data is in {here.folder})")
        with suppress(KeyboardInterrupt):
            clock = SteppedTime(stepped) if stepped else None
            serve(make_all_in_one(here, embedded.endpoints, clock, until), *here.addresses)
    typer.echo("stopped")


def _check_free(home: Home) -> None:
    if host_of(home.url) == host_of(home.staff_url):
        raise fail(f"{home.url} and {home.staff_url}: staff need an origin of their own; --staff-url picks it")
    for url, address in zip((home.url, home.staff_url), home.addresses, strict=True):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(address)
            except OSError as error:
                raise fail(f"{url}: {error.strerror}; --url and --staff-url pick other addresses") from error


def _stop_on_signals() -> None:
    """However we are told to end, the servers below us are stopped."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)


def migrate(home: HomeOption = None) -> None:
    """Bring databases, stream and consumers to their newest form. The servers must not be in use by `vpr up`."""
    here = Home.given(home)
    with embedded_errors(), Embedded(here.servers) as embedded:
        migrate_embedded(embedded.endpoints)
    typer.echo("databases, stream and consumers are up to date")


def discard(yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False, home: HomeOption = None) -> None:
    """Delete the system's databases and log for good."""
    here = Home.given(home)
    if here.exists and (yes or typer.confirm(f"delete all data of {here.folder}?")):
        with embedded_errors():
            Embedded(here.servers).discard()
        here.remove()
        typer.echo(f"the system in {here.folder} is gone")


def env(service: ServiceArgument, home: HomeOption = None) -> None:
    """Print the variables with which `python -m vpr_SERVICE` joins the running servers."""
    here = Home.given(home)
    with embedded_errors():
        for key, value in here.environment(service, Endpoints.load(here.servers)).items():
            typer.echo(f"export {key}={shlex.quote(value)}")


def rebuild(home: HomeOption = None, url: UrlOption = None) -> None:
    """Have metrics fill its read model anew from the log, while the old one still answers."""
    with calls(Home.given(home, url)) as client, progress("rebuilding") as bar:
        state = answered(client.post("/metrics/v1/rebuild"))
        while state["stage"] == "running":
            bar(state["read"], state["total"])
            time.sleep(0.2)
            state = answered(client.get("/metrics/v1/rebuild"))
    if state["stage"] != "done":
        raise fail(f"the rebuild ended as {state['stage']}: see the log of metrics")
    typer.echo(f"generation {state['generation']} answers now, made of {state['read']} messages")


def doctor(home: HomeOption = None, url: UrlOption = None) -> None:
    """Look at everything and name what is wrong; ends with 1 when something is."""
    here = Home.given(home, url)
    with calls(here) as client:
        findings = [finding for name in SERVICES for finding in look_at(name, client.get(f"/{name}/readyz"))]
    if shutil.disk_usage(here.folder).free < LOW_DISK:
        findings.append("less than 1 GB of disk is free")
    if findings:
        raise fail("\n".join(findings))
    typer.echo("all is well")


def _needs_recovery(response: httpx.Response) -> bool:
    return response.status_code == 503 and b"recovery_needed" in response.content


def look_at(name: str, response: httpx.Response) -> list[str]:
    """Print a service's figures, from its answer about its readiness; what is wrong with it."""
    if _needs_recovery(response):
        typer.echo(f"{name:9} recovery needed")
        return [f"{name}: its database lacks what the log holds: nothing is written (vpr recover)"]
    if not response.is_success:
        typer.echo(f"{name:9} not ready ({response.status_code})")
        return [f"{name}: its database does not answer"]
    state = response.json()
    figures = ("outbox", "inbox_pending", "parked", "dead_letters", "effects_waiting", "seal_age", "database_ms")
    own = tuple(key for key in ("retention_due", "retention_held") if key in state)
    texts = (f"{key.replace('_', ' ')} {'-' if state[key] is None else state[key]}" for key in (*figures, *own))
    typer.echo(f"{name:9} {state['status']:9} " + ", ".join(texts))
    return [f"{name}: {text}" for text, true in _problems(state).items() if true]


def _problems(state: Mapping[str, Any]) -> dict[str, bool]:
    """What may be wrong, and whether it is."""
    return {
        "the broker does not answer": not state["broker"],
        f"the oldest of {state['outbox']} events waits for {state['outbox_age']} s to be published": _late(
            state["outbox_age"], LATE_OUTBOX
        ),
        f"{state['dead_letters']} dead letters (vpr dead-letters list)": state["dead_letters"] > 0,
        f"{state['parked']} events wait for another try": state["parked"] > 0,
        f"{state['timers_overdue']} timers are overdue": state["timers_overdue"] > 0,
        f"{state['effects_dead']} effects failed for good (vpr dead-letters list)": state["effects_dead"] > 0,
        f"events are not sealed for {state['unsealed_age']} s": _late(state["unsealed_age"], LATE_SEAL),
        f"{state.get('retention_due')} reports should have been erased, the first {state.get('retention_age')} s ago": (
            _late(state.get("retention_age"), LATE_ERASURE)
        ),
    }


def _late(age: float | None, limit: float) -> bool:
    return age is not None and age > limit
