"""What a link to an appointment says before it can be used: when, and what to have ready; in neutral words too."""
# ruff: noqa: RUF001 - our apostrophe is the typographer's

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from vpr_service.languages import Language
from vpr_service.moments import told, told_day, told_hour
from vpr_video.web.text import Text

TITLE: Final[Mapping[bool, Mapping[Language, str]]] = {
    False: {"en": "Your video meeting with the police", "fr": "Votre rencontre vidéo avec la police"},
    True: {"en": "Your video appointment", "fr": "Votre rendez-vous vidéo"},
}
OPENS: Final[Mapping[Language, str]] = {
    "en": "You can come in from {}. Keep the link and open it again then: it is not used up by looking.",
    "fr": "Vous pourrez entrer à partir de {}. Gardez le lien et ouvrez-le alors : le regarder ne l’use pas.",
}
OTHER_TIME: Final[Mapping[bool, Mapping[Language, str]]] = {
    False: {
        "en": "Can you not come? Contact the police to arrange another time.",
        "fr": "Vous ne pouvez pas venir? Communiquez avec la police pour convenir d’un autre moment.",
    },
    True: {
        "en": "Can you not come? Ask whoever arranged it for another time.",
        "fr": "Vous ne pouvez pas venir? Demandez un autre moment à qui l’a fixé avec vous.",
    },
}
READY: Final[Mapping[Language, Mapping[str, Any]]] = {
    "en": {
        "title": "Have ready",
        "lines": (
            "your phone or computer, charged, with camera and microphone; you need no app",
            "a safe and private place with a good connection",
            "what you want to show or read out: photos, receipts, serial numbers",
        ),
        "again": "Look again",
    },
    "fr": {
        "title": "À préparer",
        "lines": (
            "votre téléphone ou ordinateur, chargé, avec caméra et micro; aucune application n’est nécessaire",
            "un lieu sûr et privé avec une bonne connexion",
            "ce que vous voulez montrer ou lire : photos, reçus, numéros de série",
        ),
        "again": "Regarder de nouveau",
    },
}


def early(appointment: Mapping[str, Any], language: Language, *, neutral: bool) -> tuple[Text, str]:
    """The page's text, and when the appointment is; ``appointment`` has the columns of a session."""
    zone, starts, opens = (appointment[name] for name in ("scheduled_zone", "scheduled_at", "opens_at"))
    lines = (OPENS[language].format(_opening(starts, opens, zone, language)), OTHER_TIME[neutral][language])
    when = told_day(starts, zone, language)
    return Text(TITLE[neutral][language], lines), _unbroken(when[0].upper() + when[1:])


def _opening(starts: datetime, opens: datetime, zone: str, language: Language) -> str:
    """The hour alone where it is of the same day."""
    same = told(starts, zone, language).rpartition(",")[0] == told(opens, zone, language).rpartition(",")[0]
    return _unbroken(told_hour(opens, zone, language) if same else told(opens, zone, language))


def _unbroken(moment: str) -> str:
    """No line ends within an hour as French writes it."""
    return moment.replace(" h ", "\N{NO-BREAK SPACE}h\N{NO-BREAK SPACE}")
