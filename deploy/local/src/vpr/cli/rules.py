"""``vpr rules``: screening rules, before they are in force."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from pydantic import Field

from vpr.cli.console import fail
from vpr_events.event import Code
from vpr_intake.answers import faults, given
from vpr_intake.city import City, CityError, load_city, shipped
from vpr_intake.city.files import Form, read_yaml
from vpr_intake.city.rules import Word
from vpr_intake.domain.screening import All, AnyOf, Condition, Facts, Not, Outcome, Rule, holds, screen

app = typer.Typer(no_args_is_help=True, help="Screening rules of a city.")


class Example(Form):
    """A report to try rules on; ``expect`` is the outcome it should have."""

    category: Code
    answers: Annotated[dict[Code, Word | list[Word]], Field(default_factory=dict)]
    expect: Outcome | None = None


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="the rules, a YAML file")],
    example: Annotated[Path | None, typer.Option(help="a report to try them on, a YAML file")] = None,
) -> None:
    """Check a file of rules against the city in its folder (else the sample city), and explain an example.

    Ends with 1 where a file is wrong, or the example's outcome is not the one that it expects.
    """
    own = file.resolve().parent
    folder = own if (own / "city.yaml").is_file() else shipped()["winnipeg"]
    try:
        city = load_city(folder, file)
        counts = f"{len(city.rules.rule_set.rules)} rules"
        typer.echo(f"{file}: version {city.rules.rule_set.version}, {counts}, for the city {city.code}")
        if example:
            _explain(city, *_example(city, example))
    except CityError as error:
        raise fail(str(error)) from error


def _example(city: City, file: Path) -> tuple[Facts, Outcome | None]:
    source = read_yaml(file)
    form = source.form(Example)
    category = city.categories.get(form.category)
    if category is None:
        raise source.error(("category",), f"category: there is no {form.category}")
    answers = given(form.answers)
    for code, wrong in faults(category, answers):
        raise source.error(("answers", code), f"answers.{code}: {wrong}")
    return {**answers, "category": form.category}, form.expect


def _explain(city: City, facts: Facts, expected: Outcome | None) -> None:
    screening = screen(city.rules.rule_set, facts)
    for rule in city.rules.rule_set.rules:
        for line in _told(city, rule, facts):
            typer.echo(line)
    typer.echo(f"outcome: {screening.outcome} ({', '.join(screening.reasons) or 'no rule fired'})")
    typer.echo(f"advice: {city.told(screening.outcome)}")
    if expected and expected is not screening.outcome:
        raise fail(f"expected: {expected}")


def _told(city: City, rule: Rule, facts: Facts) -> Iterator[str]:
    fired = holds(rule.when, facts)
    yield f"{'fired' if fired else '-':6} {rule.outcome:15} {rule.code}: {city.rules.texts[rule.code].en}"
    if fired:
        yield from (f"         {line}" for line in _why(rule.when, facts))


def _why(condition: Condition, facts: Facts, depth: int = 0) -> Iterator[str]:
    """The parts of a condition, and whether each holds."""
    held = "holds" if holds(condition, facts) else "does not hold"
    match condition:
        case All(parts) | AnyOf(parts):
            yield f"{'  ' * depth}{'all' if isinstance(condition, All) else 'any'}: {held}"
            for part in parts:
                yield from _why(part, facts, depth + 1)
        case Not(part):
            yield f"{'  ' * depth}not: {held}"
            yield from _why(part, facts, depth + 1)
        case _:
            yield f"{'  ' * depth}{condition}: {held}; {condition.fact} is {facts.get(condition.fact, 'not known')}"


@app.callback()
def _group() -> None:
    """Keep ``check`` a command of its own while it is the only one."""
