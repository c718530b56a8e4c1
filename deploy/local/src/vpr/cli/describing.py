"""What the contracts say, for other programs and for people."""

import typer
import yaml

from vpr.event_pages import page
from vpr.services import receivers
from vpr_events.asyncapi import document


def asyncapi() -> None:
    """Print the AsyncAPI document of all five services."""
    typer.echo(yaml.safe_dump(document(receivers()), sort_keys=False, allow_unicode=True, width=120), nl=False)


def events() -> None:
    """Print the page of all events: what each means, who sends it and who reacts."""
    typer.echo(page(receivers()), nl=False)
