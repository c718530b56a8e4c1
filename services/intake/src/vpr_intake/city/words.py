"""Texts in the city's languages."""

from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from vpr_intake.city.files import Form


def _trimmed(text: str) -> str:
    if not text.strip() or "\0" in text:
        raise ValueError("must not be empty, nor hold a NUL character")
    return text.strip()


Phrase = Annotated[str, Field(max_length=1000), AfterValidator(_trimmed)]


class Words(Form):
    """A text in English and, where the city speaks it, in French."""

    en: Phrase
    fr: Phrase | None = None

    @model_validator(mode="after")
    def _in_every_language(self, info: ValidationInfo) -> "Words":
        languages = (info.context or {}).get("languages", ())
        if missing := [one for one in languages if not getattr(self, one)]:
            raise ValueError(f"this city also speaks {', '.join(missing)}: the text is missing")
        return self

    def told_in(self, language: str) -> str:
        """The text in this language, in English where there is none."""
        return self.fr if language == "fr" and self.fr else self.en
