"""``vpr refill`` and ``vpr recover``: log and database at one again."""

import asyncio
import time
from collections.abc import Sequence
from typing import Annotated, Any

import httpx
import typer

from vpr.cli.console import HomeOption, ServiceName, UrlOption, answered, calls, embedded_errors, fail
from vpr.embedded import Endpoints
from vpr.home import Home
from vpr.migration import reset_durable
from vpr_events.contracts import SERVICES

POLL = 0.2

OneOrAll = Annotated[ServiceName | None, typer.Argument(help="which service; all without a name")]


def refill(service: OneOrAll = None, home: HomeOption = None, url: UrlOption = None) -> None:
    """Look for holes of the log, and have what is missing published again."""
    failed = []
    with calls(Home.given(home, url)) as client:
        names = [service] if service else SERVICES
        for name in names:
            answered(client.post(f"/{name}/v1/refill"))
        for name in names:
            state = _ended(client, f"/{name}/v1/refill")
            typer.echo(f"{name:9} {state['read']} in the log, {state['queued']} were missing and are published again")
            failed += _failure(name, state)
    _end(failed)


def recover(service: OneOrAll = None, home: HomeOption = None, url: UrlOption = None) -> None:
    """Take back from the log what restored databases lack, and re-apply erasures; what needs none is left alone."""
    here, failed = Home.given(home, url), []
    with calls(here) as client:
        for name in [service] if service else SERVICES:
            failed += _recover(here, client, name)
    _end(failed)


def _recover(home: Home, client: httpx.Client, name: str) -> list[str]:
    path = f"/{name}/v1/recovery"
    state = answered(client.get(path))
    if state["needed"] is None:
        typer.echo(f"{name:9} needs no recovery")
        return []
    if state["consumer"] and state["stage"] != "running":
        with embedded_errors():
            endpoints = Endpoints.load(home.servers)
        asyncio.run(reset_durable(name, endpoints.nats_url, endpoints.nats_users["admin"]))
    answered(client.post(path))
    state = _ended(client, path)
    typer.echo(f"{name:9} {state['recovered']} events taken back from the log")
    if state["reports"]:
        typer.echo(f"{'':9} personal data written since the backup is lost of these reports, if they had any:")
        typer.echo("".join(f"{'':9} {report}\n" for report in state["reports"]), nl=False)
    return _failure(name, state)


def _ended(client: httpx.Client, path: str) -> Any:
    state = answered(client.get(path))
    while state["stage"] == "running":
        time.sleep(POLL)
        state = answered(client.get(path))
    return state


def _failure(name: str, state: Any) -> list[str]:
    return [f"{name}: {state['error']}"] if state["stage"] == "failed" else []


def _end(failed: Sequence[str]) -> None:
    if failed:
        raise fail("\n".join(failed))
