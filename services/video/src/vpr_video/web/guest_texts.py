"""What a guest reads behind their link, and an officer who brings one in."""
# ruff: noqa: RUF001 - our apostrophe is the typographer's

from typing import Any

from vpr_service.languages import Language
from vpr_video.web.text import Text

_HOW = (
    "This link works once. Press the button when you are ready.",
    "You wait until you are let in. Everyone in the call sees your name, and as what you come.",
)
_COMMENT = (
    "Ce lien ne sert qu’une fois. Appuyez sur le bouton lorsque vous êtes prêt.",
    "Vous attendez qu’on vous fasse entrer. Tous voient votre nom, et à quel titre vous êtes là.",
)

GUESTS: dict[Language, dict[str, Text]] = {
    "en": {
        "guest_interpreter": Text("You are asked to interpret in a video call", ("You need no app.", *_HOW)),
        "guest_specialist": Text("You are asked into a video call as a specialist", ("You need no app.", *_HOW)),
    },
    "fr": {
        "guest_interpreter": Text(
            "On vous demande d’interpréter dans un appel vidéo", ("Aucune application n’est nécessaire.", *_COMMENT)
        ),
        "guest_specialist": Text(
            "On vous demande comme spécialiste dans un appel vidéo",
            ("Aucune application n’est nécessaire.", *_COMMENT),
        ),
    },
}

INVITING: dict[Language, dict[str, Any]] = {
    "en": {
        "title": "Bring in somebody without an account",
        "line": "A link for an interpreter or specialist. It works once; they wait until you let them in.",
        "name": "Their name, which everyone in the call sees",
        "make": "Make a link",
        "places": {"interpreter": "Interpreter", "specialist": "Specialist"},
        "script": {
            "guest_pending": "has not come yet; until {at}",
            "guest_opened": "came",
            "guest_revoked": "taken back",
            "guest_expired": "too old",
            "guest_revoke": "Take back",
        },
    },
    "fr": {
        "title": "Faire venir quelqu’un sans compte",
        "line": "Un lien pour un interprète ou un spécialiste. Il sert une fois; la personne attend votre accord.",
        "name": "Son nom, que tous voient dans l’appel",
        "make": "Créer un lien",
        "places": {"interpreter": "Interprète", "specialist": "Spécialiste"},
        "script": {
            "guest_pending": "n’est pas encore venu; jusqu’à {at}",
            "guest_opened": "est venu",
            "guest_revoked": "annulé",
            "guest_expired": "trop ancien",
            "guest_revoke": "Annuler",
        },
    },
}
