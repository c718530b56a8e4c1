"""``vpr dead-letters``: what no service could handle."""

from typing import Annotated

import typer

from vpr.cli.console import HomeOption, ServiceArgument, UrlOption, answered, calls
from vpr.home import Home
from vpr_events.contracts import SERVICES

app = typer.Typer(no_args_is_help=True, help="Events that a service could not handle.")

LetterArgument = Annotated[int, typer.Argument(help="its number in the list")]


@app.command("list")
def show(home: HomeOption = None, url: UrlOption = None) -> None:
    """List the dead letters of all services."""
    with calls(Home.given(home, url)) as client:
        letters = [(name, one) for name in SERVICES for one in answered(client.get(f"/{name}/v1/dead-letters"))]
    for name, letter in letters:
        kind = letter["type"] or letter["subject"]
        typer.echo(f"{name:9} {letter['id']:6} {kind:32} {letter['parked_at']}  {letter['error']}")
    if not letters:
        typer.echo("there are none")


@app.command()
def replay(service: ServiceArgument, letter: LetterArgument, home: HomeOption = None, url: UrlOption = None) -> None:
    """Try a dead letter again, now."""
    with calls(Home.given(home, url)) as client:
        answered(client.post(f"/{service}/v1/dead-letters/{letter}/replay"))
    typer.echo("it is tried again")


@app.command()
def discard(service: ServiceArgument, letter: LetterArgument, home: HomeOption = None, url: UrlOption = None) -> None:
    """Drop a dead letter for good; what waits behind it goes on."""
    with calls(Home.given(home, url)) as client:
        answered(client.delete(f"/{service}/v1/dead-letters/{letter}"))
    typer.echo("dropped")
