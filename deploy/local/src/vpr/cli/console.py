"""What the commands share: options, calls to the running system, and how to end with a clear word."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import httpx
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from vpr.embedded import EmbeddedError
from vpr.home import Home
from vpr_events.contracts.values import Role
from vpr_service.issuer import RefusedInProduction

HomeOption = Annotated[Path | None, typer.Option("--home", help="the system's folder; else VPR_HOME, else ./.vpr")]
ServiceName = Literal["intake", "triage", "video", "dispatch", "metrics"]
ServiceArgument = Annotated[ServiceName, typer.Argument(help="which service")]
UrlOption = Annotated[str | None, typer.Option("--url", help="the system's address; else VPR_URL")]

StaffUrlOption = Annotated[
    str | None, typer.Option("--staff-url", help="the staff's address; else VPR_STAFF_URL, else one port further")
]


def fail(text: str, code: int = 1) -> typer.Exit:
    """End with this text on standard error: ``raise fail("…")``."""
    typer.echo(text, err=True)
    return typer.Exit(code)


def token_of(home: Home, role: Role) -> str:
    """A token of the system's development issuer; ends the command where there is none."""
    if not home.exists:
        raise fail(f"there is no system in {home.folder}: start it with `vpr up`")
    try:
        return home.issuer().token([role])
    except RefusedInProduction as error:
        raise fail(str(error)) from error


@contextmanager
def calls(home: Home, role: Role = Role.ADMIN) -> Iterator[httpx.Client]:
    """A client of the running system with this role's token; a system that does not answer ends the command."""
    headers = {"Authorization": f"Bearer {token_of(home, role)}"}
    try:
        with httpx.Client(base_url=home.url, headers=headers, timeout=60) as client:
            yield client
    except httpx.TransportError as error:
        raise fail(f"{home.url} does not answer ({type(error).__name__}): is `vpr up` running?") from error


def answered(response: httpx.Response) -> Any:
    """The body of a good answer; a problem ends the command with its detail."""
    if response.is_success:
        return response.json() if response.content else None
    try:
        problem = response.json()
        errors = [f"{one['field']}: {one['detail']}" for one in problem.get("errors", ())]
        detail = "; ".join(errors) or problem["detail"]
    except (ValueError, KeyError):
        detail = response.text
    raise fail(f"{response.request.method} {response.request.url.path}: {response.status_code}, {detail}")


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int | None], None]]:
    """On a terminal a bar with the time left, on standard error; elsewhere nothing. It is told: so much, of so much."""
    columns = (TextColumn(what), BarColumn(), TaskProgressColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def embedded_errors() -> Iterator[None]:
    """A server that does not start ends the command with the reason."""
    try:
        yield
    except EmbeddedError as error:
        raise fail(str(error)) from error
