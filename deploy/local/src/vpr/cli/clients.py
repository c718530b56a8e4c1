"""``vpr client``: 311 systems and partners."""

from typing import Annotated, Any

import httpx
import typer

from vpr.cli.console import HomeOption, UrlOption, answered, calls, fail
from vpr.home import Home
from vpr_service.api_keys import KeyScope

app = typer.Typer(no_args_is_help=True, help="Client systems that file reports.")

CLIENTS = "/intake/v1/clients"

ClientArgument = Annotated[str, typer.Argument(help="the client's name or id")]


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="what the client is called")],
    scope: Annotated[
        list[KeyScope] | None, typer.Option("--scope", help="what its keys are good for; everything unless given")
    ] = None,
    home: HomeOption = None,
    url: UrlOption = None,
) -> None:
    """Admit a client system and print its API key, which is shown this once."""
    with calls(Home.given(home, url)) as client:
        body = {"name": name, "scopes": scope or list(KeyScope)}
        typer.echo(answered(client.post(CLIENTS, json=body))["api_key"])


@app.command("list")
def show(home: HomeOption = None, url: UrlOption = None) -> None:
    """List the client systems with their scopes and what use was made of their keys."""
    with calls(Home.given(home, url)) as client:
        found = _all(client)
    for one in found:
        state = "revoked" if one["revoked_at"] else f"{one['valid_keys']} valid"
        last = one["last_used_at"] or "never"
        typer.echo(
            f"{one['id']} {one['name']:24} {state:8} {one['uses']:8} uses, last {last}  {','.join(one['scopes'])}"
        )
    if not found:
        typer.echo("there are none")


@app.command()
def rotate(
    client_name: ClientArgument,
    hours: Annotated[float, typer.Option("--hours", min=0, max=720, help="how long the former key stays good")] = 24,
    home: HomeOption = None,
    url: UrlOption = None,
) -> None:
    """Print a new API key for a client, shown this once; the one before it stays good for a while."""
    with calls(Home.given(home, url)) as client:
        path = f"{CLIENTS}/{_id_of(client, client_name)}/keys"
        made = answered(client.post(path, json={"overlap": hours * 3600}))
    typer.echo(made["api_key"])
    typer.echo(f"the former key is good until {made['previous_valid_until']}", err=True)


@app.command()
def revoke(client_name: ClientArgument, home: HomeOption = None, url: UrlOption = None) -> None:
    """Shut a client out at once, for good."""
    with calls(Home.given(home, url)) as client:
        answered(client.post(f"{CLIENTS}/{_id_of(client, client_name)}/revocation"))
    typer.echo(f"{client_name} is shut out")


def _all(client: httpx.Client) -> list[dict[str, Any]]:
    """All clients, page by page."""
    found: list[dict[str, Any]] = []
    page = client.get(CLIENTS, params={"limit": 200})
    found += answered(page)
    while further := page.links.get("next"):
        page = client.get(further["url"])
        found += answered(page)
    return found


def _id_of(client: httpx.Client, wanted: str) -> str:
    for one in _all(client):
        if wanted in {one["name"], one["id"]}:
            return str(one["id"])
    raise fail(f"there is no client {wanted}: `vpr client list` shows them")
