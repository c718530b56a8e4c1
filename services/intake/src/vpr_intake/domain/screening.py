"""Screening: rules, given as data, say what may happen to a report. Nothing here does I/O or knows a city.

A fact is a word, or several (the answer to a question with several options), by its name; one that is not known makes
every condition on it false.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

type Fact = str | Sequence[str]
type Facts = Mapping[str, Fact]


class Outcome(StrEnum):
    """What a rule asks for. The gravest one of those that fire counts.

    ``emergency``: call the emergency number now. ``officer_review``: an officer looks first. ``eligible``: virtual
    response may be offered.
    """

    EMERGENCY = "emergency"
    OFFICER_REVIEW = "officer_review"
    ELIGIBLE = "eligible"


GRAVEST_FIRST = tuple(Outcome)


@dataclass(frozen=True, slots=True)
class Equals:
    """The fact is this word, or this word is among its words."""

    fact: str
    word: str


@dataclass(frozen=True, slots=True)
class In:
    """The fact is one of these words, or one of its words is."""

    fact: str
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class Greater:
    """The fact is a number above this one."""

    fact: str
    number: float


@dataclass(frozen=True, slots=True)
class Answered:
    """The fact is known."""

    fact: str


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: "Condition"


type Condition = Equals | In | Greater | Answered | All | AnyOf | Not


@dataclass(frozen=True, slots=True)
class Rule:
    """When ``when`` holds, the outcome is at least as grave as this one."""

    code: str
    outcome: Outcome
    when: Condition


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules of one version. Without a rule that fires a report is eligible."""

    version: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Screening:
    """What the rules of ``version`` say; ``reasons`` are the codes of those that fired, the gravest first."""

    outcome: Outcome
    reasons: tuple[str, ...]
    version: str


def screen(rules: RuleSet, facts: Facts) -> Screening:
    """What these rules say about these facts."""
    fired = sorted((one for one in rules.rules if holds(one.when, facts)), key=_gravity)
    outcome = fired[0].outcome if fired else Outcome.ELIGIBLE
    return Screening(outcome, tuple(one.code for one in fired), rules.version)


def _gravity(rule: Rule) -> int:
    return GRAVEST_FIRST.index(rule.outcome)


def holds(condition: Condition, facts: Facts) -> bool:
    """Whether a condition holds for these facts."""
    match condition:
        case Equals(fact, word):
            return word in _words(facts, fact)
        case In(fact, words):
            return not words.isdisjoint(_words(facts, fact))
        case Greater(fact, number):
            return any(_above(word, number) for word in _words(facts, fact))
        case Answered(fact):
            return bool(_words(facts, fact))
        case All(parts):
            return all(holds(part, facts) for part in parts)
        case AnyOf(parts):
            return any(holds(part, facts) for part in parts)
        case Not(part):
            return not holds(part, facts)


def facts_of(condition: Condition) -> Iterator[str]:
    """The names of the facts that a condition asks for."""
    match condition:
        case All(parts) | AnyOf(parts):
            for part in parts:
                yield from facts_of(part)
        case Not(part):
            yield from facts_of(part)
        case _:
            yield condition.fact


def _words(facts: Facts, name: str) -> Sequence[str]:
    fact = facts.get(name, ())
    return (fact,) if isinstance(fact, str) else fact


def _above(word: str, number: float) -> bool:
    try:
        return float(word) > number
    except ValueError:
        return False
