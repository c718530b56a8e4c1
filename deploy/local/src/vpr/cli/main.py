"""The commands. Each says what it did, or in one line why not."""

from typing import Annotated

import typer

from vpr.cli import (
    clients,
    describing,
    evidence,
    flowing,
    importing,
    keeping,
    letters,
    operating,
    repairing,
    rules,
    verifying,
)
from vpr.cli.console import HomeOption, token_of
from vpr.home import Home
from vpr_events.contracts.values import Role

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Virtual Police Response on this machine.")
app.add_typer(clients.app, name="client")
app.add_typer(evidence.app, name="evidence")
app.add_typer(letters.app, name="dead-letters")
app.add_typer(rules.app, name="rules")
app.command("up")(operating.up)
app.command("migrate")(operating.migrate)
app.command("env")(operating.env)
app.command("discard")(operating.discard)
app.command("doctor")(operating.doctor)
app.command("verify")(verifying.verify)
app.command("adopt-seals")(verifying.adopt_seals)
app.command("rebuild")(operating.rebuild)
app.command("backup")(keeping.backup)
app.command("restore")(keeping.restore)
app.command("refill")(repairing.refill)
app.command("recover")(repairing.recover)
app.command("import")(importing.import_extract)
app.command("flow")(flowing.flow)
app.command("asyncapi")(describing.asyncapi)
app.command("events")(describing.events)


@app.command()
def token(role: Annotated[Role, typer.Argument(help="who the token is for")], home: HomeOption = None) -> None:
    """Print a bearer token for the running all-in-one."""
    typer.echo(token_of(Home.given(home), role))
