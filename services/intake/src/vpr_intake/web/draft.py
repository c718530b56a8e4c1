"""What a resident has said so far. It is carried from screen to screen by the form itself: we keep nothing of it."""

import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from starlette.datastructures import FormData

from vpr_intake.answers import given
from vpr_intake.catalogue import Category, Kind, Question
from vpr_intake.city import City
from vpr_intake.city.loading import questions_of
from vpr_intake.web.moments import FIELDS as WHEN
from vpr_intake.web.moments import with_offset
from vpr_service.languages import Language

ANSWER = "a."
"""Before a question's code, the name of its field."""
PLACE = ("address", "latitude", "longitude", "keep_point")
CONTACT = ("first_name", "last_name", "phone", "email", "contact_by")
TEXTS = ("category", *WHEN, *PLACE, "description", *CONTACT, "safe")
LIMIT = 20_000
"""Characters of one field that are looked at: more than any may have, so that too much is told as such."""
KEY = re.compile(r"[A-Za-z0-9_-]{43}")
CODE = re.compile(r"[A-Za-z0-9._/-]{1,60}")


def new_key() -> str:
    """What makes sending a form twice the same as once; also what the receipt's secret is made of."""
    return secrets.token_urlsafe(32)


@dataclass(frozen=True)
class Draft:
    """``texts`` by field, as they were written; ``chosen`` options of several by field.

    ``seen`` are the steps that were answered or passed over, ``warned`` the rules because of which the resident was
    told to call the emergency number.
    """

    key: str
    texts: Mapping[str, str] = field(default_factory=dict)
    chosen: Mapping[str, Sequence[str]] = field(default_factory=dict)
    seen: Sequence[str] = ()
    warned: frozenset[str] = frozenset()

    @classmethod
    def of(cls, form: FormData, city: City) -> Self:
        """From a form's fields; those that we do not know are left out."""
        questions = questions_of(city.categories).values()
        several = [ANSWER + one.code for one in questions if one.kind is Kind.MULTIPLE]
        single = [*TEXTS, *(ANSWER + one.code for one in questions if one.kind is not Kind.MULTIPLE)]
        key = str(form.get("key", ""))
        return cls(
            key=key if KEY.fullmatch(key) else new_key(),
            texts={name: _text(form[name]) for name in single if name in form},
            chosen={name: tuple(map(_text, form.getlist(name)))[:100] for name in several if name in form},
            seen=tuple(dict.fromkeys(_codes(form, "seen"))),
            warned=frozenset(_codes(form, "warned")),
        )

    def text(self, name: str) -> str:
        """What was written into a field."""
        return self.texts.get(name, "")

    def has(self, name: str) -> bool:
        """Whether the form had this field at all."""
        return name in self.texts or name in self.chosen

    def having_seen(self, *steps: str) -> Self:
        """The same after these steps."""
        return replace(self, seen=tuple(dict.fromkeys([*self.seen, *steps])))

    def having_warned(self, rules: Sequence[str]) -> Self:
        """The same after the resident was told to call because of these rules."""
        return replace(self, warned=self.warned | frozenset(rules))

    def pairs(self, without: Sequence[str]) -> Iterator[tuple[str, str]]:
        """The hidden fields of the next screen, which has these others itself."""
        yield "key", self.key
        yield from (("seen", one) for one in self.seen)
        yield from (("warned", one) for one in sorted(self.warned))
        yield from ((name, text) for name, text in self.texts.items() if name not in without)
        for name, options in self.chosen.items():
            if name not in without:
                yield from ((name, one) for one in options)

    def category(self, city: City) -> Category | None:
        """The category that was chosen, None for none of this city's."""
        return city.categories.get(self.text("category"))

    def answer(self, question: Question, city: City) -> str | list[str]:
        """What was answered, in the form that the API takes."""
        name = ANSWER + question.code
        if question.kind is Kind.MULTIPLE:
            return list(self.chosen.get(name, ()))
        text = self.text(name)
        if question.kind is Kind.NUMBER:
            return as_number(text)
        return with_offset(text, city.zone) if question.kind is Kind.DATETIME and text else text

    def answers(self, city: City) -> dict[str, str | list[str]]:
        """The answers to the questions of the category; before one is chosen, of all of them."""
        category = self.category(city)
        asked = category.questions if category else questions_of(city.categories).values()
        return given({one.code: self.answer(one, city) for one in asked})

    def facts(self, city: City) -> dict[str, str | list[str]]:
        """What the rules are asked about."""
        category = self.category(city)
        return self.answers(city) | ({"category": category.code} if category else {})

    def is_sensitive(self, city: City) -> bool:
        """Whether nobody else may learn of it: by the city's rule, or because the resident says so."""
        return self.text("safe") == "no" or city.rules.is_sensitive(self.facts(city))


def as_number(text: str) -> str:
    """A number as people write it (``1,500``, ``1 500,50 $``), as programs do; anything else as it is."""
    digits = re.sub(r"[\s$]", "", text)
    if re.fullmatch(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?", digits):
        return digits.replace(",", "")
    return re.sub(r",([0-9]{1,2})$", r".\1", digits) if re.fullmatch(r"[0-9.,-]+", digits) else text


def _text(value: object) -> str:
    """A field's text, with lines as PostgreSQL and people know them; a file is none."""
    return value.replace("\r\n", "\n").replace("\0", "").strip()[:LIMIT] if isinstance(value, str) else ""


def _codes(form: FormData, name: str) -> Iterator[str]:
    yield from (one for one in form.getlist(name)[:200] if isinstance(one, str) and CODE.fullmatch(one))


def spoken_by(city: City, language: Language) -> Language:
    """The language, if the city speaks it; else English."""
    return language if language in city.languages else "en"
