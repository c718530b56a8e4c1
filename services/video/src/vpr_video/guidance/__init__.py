"""What residents are told while they wait, and what officers look at in a walk through a scene, by category of report.

Two files of a folder, ``advice.yaml`` and ``checklists.yaml``, whose forms are below; those shipped beside this are an
example. A category that no entry names has the general one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from vpr_service.languages import Language

SHIPPED = Path(__file__).parent

type Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
type Phrase = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]


class GuidanceError(ValueError):
    """A file of guidance that cannot be used: which, and why."""


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Words(_Form):
    """A text in both languages."""

    en: Phrase
    fr: Phrase

    def told_in(self, language: Language) -> str:
        """The text in this language."""
        return self.fr if language == "fr" else self.en


class _Of(_Form):
    """Base of what is for some categories."""

    categories: Annotated[tuple[Code, ...], Field(min_length=1)]


class Advice(_Of):
    """Lines for these categories."""

    lines: Annotated[tuple[Words, ...], Field(min_length=1, max_length=8)]


class AdviceFile(_Form):
    """``advice.yaml``."""

    general: Annotated[tuple[Words, ...], Field(min_length=1, max_length=8)]
    of: tuple[Advice, ...] = ()

    @model_validator(mode="after")
    def _each_category_once(self) -> Self:
        _once([category for one in self.of for category in one.categories], "the category")
        return self


class Point(Words):
    """Something to look at, known by its ``code`` in what is ticked."""

    code: Code


class Checklist(_Form):
    """Points in the order of a walk; without ``categories`` it is the general one."""

    code: Code
    name: Words
    categories: tuple[Code, ...] = ()
    points: Annotated[tuple[Point, ...], Field(min_length=1, max_length=30)]

    @model_validator(mode="after")
    def _each_point_once(self) -> Self:
        _once([one.code for one in self.points], "the point")
        return self


class ChecklistFile(_Form):
    """``checklists.yaml``."""

    checklists: Annotated[tuple[Checklist, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        _once([one.code for one in self.checklists], "the checklist")
        _once([category for one in self.checklists for category in one.categories], "the category")
        if sum(not one.categories for one in self.checklists) != 1:
            raise ValueError("exactly one checklist has no categories: it is for all that no other names")
        return self


def _once(names: Sequence[str], what: str) -> None:
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{what} {', '.join(twice)} stands here twice")


@dataclass(frozen=True, slots=True)
class Guidance:
    """Both files, ready to be asked. ``checklists`` by code, the general one first."""

    advice: AdviceFile
    checklists: Mapping[str, Checklist]

    def told(self, category: str | None, language: Language) -> list[str]:
        """What a resident is told who waits."""
        lines = next((one.lines for one in self.advice.of if category in one.categories), self.advice.general)
        return [one.told_in(language) for one in lines]

    def checklist_of(self, category: str | None) -> Checklist:
        """The list for a category."""
        general, *others = self.checklists.values()
        return next((one for one in others if category in one.categories), general)


def load_guidance(folder: Path = SHIPPED) -> Guidance:
    """The guidance of a folder. Raises GuidanceError, which names the file and the place in it."""
    found = _read(folder / "checklists.yaml", ChecklistFile).checklists
    ordered = sorted(found, key=lambda one: bool(one.categories))
    return Guidance(_read(folder / "advice.yaml", AdviceFile), {one.code: one for one in ordered})


def _read[F: BaseModel](file: Path, form: type[F]) -> F:
    try:
        return form.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except ValidationError as error:
        [first, *_] = error.errors(include_url=False, include_input=False)
        where = ".".join(str(part) for part in first["loc"])
        raise GuidanceError(f"{file}: {where}: {first['msg']}" if where else f"{file}: {first['msg']}") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise GuidanceError(f"{file}:{line}: is not YAML: {error.problem}") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise GuidanceError(f"{file}: cannot be read: {type(error).__name__}") from None
