"""The screens of the form, in their order, and what is wrong with what was said on one."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pydantic import EmailStr, TypeAdapter, ValidationError

from vpr_intake.answers import faults
from vpr_intake.catalogue import Category, Kind, Question
from vpr_intake.city import City
from vpr_intake.city.loading import questions_of
from vpr_intake.domain.screening import Outcome, screen
from vpr_intake.schemas.filing import DESCRIPTION_LIMIT, LATITUDES, LONGITUDES
from vpr_intake.web.draft import ANSWER, CONTACT, PLACE, Draft
from vpr_intake.web.moments import FIELDS as WHEN
from vpr_intake.web.moments import span_of

type Faults = Mapping[str, str]
"""What is wrong, by field: the name of a text."""

PHONE = re.compile(r"[0-9+() ./x-]{7,40}")
EMAIL = TypeAdapter[str](EmailStr)
NAME_LIMIT, ADDRESS_LIMIT, ANSWER_LIMIT, EMAIL_LIMIT = 100, 500, 2000, 254
BY_KIND = {
    Kind.NUMBER: "no_number",
    Kind.DATETIME: "no_moment",
    Kind.STRING: "too_long_short",
    Kind.TEXT: "too_long_short",
    Kind.SINGLE: "choose",
    Kind.MULTIPLE: "choose_listed",
}


@dataclass(frozen=True)
class Step:
    """One screen: its template, and the fields that it asks for. ``urgent``: of the emergency check."""

    id: str
    template: str
    fields: Sequence[str] = ()
    question: Question | None = None
    urgent: bool = False


NOTICE = Step("notice", "notice")
CATEGORY = Step("category", "category", ("category",))
LAST = (
    Step("happened", "happened", WHEN),
    Step("place", "place", PLACE),
    Step("description", "description", ("description",)),
    Step("contact", "contact", CONTACT),
    Step("safe", "safe", ("safe",)),
)
CHECK = Step("check", "check")


def steps_of(draft: Draft, city: City) -> Sequence[Step]:
    """Every screen that this draft needs, the read-back last."""
    urgent = urgent_questions(city)
    category = draft.category(city)
    further = [one for one in category.questions if one.code not in urgent] if category else []
    return [
        *(_asking(one, urgent=True) for one in urgent.values()),
        NOTICE, CATEGORY, *(_asking(one) for one in further), *LAST, CHECK,
    ]  # fmt: skip


def urgent_questions(city: City) -> Mapping[str, Question]:
    """On which it depends whether it is an emergency, of those that every category asks."""
    shared = [one for one in questions_of(city.categories).values() if one.code in city.rules.urgent]
    return {one.code: one for one in shared if all(c.question(one.code) for c in city.categories.values())}


def _asking(question: Question, *, urgent: bool = False) -> Step:
    return Step(f"q.{question.code}", "question", (ANSWER + question.code,), question, urgent)


def alarming(draft: Draft, city: City) -> Sequence[str]:
    """The rules that make an emergency of what was said."""
    grave = {one.code for one in city.rules.rule_set.rules if one.outcome is Outcome.EMERGENCY}
    return [one for one in screen(city.rules.rule_set, draft.facts(city)).reasons if one in grave]


def next_step(draft: Draft, city: City, now: datetime) -> Step:
    """The first screen that was not seen, or on which something is wrong; else the read-back."""
    steps = steps_of(draft, city)
    open_ones = (one for one in steps if one.id not in draft.seen or faults_of(one, draft, city, now))
    return next(open_ones, CHECK)


def faults_of(step: Step, draft: Draft, city: City, now: datetime) -> Faults:
    """What is wrong with a screen's answers."""
    if step.question:
        return _of_question(step, step.question, draft, city)
    check = CHECKS.get(step.id)
    return check(draft, city, now) if check else {}


def _of_question(step: Step, question: Question, draft: Draft, city: City) -> Faults:
    [name] = step.fields
    answer = draft.answer(question, city)
    if len(answer) > ANSWER_LIMIT or (not answer and question.required):
        return {name: "too_long_text" if answer else "choose" if question.keys else "needed"}
    if not answer:
        # Of the emergency check even "I do not know" is said, and not passed over by mistake.
        return {name: "choose"} if step.urgent and question.keys and not draft.has(name) else {}
    alone = Category("", "", "", "", questions=(replace(question, required=False),))
    return {name: BY_KIND[question.kind]} if any(faults(alone, {question.code: answer})) else {}


def _category(draft: Draft, city: City, _: datetime) -> Faults:
    return {} if draft.category(city) else {"category": "choose"}


def _happened(draft: Draft, city: City, now: datetime) -> Faults:
    return span_of(draft.texts, city.zone, now).faults


def _place(draft: Draft, city: City, _: datetime) -> Faults:
    if len(draft.text("address")) > ADDRESS_LIMIT:
        return {"address": "too_long_address"}
    if not keeps_point(draft):
        return {}
    point = point_of(draft)
    return {} if point and city.districts.at(*point) else {"keep_point": "outside" if point else "no_point"}


def keeps_point(draft: Draft) -> bool:
    """Whether the point that the phone gave is to be sent."""
    return bool(draft.text("keep_point") and draft.text("latitude") and draft.text("longitude"))


def point_of(draft: Draft) -> tuple[float, float] | None:
    """Latitude and longitude (WGS 84 degrees); None for what is none."""
    try:
        latitude, longitude = float(draft.text("latitude")), float(draft.text("longitude"))
    except ValueError:
        return None
    good = abs(latitude) <= LATITUDES and abs(longitude) <= LONGITUDES
    return (latitude, longitude) if good else None


def _description(draft: Draft, *_: object) -> Faults:
    length = len(draft.text("description"))
    if not length:
        return {"description": "needed"}
    return {"description": "too_long_description"} if length > DESCRIPTION_LIMIT else {}


def _contact(draft: Draft, *_: object) -> Faults:
    found = {name: "too_long_name" for name in ("first_name", "last_name") if len(draft.text(name)) > NAME_LIMIT}
    phone, email, by = draft.text("phone"), draft.text("email"), draft.text("contact_by")
    if phone and not PHONE.fullmatch(phone):
        found["phone"] = "no_phone"
    if email and not _is_email(email):
        found["email"] = "no_email"
    if by not in {"phone", "email", "any", ""}:
        found["contact_by"] = "choose"
    if by in {"phone", "email"} and not draft.text(by):
        found[by] = f"{by}_wanted"
    return found


def _is_email(text: str) -> bool:
    try:
        return len(EMAIL.validate_python(text)) <= EMAIL_LIMIT
    except ValidationError:
        return False


def _safe(draft: Draft, *_: object) -> Faults:
    return {} if draft.text("safe") in {"yes", "no"} else {"safe": "choose"}


CHECKS: Mapping[str, Callable[[Draft, City, datetime], Faults]] = {
    "category": _category,
    "happened": _happened,
    "place": _place,
    "description": _description,
    "contact": _contact,
    "safe": _safe,
}
