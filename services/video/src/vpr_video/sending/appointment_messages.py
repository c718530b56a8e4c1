"""What residents are sent about an appointment: the time on their own wall clock, and the link."""
# ruff: noqa: RUF001 - our apostrophe is the typographer's

from collections.abc import Mapping
from typing import Final

from vpr_service.languages import Language
from vpr_video.domain.inviting import SMS
from vpr_video.sending.messages import SUBJECT, Message, Templates

type Kind = tuple[bool, bool]
"""``neutral``, and whether it is a reminder."""

TEXTS: Final[Mapping[Kind, Templates]] = {
    (False, False): {
        "en": "Police: your video meeting is on {when}. Then open {link} It works once.",
        "fr": "Police : votre rencontre vidéo est le {when}. Ouvrez alors {link} Bon une fois.",
    },
    (False, True): {
        "en": "Police reminder: your video meeting is on {when}. Then open {link} It works once.",
        "fr": "Police, rappel : rencontre vidéo le {when}. Ouvrez alors {link} Bon une fois.",
    },
    (True, False): {
        "en": "Your video appointment is on {when}. Then open {link} It works once.",
        "fr": "Votre rendez-vous vidéo est le {when}. Ouvrez alors {link} Bon une fois.",
    },
    (True, True): {
        "en": "Reminder: your video appointment is on {when}. Then open {link} It works once.",
        "fr": "Rappel : rendez-vous vidéo le {when}. Ouvrez alors {link} Bon une fois.",
    },
}
"""An SMS of one part, as in ``messages.SMS``."""

REMINDER: Final[Templates] = {"en": "Reminder: {}", "fr": "Rappel : {}"}
"""Before the subject."""

EMAIL: Final[Mapping[bool, Templates]] = {
    False: {
        "en": """A police officer will meet you by video, on your phone or computer. You need no app.

When: {when}

Open this page then and press the button. Before that it tells you what to have ready:

{link}

The link works once. Can you not come? Contact the police to arrange another time. We never ask for money, passwords \
or bank details.

This message is not for emergencies. If you are in danger, call 911.
""",
        "fr": """Un agent de police vous rencontrera par vidéo, sur votre téléphone ou votre ordinateur. Aucune \
application n’est nécessaire.

Quand : {when}

Ouvrez alors cette page et appuyez sur le bouton. Avant, elle vous dit quoi préparer :

{link}

Le lien ne sert qu’une fois. Vous ne pouvez pas venir? Communiquez avec la police pour convenir d’un autre moment. \
Nous ne demandons jamais d’argent, de mot de passe ni de coordonnées bancaires.

Ce message ne sert pas aux urgences. Si vous êtes en danger, composez le 911.
""",
    },
    True: {
        "en": """You have a video appointment. You need no app.

When: {when}

Open this page then and press the button. Before that it tells you what to have ready:

{link}

The link works once. Can you not come? Ask whoever arranged it for another time.
""",
        "fr": """Vous avez un rendez-vous vidéo. Aucune application n’est nécessaire.

Quand : {when}

Ouvrez alors cette page et appuyez sur le bouton. Avant, elle vous dit quoi préparer :

{link}

Le lien ne sert qu’une fois. Vous ne pouvez pas venir? Demandez un autre moment à qui l’a fixé avec vous.
""",
    },
}


def about(channel: str, link: str, when: tuple[str, str], language: Language, *, kind: Kind) -> Message:
    """An invitation to an appointment, or a reminder; ``when`` is its time for an SMS, and for an e-mail."""
    neutral, reminder = kind
    if channel == SMS:
        return Message(TEXTS[kind][language].format(link=link, when=when[0]))
    subject = SUBJECT[neutral][language]
    text = EMAIL[neutral][language].format(link=link, when=when[1])
    return Message(text, REMINDER[language].format(subject) if reminder else subject)
