"""``vpr client``: 311 systems and partners."""

from typing import Annotated

import typer

from vpr.cli.console import HomeOption, UrlOption, answered, calls
from vpr.home import Home

app = typer.Typer(no_args_is_help=True, help="Client systems that file reports.")


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="what the client is called")],
    home: HomeOption = None,
    url: UrlOption = None,
) -> None:
    """Admit a client system and print its API key, which is shown this once."""
    with calls(Home.given(home, url)) as client:
        typer.echo(answered(client.post("/intake/v1/clients", json={"name": name}))["api_key"])


@app.callback()
def _group() -> None:
    """Keep ``add`` a command of its own while it is the only one."""
