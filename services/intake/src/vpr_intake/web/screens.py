"""What a step of the form looks like."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from fastapi import Request, Response

from vpr_intake.api.filing import city_of
from vpr_intake.catalogue import Category, Question
from vpr_intake.city import City
from vpr_intake.web.draft import CONTACT, Draft
from vpr_intake.web.moments import span_of, told_span
from vpr_intake.web.rendering import language_for, page
from vpr_intake.web.steps import CATEGORY, CHECK, Faults, Step, alarming, keeps_point, point_of, steps_of
from vpr_intake.web.texts import TEXTS
from vpr_service.languages import Language
from vpr_service.runtime import Runtime


@dataclass(frozen=True)
class Said:
    """One line of the read-back: the question, what was said (nothing, or lines), and the screen that changes it."""

    label: str
    lines: Sequence[str]
    step: str


def screen(
    request: Request, runtime: Runtime, step: Step, draft: Draft, faults: Faults | None = None, status: int = 422
) -> Response:
    """The screen of a step, with what is wrong on it."""
    city, language = city_of(runtime), language_for(request)
    steps = steps_of(draft, city)
    place = [one.id for one in steps].index(step.id) + 1
    question = step.question.told_in(language) if step.question else None
    return page(
        request, step.template,
        status=status if faults else 200,
        title="" if question else f"{step.id}_title",
        heading=question.text if question else "",
        neutral=draft.is_sensitive(city),
        form="steps", stay="stay", step=step, draft=draft, question=question,
        hidden=list(draft.pairs(step.fields)),
        faults={name: TEXTS[language][one].format(city=_name(city, language)) for name, one in (faults or {}).items()},
        place=place, count=len(steps) if draft.category(city) else None,
        **_further(step, draft, city, language, runtime),
    )  # fmt: skip


def call(request: Request, runtime: Runtime, step: Step, draft: Draft) -> Response:
    """The word to call the emergency number, and the way on for who wants to report all the same."""
    city, language = city_of(runtime), language_for(request)
    why = [city.rules.texts[one].told_in(language) for one in alarming(draft, city)]
    heading = TEXTS[language]["call_title"].format(number=city.emergency_number)
    return page(
        request, "call", heading=heading, neutral=draft.is_sensitive(city),
        form="steps", stay="call", step=step, why=why, hidden=list(draft.pairs(())),
    )  # fmt: skip


def _further(step: Step, draft: Draft, city: City, language: Language, runtime: Runtime) -> dict[str, Any]:
    """What one screen alone needs."""
    if step == CATEGORY:
        return {"groups": list(_groups(city, language))}
    if step == CHECK:
        return {"said": list(_said(draft, city, language, runtime))}
    if step.template == "notice":
        notice = city.notice
        return {"notice": {one: getattr(notice, one).told_in(language) for one in ("purpose", "authority", "contact")}}
    return {"point": _point(draft)} if step.template == "place" else {}


def _groups(city: City, language: Language) -> Iterator[tuple[str, Sequence[Category]]]:
    order = list(city.groups)
    ranked = sorted(city.categories.values(), key=lambda one: order.index(one.group))
    for group, members in groupby(ranked, key=lambda one: one.group):
        yield city.groups[group].told_in(language), [one.told_in(language) for one in members]


def _said(draft: Draft, city: City, language: Language, runtime: Runtime) -> Iterator[Said]:
    text = TEXTS[language]
    for step in steps_of(draft, city):
        if step.question:
            question = step.question.told_in(language)
            yield Said(question.text, _answered(question, draft, city), step.id)
        elif step.id in {"category", "happened", "place", "contact", "safe"}:
            yield Said(text[f"q_{step.id}"], _lines(step, draft, city, language, runtime), step.id)
        elif step.id == "description":
            yield Said(text["description"], draft.text("description").split("\n"), step.id)


def _answered(question: Question, draft: Draft, city: City) -> Sequence[str]:
    answer, names = draft.answer(question, city), dict(question.options)
    return [names.get(one, one) for one in ([answer] if isinstance(answer, str) else answer) if one]


def _lines(step: Step, draft: Draft, city: City, language: Language, runtime: Runtime) -> Sequence[str]:
    text = TEXTS[language]
    if step.id == "category":
        category = draft.category(city)
        return [category.told_in(language).name] if category else []
    if step.id == "happened":
        span = span_of(draft.texts, city.zone, runtime.now())
        return [told_span(span.start, span.end, city.zone, language)] if span.start else []
    if step.id == "place":
        return [*filter(None, [draft.text("address")]), *([text["q_point"]] if keeps_point(draft) else [])]
    if step.id == "safe":
        return [text[f"safe_{draft.text('safe')}"]] if draft.text("safe") in {"yes", "no"} else []
    by = draft.text("contact_by")
    told = [" ".join(filter(None, [draft.text("first_name"), draft.text("last_name")])), *map(draft.text, CONTACT[2:4])]
    return [one for one in [*told, text[f"by_{by}"] if by in {"phone", "email", "any"} else ""] if one]


def _point(draft: Draft) -> str:
    """The point, short enough for people."""
    point = point_of(draft)
    return f"{point[0]:.4f}, {point[1]:.4f}" if point else ""


def _name(city: City, language: Language) -> str:
    return city.names.get(language, city.names["en"])
