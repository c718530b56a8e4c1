"""What the pages say. A text is plain, short, and asks for one thing."""

from dataclasses import dataclass

from vpr_video.web.languages import Language


@dataclass(frozen=True, slots=True)
class Text:
    """A page's heading and its paragraphs."""

    title: str
    lines: tuple[str, ...]


EMERGENCY: dict[Language, str] = {
    "en": "In an emergency, call 911.",
    "fr": "En cas d’urgence, composez le 911.",  # noqa: RUF001 - French writes this apostrophe
}
BUTTON: dict[Language, str] = {"en": "Join", "fr": "Entrer"}

_NEW_LINK = "Ask the officer for a new link."
_NOUVEAU_LIEN = "Demandez un nouveau lien à l’agent."  # noqa: RUF001

TEXTS: dict[Language, dict[str, Text]] = {
    "en": {
        "join": Text(
            "Join the video meeting",
            (
                "An officer will meet you on this device. You need no app.",
                "This link works once. Press the button when you are ready.",
            ),
        ),
        "joined": Text("You are in", ("The officer will be with you. Please keep this page open.",)),
        "no_such_invite": Text("We do not know this link", ("Check that you opened the whole link.", _NEW_LINK)),
        "invite_used": Text("This link was used before", ("Each link works once.", _NEW_LINK)),
        "invite_revoked": Text("A newer link replaced this one", ("Open the newest link that you were sent.",)),
        "invite_expired": Text("This link is too old", (_NEW_LINK,)),
        "session_expired": Text("This meeting’s time is over", ("Contact the police to arrange another.",)),  # noqa: RUF001
        "session_ended": Text("This meeting is over", ("You can close this page.",)),
        "failed": Text("That did not work", ("Please wait a moment and open the link again.",)),
    },
    "fr": {
        "join": Text(
            "Entrer dans la rencontre vidéo",
            (
                "Un agent vous rencontrera sur cet appareil. Aucune application n’est nécessaire.",  # noqa: RUF001
                "Ce lien ne sert qu’une fois. Appuyez sur le bouton quand vous serez prêt.",  # noqa: RUF001
            ),
        ),
        "joined": Text("Vous y êtes", ("L’agent sera bientôt avec vous. Gardez cette page ouverte.",)),  # noqa: RUF001
        "no_such_invite": Text(
            "Nous ne connaissons pas ce lien", ("Vérifiez que vous avez ouvert le lien entier.", _NOUVEAU_LIEN)
        ),
        "invite_used": Text("Ce lien a déjà servi", ("Chaque lien ne sert qu’une fois.", _NOUVEAU_LIEN)),  # noqa: RUF001
        "invite_revoked": Text(
            "Un lien plus récent remplace celui-ci", ("Ouvrez le dernier lien que vous avez reçu.",)
        ),
        "invite_expired": Text("Ce lien est trop ancien", (_NOUVEAU_LIEN,)),
        "session_expired": Text(
            "Le temps de cette rencontre est écoulé",
            ("Communiquez avec la police pour en convenir d’une autre.",),  # noqa: RUF001
        ),
        "session_ended": Text("Cette rencontre est terminée", ("Vous pouvez fermer cette page.",)),
        "failed": Text("Cela n’a pas fonctionné", ("Attendez un moment, puis ouvrez le lien de nouveau.",)),  # noqa: RUF001
    },
}


def text_of(name: str, language: Language) -> Text:
    """The text for a page or for a problem's code."""
    texts = TEXTS[language]
    return texts.get(name, texts["failed"])
