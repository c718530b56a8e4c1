"""A category of report that a resident can choose, and what is asked in it; a city's files say which there are."""

from dataclasses import dataclass, replace
from enum import StrEnum


class Kind(StrEnum):
    """What an answer is; the names are those of Open311's attributes."""

    STRING = "string"
    NUMBER = "number"
    DATETIME = "datetime"
    TEXT = "text"
    SINGLE = "singlevaluelist"
    MULTIPLE = "multivaluelist"


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a category. ``options`` are (key, name) pairs, of lists alone.

    The ``_fr`` fields are the same in French, empty where the city does not speak it.
    """

    code: str
    kind: Kind
    text: str
    required: bool = False
    hint: str = ""
    options: tuple[tuple[str, str], ...] = ()
    text_fr: str = ""
    hint_fr: str = ""
    options_fr: tuple[tuple[str, str], ...] = ()

    @property
    def keys(self) -> frozenset[str]:
        """The keys of its options."""
        return frozenset(key for key, _ in self.options)

    def told_in(self, language: str) -> "Question":
        """The question with its texts in this language, in English where there are none."""
        if language != "fr" or not self.text_fr:
            return self
        return replace(self, text=self.text_fr, hint=self.hint_fr or self.hint, options=self.options_fr or self.options)


@dataclass(frozen=True, slots=True)
class Category:
    """One category. ``keywords`` help a 311 system to find it.

    ``ucr2`` is Statistics Canada's violation and ``nibrs`` the FBI's offense, each empty where the category is none;
    ``local_code`` is the agency's own. A ``restricted`` one is read only by who holds the case, or by a supervisor.
    The ``_fr`` fields are the same in French, empty where the city does not speak it.
    """

    code: str
    name: str
    description: str
    group: str
    keywords: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    ucr2: str = ""
    nibrs: str = ""
    local_code: str = ""
    restricted: bool = False
    name_fr: str = ""
    description_fr: str = ""

    def question(self, code: str) -> Question | None:
        """The question of this code."""
        return next((one for one in self.questions if one.code == code), None)

    def told_in(self, language: str) -> "Category":
        """The category with its texts in this language, in English where there are none."""
        asked = tuple(one.told_in(language) for one in self.questions)
        if language != "fr" or not self.name_fr:
            return replace(self, questions=asked)
        return replace(self, name=self.name_fr, description=self.description_fr, questions=asked)
