"""``vpr dead-letters``: events that no service could handle, and effects that failed for good."""

from typing import Annotated
from urllib.parse import quote

import typer

from vpr.cli.console import HomeOption, ServiceArgument, UrlOption, answered, calls
from vpr.home import Home
from vpr_events.contracts import SERVICES

app = typer.Typer(no_args_is_help=True, help="Events that a service could not handle, and effects that failed.")

LetterArgument = Annotated[str, typer.Argument(help="its number (an event) or id (an effect) in the list")]


@app.command("list")
def show(home: HomeOption = None, url: UrlOption = None) -> None:
    """List the dead letters of all services."""
    with calls(Home.given(home, url)) as client:
        letters = [(name, one) for name in SERVICES for one in answered(client.get(f"/{name}/v1/dead-letters"))]
        effects = [(name, one) for name in SERVICES for one in answered(client.get(f"/{name}/v1/dead-effects"))]
    for name, letter in letters:
        kind = letter["type"] or letter["subject"]
        typer.echo(f"{name:9} event  {letter['id']:6} {kind:32} {letter['parked_at']}  {letter['error']}")
    for name, effect in effects:
        typer.echo(f"{name:9} effect {effect['id']} {effect['kind']:32} {effect['created_at']}  {effect['error']}")
    if not letters and not effects:
        typer.echo("there are none")


@app.command()
def replay(service: ServiceArgument, letter: LetterArgument, home: HomeOption = None, url: UrlOption = None) -> None:
    """Try a dead letter again, now."""
    with calls(Home.given(home, url)) as client:
        answered(client.post(f"{_path(service, letter)}/replay"))
    typer.echo("it is tried again")


@app.command()
def discard(service: ServiceArgument, letter: LetterArgument, home: HomeOption = None, url: UrlOption = None) -> None:
    """Drop a dead letter for good; what waits behind it goes on."""
    with calls(Home.given(home, url)) as client:
        answered(client.delete(_path(service, letter)))
    typer.echo("dropped")


def _path(service: str, letter: str) -> str:
    """Events have numbers, effects have ids."""
    return f"/{service}/v1/{'dead-letters' if letter.isdecimal() else 'dead-effects'}/{quote(letter, safe='')}"
