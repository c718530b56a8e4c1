"""The same pages without a word of police: whoever looks over a shoulder learns of an appointment, no more."""
# ruff: noqa: RUF001 - our apostrophe is the typographer's

from typing import Final

from vpr_service.languages import Language
from vpr_video.web.link_texts import of_links
from vpr_video.web.text import Text

SENDER: Final[dict[Language, str]] = {"en": "Video meeting", "fr": "Rencontre vidéo"}

_NEW_LINK = "Ask whoever sent it for a new one."
_NOUVEAU_LIEN = "Demandez-en un nouveau à qui vous l’a envoyé."

_LINKS = of_links(_NEW_LINK, _NOUVEAU_LIEN)

NEUTRAL: Final[dict[Language, dict[str, Text]]] = {
    "en": _LINKS["en"]
    | {
        "join": Text(
            "Join the video meeting",
            (
                "You will be met on this device. You need no app.",
                "This link works once. Press the button when you are ready to talk.",
                "The other side will then see that you are here.",
            ),
        ),
        "invite_withdrawn": Text("This link was taken back", ("You have done nothing wrong.", _NEW_LINK)),
        "invite_expired": Text("This link is too old", ("You have done nothing wrong.", _NEW_LINK)),
        "session_expired": Text("This meeting’s time is over", ("You have done nothing wrong.", _NEW_LINK)),
        "session_ended": Text("This meeting is over", ("You can close this page.",)),
        "too_many_tries": Text("Too many tries", ("Wait a while, then try again.",)),
    },
    "fr": _LINKS["fr"]
    | {
        "join": Text(
            "Entrer dans la rencontre vidéo",
            (
                "On vous rencontrera sur cet appareil. Aucune application n’est nécessaire.",
                "Ce lien ne sert qu’une fois. Appuyez sur le bouton au moment où vous pouvez parler.",
                "L’autre personne verra alors que vous êtes là.",
            ),
        ),
        "invite_withdrawn": Text("Ce lien a été annulé", ("Vous n’avez rien fait de mal.", _NOUVEAU_LIEN)),
        "invite_expired": Text("Ce lien est trop ancien", ("Vous n’avez rien fait de mal.", _NOUVEAU_LIEN)),
        "session_expired": Text(
            "Le temps de cette rencontre est écoulé", ("Vous n’avez rien fait de mal.", _NOUVEAU_LIEN)
        ),
        "session_ended": Text("Cette rencontre est terminée", ("Vous pouvez fermer cette page.",)),
        "too_many_tries": Text("Trop d’essais", ("Attendez un moment, puis réessayez.",)),
    },
}
