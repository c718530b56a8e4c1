"""The form of a city's rules of retention."""

from collections.abc import Collection, Iterator
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from vpr_events.event import Code
from vpr_intake.city.files import Form, Location, Source
from vpr_intake.domain.retention import Retention, RetentionRule

Days = Annotated[int, Field(ge=1, le=36_500, strict=True)]


class RuleForm(Form):
    """One rule: its code, which is recorded, and how many days after its end a report is kept."""

    code: Code
    days: Days

    @property
    def rule(self) -> RetentionRule:
        """The rule as it is applied."""
        return RetentionRule(self.code, timedelta(days=self.days))


class RetentionForm(Form):
    """``retention`` of ``city.yaml``."""

    default: RuleForm
    categories: Annotated[dict[Code, RuleForm], Field(default_factory=dict)]
    unclosed: Days = 365

    def rules(self) -> Iterator[tuple[Location, RuleForm]]:
        """Every rule, and where it stands."""
        yield ("default",), self.default
        yield from ((("categories", category), rule) for category, rule in self.categories.items())


def retention_of(source: Source, form: RetentionForm | None, categories: Collection[str]) -> Retention | None:
    """The rules that this city keeps to; None where it names none. Raises CityError.

    A code means one number of days: an event that names the rule must say how long it was.
    """
    if form is None:
        return None
    for category in form.categories:
        if category not in categories:
            named = ("retention", "categories", category)
            raise source.error(named, f"retention.categories: there is no category {category}")
    days: dict[str, int] = {}
    for where, rule in form.rules():
        if days.setdefault(rule.code, rule.days) != rule.days:
            reason = f"{rule.code} is {days[rule.code]} days elsewhere: give these {rule.days} another code"
            raise source.error(("retention", *where), f"retention.{'.'.join(map(str, where))}: {reason}")
    rules = {category: rule.rule for category, rule in form.categories.items()}
    return Retention(form.default.rule, rules, timedelta(days=form.unclosed))
