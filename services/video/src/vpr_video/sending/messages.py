"""What residents are sent. Plain and short; neutral ones hold no word of police, whoever reads them."""
# ruff: noqa: RUF001 - our apostrophe is the typographer's

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from vpr_service.languages import Language


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent: an SMS is ``text`` alone, an e-mail has a subject."""

    text: str
    subject: str = ""


type Templates = Mapping[Language, str]

SMS: Final[Mapping[bool, Templates]] = {
    False: {
        "en": "Police: an officer can meet you by video. When ready, open {link} It works once, for {span}.",
        "fr": "Police : un agent peut vous voir en vidéo. Au moment voulu, ouvrez {link} Bon une fois, {span}.",
    },
    True: {
        "en": "Your video appointment is ready. When you are free, open {link} It works once, for {span}.",
        "fr": "Votre rendez-vous vidéo vous attend. Au moment voulu, ouvrez {link} Bon une fois, {span}.",
    },
}
"""By ``neutral``. Only characters of GSM 7-bit, so that an SMS is one part (tested): no typographer's apostrophe."""

SUBJECT: Final[Mapping[bool, Templates]] = {
    False: {"en": "Your video meeting with the police", "fr": "Votre rencontre vidéo avec la police"},
    True: {"en": "Your video appointment", "fr": "Votre rendez-vous vidéo"},
}
EMAIL: Final[Mapping[bool, Templates]] = {
    False: {
        "en": """A police officer can meet you by video, on your phone or computer. You need no app.

When you are ready to talk, open this page and press the button:

{link}

The link works once, for {span}. We never ask for money, passwords or bank details.

This message is not for emergencies. If you are in danger, call 911.
""",
        "fr": """Un agent de police peut vous rencontrer par vidéo, sur votre téléphone ou votre ordinateur. Aucune \
application n’est nécessaire.

Au moment où vous pouvez parler, ouvrez cette page et appuyez sur le bouton :

{link}

Le lien ne sert qu’une fois, pendant {span}. Nous ne demandons jamais d’argent, de mot de passe ni de coordonnées \
bancaires.

Ce message ne sert pas aux urgences. Si vous êtes en danger, composez le 911.
""",
    },
    True: {
        "en": """Your video appointment is ready. You need no app.

When you are free, open this page and press the button:

{link}

The link works once, for {span}.
""",
        "fr": """Votre rendez-vous vidéo vous attend. Aucune application n’est nécessaire.

Au moment voulu, ouvrez cette page et appuyez sur le bouton :

{link}

Le lien ne sert qu’une fois, pendant {span}.
""",
    },
}
SPANS: Final[Mapping[Language, tuple[str, str, str]]] = {
    "en": ("{} hours", "1 hour", "{} minutes"),
    "fr": ("{} heures", "1 heure", "{} minutes"),
}


def sms(link: str, lasts: timedelta, language: Language, *, neutral: bool) -> Message:
    """An SMS."""
    return Message(SMS[neutral][language].format(link=link, span=told(lasts, language)))


def email(link: str, lasts: timedelta, language: Language, *, neutral: bool) -> Message:
    """An e-mail."""
    text = EMAIL[neutral][language].format(link=link, span=told(lasts, language))
    return Message(text, SUBJECT[neutral][language])


def told(lasts: timedelta, language: Language) -> str:
    """How long, rounded down: never longer than it is."""
    many, one, minutes = SPANS[language]
    hours = int(lasts.total_seconds() // 3600)
    if hours == 0:
        return minutes.format(max(1, int(lasts.total_seconds() // 60)))
    return one if hours == 1 else many.format(hours)
