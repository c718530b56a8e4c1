"""Which language a page speaks."""

from collections.abc import Iterator
from typing import Final, Literal, get_args

from fastapi import Request

type Language = Literal["en", "fr"]

LANGUAGES: Final[tuple[Language, ...]] = get_args(Language.__value__)


def language_of(request: Request) -> Language:
    """The language asked for by ``?lang=``, else the one the browser prefers, else English."""
    asked = request.query_params.get("lang", "")
    return next((one for one in LANGUAGES if one == asked), preferred(request.headers.get("Accept-Language", "")))


def preferred(accepted: str) -> Language:
    """The best of our languages for an Accept-Language header (RFC 9110); English for none of them."""
    weights = dict.fromkeys(LANGUAGES, 0.0)
    for language, weight in _ranges(accepted):
        weights[language] = max(weights[language], weight)
    return max(LANGUAGES, key=weights.__getitem__)


def _ranges(accepted: str) -> Iterator[tuple[Language, float]]:
    for part in accepted.split(","):
        tag, _, parameter = part.partition(";")
        for language in LANGUAGES:
            if tag.strip().lower().partition("-")[0] == language:
                yield language, _weight(parameter.strip())


def _weight(parameter: str) -> float:
    try:
        return float(parameter.removeprefix("q=")) if parameter else 1.0
    except ValueError:
        return 0.0
