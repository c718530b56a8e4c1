"""Reading a city's files so that whatever is wrong in one can be told with its line."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError


class CityError(ValueError):
    """A city's file that cannot be used: which, in which line (from 1, 0 when not known), and why."""

    def __init__(self, file: Path, line: int, reason: str) -> None:
        super().__init__(f"{file}:{line}: {reason}" if line else f"{file}: {reason}")
        self.file, self.line, self.reason = file, line, reason


class Form(BaseModel):
    """Base of what the files hold: an unknown key is an error, so that a misspelt one is not lost unseen."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


type Location = tuple[str | int, ...]

INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+")
WORDS: Mapping[str, Any] = {"": None, "~": None, "null": None, "true": True, "false": False}


@dataclass(frozen=True)
class Source:
    """A file's value, and where in the file each part of it stands."""

    file: Path
    value: Any
    lines: Mapping[Location, int]

    def line(self, where: Location) -> int:
        """The line of this part, or of the nearest one around it."""
        for end in range(len(where), 0, -1):
            if line := self.lines.get(where[:end]):
                return line
        return self.lines.get((), 1)

    def error(self, where: Location, reason: str) -> CityError:
        """What is wrong with this part."""
        return CityError(self.file, self.line(where), reason)

    def form[F: Form](self, kind: type[F], **context: Any) -> F:
        """The value as this form. Raises CityError for a thing that is not as it should be."""
        try:
            return kind.model_validate(self.value, context=context)
        except ValidationError as error:
            # A misspelt key is two errors, and the unknown one of them says where.
            errors = error.errors(include_url=False, include_input=False)
            first = min(errors, key=lambda one: one["type"] != "extra_forbidden")
            where = ".".join(str(part) for part in first["loc"])
            reason = f"{where}: {first['msg']}" if where else first["msg"]
            raise self.error(first["loc"], reason) from None


def text_of(file: Path) -> str:
    """The text of a file. Raises CityError."""
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise CityError(file, line, "is not UTF-8") from None
    except OSError as error:
        raise CityError(file, 0, error.strerror or "cannot be read") from None


def read_yaml(file: Path) -> Source:
    """A YAML file with its lines.

    Plain words are what YAML 1.2 takes them for: ``yes`` and ``08:30`` are texts. A key that stands twice is an error.
    """
    return _source(file, text_of(file))


def read_json(file: Path) -> Source:
    """A JSON file; its lines are found only once they are needed, for that takes long."""
    text = text_of(file)
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise CityError(file, error.lineno, f"is not JSON: {error.msg}") from None
    except RecursionError:
        raise CityError(file, 1, "is nested too deeply") from None
    return Source(file, value, _Late(lambda: _source(file, text).lines))


class _Late(dict[Location, int]):
    """Lines that are looked up at the first question."""

    def __init__(self, find: Callable[[], Mapping[Location, int]]) -> None:
        super().__init__()
        self._find = find

    def get(self, where: Location, default: Any = None) -> Any:
        """The line of this part."""
        if not self:
            self.update({(): 1, **self._find()})
        return super().get(where, default)


def _source(file: Path, text: str) -> Source:
    lines: dict[Location, int] = {}
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        value = _value(node, (), lines, file) if node else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise CityError(file, mark.line + 1 if mark else 1, f"is not YAML: {error.problem}") from None
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        raise CityError(file, line, "holds a character that YAML does not allow") from None
    except RecursionError:
        raise CityError(file, 1, "is nested too deeply") from None
    return Source(file, value, lines)


def _value(node: yaml.Node, where: Location, lines: dict[Location, int], file: Path) -> Any:
    lines[where] = min(node.start_mark.line + 1, lines.get(where, node.start_mark.line + 1))
    if isinstance(node, yaml.ScalarNode):
        return node.value if node.style else _plain(node.value)
    if isinstance(node, yaml.SequenceNode):
        return [_value(one, (*where, place), lines, file) for place, one in enumerate(node.value)]
    found: dict[str, Any] = {}
    for key, one in node.value:
        name, line = str(key.value), key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise CityError(file, line, "a key must be a word")
        if name in found:
            raise CityError(file, line, f"{name} stands here twice")
        lines[*where, name] = line
        found[name] = _value(one, (*where, name), lines, file)
    return found


def _plain(word: str) -> Any:
    if word in WORDS:
        return WORDS[word]
    if INTEGER.fullmatch(word):
        return int(word)
    return float(word) if DECIMAL.fullmatch(word) else word
