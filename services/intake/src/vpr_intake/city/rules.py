"""The file of screening rules: their form, and what it becomes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from vpr_events.event import Code
from vpr_intake.catalogue import Kind, Question
from vpr_intake.city.files import Form, Location, Source
from vpr_intake.city.words import Words
from vpr_intake.domain.screening import (
    All,
    Answered,
    AnyOf,
    Condition,
    Equals,
    Facts,
    Greater,
    In,
    Not,
    Outcome,
    Rule,
    RuleSet,
    facts_of,
    holds,
)

CATEGORY = "category"
"""The name of the fact that is no answer."""


def _word(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Word = Annotated[str, BeforeValidator(_word), Field(min_length=1, max_length=200)]
type One[T] = Annotated[dict[Code, T], Field(min_length=1, max_length=1)]


class ConditionForm(Form):
    """One condition: exactly one of these keys. README.md beside the cities says what each means."""

    all_: Annotated[tuple["ConditionForm", ...] | None, Field(alias="all", min_length=1)] = None
    any_: Annotated[tuple["ConditionForm", ...] | None, Field(alias="any", min_length=1)] = None
    not_: Annotated["ConditionForm | None", Field(alias="not")] = None
    equals: One[Word] | None = None
    in_: Annotated[One[Annotated[list[Word], Field(min_length=1)]] | None, Field(alias="in")] = None
    greater: One[float] | None = None
    answered: Code | None = None

    @model_validator(mode="after")
    def _one_key(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise ValueError("must have exactly one of all, any, not, equals, in, greater, answered")
        return self

    @property
    def condition(self) -> Condition:
        """What it means."""
        if self.all_ or self.any_:
            parts = tuple(one.condition for one in self.all_ or self.any_ or ())
            return All(parts) if self.all_ else AnyOf(parts)
        if self.not_:
            return Not(self.not_.condition)
        if self.equals:
            return Equals(*next(iter(self.equals.items())))
        if self.in_:
            [(fact, words)] = self.in_.items()
            return In(fact, frozenset(words))
        if self.greater:
            return Greater(*next(iter(self.greater.items())))
        return Answered(self.answered or "")


class RuleForm(Form):
    """One rule; ``text`` tells people why."""

    code: Code
    outcome: Outcome
    when: ConditionForm
    text: Words


class AdviceForm(Form):
    """What a filer is told to do, by outcome."""

    emergency: Words
    officer_review: Words
    eligible: Words


class RulesForm(Form):
    """A file of rules. A change of any rule is a new ``version``. ``sensitive``: which are told of to nobody."""

    version: Code
    advice: AdviceForm
    sensitive: ConditionForm | None = None
    rules: Annotated[list[RuleForm], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules with what people are told of them, and which facts make a report sensitive."""

    rule_set: RuleSet
    texts: Mapping[str, Words]
    advice: Mapping[Outcome, Words]
    sensitive: Condition | None = None

    @property
    def urgent(self) -> frozenset[str]:
        """The facts on which it depends whether a report is an emergency."""
        rules = [one for one in self.rule_set.rules if one.outcome is Outcome.EMERGENCY]
        return frozenset(fact for one in rules for fact in facts_of(one.when))

    def is_sensitive(self, facts: Facts) -> bool:
        """Whether a report of these facts must be told of to nobody: pages and messages stay neutral."""
        return self.sensitive is not None and holds(self.sensitive, facts)


def rules_of(source: Source, questions: Mapping[str, Question], categories: frozenset[str], **context: Any) -> Rules:
    """The rules of a file, which may speak of these questions and categories. Raises CityError."""
    form = source.form(RulesForm, **context)
    codes: set[str] = set()
    for place, rule in enumerate(form.rules):
        if rule.code in codes:
            raise source.error(("rules", place, "code"), f"rules.{place}.code: {rule.code} stands here twice")
        codes.add(rule.code)
        _check(source, rule.when, ("rules", place, "when"), questions, categories)
    if form.sensitive:
        _check(source, form.sensitive, ("sensitive",), questions, categories)
    rules = tuple(Rule(one.code, one.outcome, one.when.condition) for one in form.rules)
    advice = {outcome: getattr(form.advice, outcome.value) for outcome in Outcome}
    sensitive = form.sensitive.condition if form.sensitive else None
    return Rules(RuleSet(form.version, rules), {one.code: one.text for one in form.rules}, advice, sensitive)


def _check(
    source: Source, form: ConditionForm, where: Location, questions: Mapping[str, Question], categories: frozenset[str]
) -> None:
    for leaf, condition in _leaves(form, where):
        if wrong := _wrong(condition, questions, categories):
            raise source.error(leaf, f"{'.'.join(map(str, leaf))}: {wrong}")


def _leaves(form: ConditionForm, where: Location) -> Iterator[tuple[Location, Condition]]:
    for key, parts in (("all", form.all_), ("any", form.any_)):
        for place, part in enumerate(parts or ()):
            yield from _leaves(part, (*where, key, place))
    if form.not_:
        yield from _leaves(form.not_, (*where, "not"))
    elif not form.all_ and not form.any_:
        yield where, form.condition


def _wrong(condition: Condition, questions: Mapping[str, Question], categories: frozenset[str]) -> str | None:
    """A rule that names what does not exist would never fire: an emergency would go by unseen."""
    match condition:
        case Equals(fact, word):
            words = frozenset({word})
        case In(fact, words):
            pass
        case Greater(fact) if fact == CATEGORY or (fact in questions and questions[fact].kind is not Kind.NUMBER):
            return f"{fact} is no number"
        case Greater(fact) | Answered(fact):
            words = frozenset()
        case _:
            raise TypeError("only a condition on a fact is asked")
    if fact != CATEGORY and fact not in questions:
        return f"no category asks {fact}"
    known = categories if fact == CATEGORY else questions[fact].keys
    if known and (unknown := words - known):
        return f"{fact} is never {', '.join(sorted(unknown))}"
    return None
