"""What the pages say. A text is plain and short, asks for one thing, and says what happens next."""
# ruff: noqa: RUF001 - our apostrophe is the typographer's

from vpr_service.languages import Language
from vpr_video.web.guest_texts import GUESTS
from vpr_video.web.link_texts import of_links
from vpr_video.web.neutral_texts import NEUTRAL
from vpr_video.web.text import Text

SENDER: dict[Language, str] = {"en": "Police video meeting", "fr": "Vidéo avec la police"}
EMERGENCY: dict[Language, str] = {
    "en": "This page is not for emergencies. If you are in danger, call 911.",
    "fr": "Cette page ne sert pas aux urgences. Si vous êtes en danger, composez le 911.",
}
BUTTON: dict[Language, str] = {"en": "Join", "fr": "Entrer"}
ASK_BUTTON: dict[Language, str] = {"en": "Send me a new link", "fr": "Envoyez-moi un nouveau lien"}
ASK_LINE: dict[Language, str] = {
    "en": "Did you get a newer link? Open that one. If not, we can send you another where we sent this one.",
    "fr": "Avez-vous reçu un lien plus récent? Ouvrez-le. Sinon, nous pouvons en envoyer un autre au même endroit.",
}
CODE_LABEL: dict[Language, str] = {"en": "Your code", "fr": "Votre code"}

_NEW_LINK = "Ask the officer for a new link."
_REPORT_KEPT = "You have done nothing wrong. We still have your report."
_NOUVEAU_LIEN = "Demandez un nouveau lien à l’agent."
_SIGNALEMENT_GARDE = "Vous n’avez rien fait de mal. Nous avons toujours votre signalement."

_LINKS = of_links(_NEW_LINK, _NOUVEAU_LIEN)

TEXTS: dict[Language, dict[str, Text]] = {
    "en": _LINKS["en"]
    | GUESTS["en"]
    | {
        "join": Text(
            "Join the video meeting",
            (
                "A police officer will meet you on this device. You need no app.",
                "This link works once. Press the button when you are ready to talk.",
                "The officer will then see that you are here.",
            ),
        ),
        "invite_withdrawn": Text("This link was taken back", (_REPORT_KEPT, _NEW_LINK)),
        "link_sent": Text(
            "A new link is on its way",
            ("We send it where we sent this one. That may take some minutes.", "You can close this page."),
        ),
        "too_many_tries": Text("Too many tries", ("Wait a while, then try again.", _NEW_LINK)),
        "code": Text(
            "Join with a code",
            ("Type the six letters and digits that you were told. You need no app.",),
        ),
        "code_wrong": Text(
            "That code does not open a meeting",
            ("Look at each letter and digit and type it again. A code is good once, and for some minutes only.",),
        ),
        "invite_expired": Text("This link is too old", (_REPORT_KEPT, _NEW_LINK)),
        "session_expired": Text(
            "This meeting’s time is over", (_REPORT_KEPT, "Contact the police to arrange another meeting.")
        ),
        "session_ended": Text(
            "This meeting is over",
            ("You can close this page.", "Do you still need to talk with an officer? Contact the police."),
        ),
        "failed": Text("That did not work", ("Please wait a moment and open the link again.",)),
    },
    "fr": _LINKS["fr"]
    | GUESTS["fr"]
    | {
        "join": Text(
            "Entrer dans la rencontre vidéo",
            (
                "Un agent de police vous rencontrera sur cet appareil. Aucune application n’est nécessaire.",
                "Ce lien ne sert qu’une fois. Appuyez sur le bouton au moment où vous pouvez parler.",
                "L’agent verra alors que vous êtes là.",
            ),
        ),
        "invite_withdrawn": Text("Ce lien a été annulé", (_SIGNALEMENT_GARDE, _NOUVEAU_LIEN)),
        "link_sent": Text(
            "Un nouveau lien est en route",
            (
                "Nous l’envoyons là où nous avions envoyé celui-ci. Cela peut prendre quelques minutes.",
                "Vous pouvez fermer cette page.",
            ),
        ),
        "too_many_tries": Text("Trop d’essais", ("Attendez un moment, puis réessayez.", _NOUVEAU_LIEN)),
        "code": Text(
            "Entrer avec un code",
            ("Tapez les six lettres et chiffres qu’on vous a donnés. Aucune application n’est nécessaire.",),
        ),
        "code_wrong": Text(
            "Ce code n’ouvre aucune rencontre",
            ("Vérifiez chaque lettre et chaque chiffre, puis retapez-le. Un code sert une fois, quelques minutes.",),
        ),
        "invite_expired": Text("Ce lien est trop ancien", (_SIGNALEMENT_GARDE, _NOUVEAU_LIEN)),
        "session_expired": Text(
            "Le temps de cette rencontre est écoulé",
            (_SIGNALEMENT_GARDE, "Communiquez avec la police pour convenir d’une autre rencontre."),
        ),
        "session_ended": Text(
            "Cette rencontre est terminée",
            (
                "Vous pouvez fermer cette page.",
                "Vous avez encore besoin de parler à un agent? Communiquez avec la police.",
            ),
        ),
        "failed": Text("Cela n’a pas fonctionné", ("Attendez un moment, puis ouvrez le lien de nouveau.",)),
    },
}


def text_of(name: str, language: Language, *, neutral: bool = False) -> Text:
    """The text for a page or for a problem's code; neutral ones hold no word of police."""
    texts = TEXTS[language] | (NEUTRAL[language] if neutral else {})
    return texts.get(name, texts["failed"])
