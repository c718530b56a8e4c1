"""Answers to a category's questions: what of them is not as asked, and the facts that they are."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from vpr_events.event import in_utc
from vpr_intake.catalogue import Category, Kind, Question
from vpr_intake.domain.screening import Fact
from vpr_intake.schemas.details import Details, Part

type Answer = str | list[str]

NUMBER = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,6})?")
STRING_LIMIT = 200


def given(answers: Mapping[str, Answer]) -> dict[str, Answer]:
    """The answers that say something: forms send empty ones too."""
    return {code: answer for code, answer in answers.items() if answer and answer != [""]}


def faults(category: Category, answers: Mapping[str, Answer]) -> Iterator[tuple[str, str]]:
    """Each question whose answer is missing or not as asked, and what is wrong; never the answer itself."""
    for code in answers:
        if category.question(code) is None:
            yield code, "this category does not ask it"
    for question in category.questions:
        answer = answers.get(question.code)
        if answer is not None and (wrong := _fault(question, answer)):
            yield question.code, wrong
        elif answer is None and question.required:
            yield question.code, "needs an answer"


def facts(category: str, answers: Mapping[str, Answer], details: Details | None) -> dict[str, Fact]:
    """What the rules are asked about: the answers, the category, and what the details say beside them.

    ``value`` is also what all the property is worth, ``suspect_known`` is yes where a suspect is known to the reporter.
    """
    told: dict[str, Fact] = {**answers, "category": category}
    if details and (worth := sum(item.value * item.quantity for item in details.property if item.value is not None)):
        told["value"] = _beside(told.get("value"), str(worth))
    if details and any(one.part is Part.SUSPECT and one.known_to_reporter for one in details.persons):
        told["suspect_known"] = _beside(told.get("suspect_known"), "yes")
    return told


def _beside(answer: Fact | None, word: str) -> Fact:
    return (*((answer,) if isinstance(answer, str) else answer or ()), word)


def _fault(question: Question, answer: Answer) -> str | None:
    if question.kind is Kind.MULTIPLE:
        return _of_several(question, [answer] if isinstance(answer, str) else answer)
    if not isinstance(answer, str):
        return "takes one answer, not a list"
    if "\0" in answer:
        return "must not hold a NUL character"
    if question.kind is Kind.SINGLE:
        return None if answer in question.keys else _choose(question)
    return CHECKS[question.kind](answer)


def _of_several(question: Question, answer: list[str]) -> str | None:
    if len(set(answer)) < len(answer):
        return "names an option twice"
    return None if question.keys.issuperset(answer) else _choose(question)


def _choose(question: Question) -> str:
    return f"must be of {', '.join(key for key, _ in question.options)}"


def _string(answer: str) -> str | None:
    return None if len(answer) <= STRING_LIMIT else f"may have {STRING_LIMIT} characters at most"


def _number(answer: str) -> str | None:
    return None if NUMBER.fullmatch(answer) else "must be a number, such as 12 or 12.50"


def _moment(answer: str) -> str | None:
    try:
        in_utc(datetime.fromisoformat(answer))
    except ValueError:
        return "must be a time with its offset, such as 2026-05-04T20:00:00-05:00"
    return None


CHECKS: Mapping[Kind, Callable[[str], str | None]] = {
    Kind.STRING: _string,
    Kind.TEXT: lambda _: None,
    Kind.NUMBER: _number,
    Kind.DATETIME: _moment,
}
