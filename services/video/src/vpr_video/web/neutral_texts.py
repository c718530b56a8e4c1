"""The same pages without a word of police: whoever looks over a shoulder learns of an appointment, no more."""
# ruff: noqa: RUF001 - our apostrophe is the typographer's

from typing import Final

from vpr_service.languages import Language
from vpr_video.web.text import Text

SENDER: Final[dict[Language, str]] = {"en": "Video meeting", "fr": "Rencontre vidéo"}

_NEW_LINK = "Ask whoever sent it for a new one."
_NOUVEAU_LIEN = "Demandez-en un nouveau à qui vous l’a envoyé."

NEUTRAL: Final[dict[Language, dict[str, Text]]] = {
    "en": {
        "join": Text(
            "Join the video meeting",
            (
                "You will be met on this device. You need no app.",
                "This link works once. Press the button when you are ready to talk.",
                "The other side will then see that you are here.",
            ),
        ),
        "no_such_invite": Text(
            "We do not know this link",
            (
                "Part of it may be missing. Open it again from the message that you were sent.",
                f"Does that not help? {_NEW_LINK}",
            ),
        ),
        "invite_used": Text(
            "This link was used before",
            ("Each link works once.", f"Did you join with it? Go back to that page. Is it closed? {_NEW_LINK}"),
        ),
        "invite_revoked": Text(
            "A newer link replaced this one",
            ("Open the newest link that you were sent.", f"Can you not find it? {_NEW_LINK}"),
        ),
        "invite_withdrawn": Text("This link was taken back", ("You have done nothing wrong.", _NEW_LINK)),
        "invite_expired": Text("This link is too old", ("You have done nothing wrong.", _NEW_LINK)),
        "session_expired": Text("This meeting’s time is over", ("You have done nothing wrong.", _NEW_LINK)),
        "session_ended": Text("This meeting is over", ("You can close this page.",)),
        "too_many_tries": Text("Too many tries", ("Wait a while, then try again.",)),
    },
    "fr": {
        "join": Text(
            "Entrer dans la rencontre vidéo",
            (
                "On vous rencontrera sur cet appareil. Aucune application n’est nécessaire.",
                "Ce lien ne sert qu’une fois. Appuyez sur le bouton au moment où vous pouvez parler.",
                "L’autre personne verra alors que vous êtes là.",
            ),
        ),
        "no_such_invite": Text(
            "Nous ne connaissons pas ce lien",
            (
                "Il en manque peut-être une partie. Ouvrez-le de nouveau à partir du message reçu.",
                f"Cela n’aide pas? {_NOUVEAU_LIEN}",
            ),
        ),
        "invite_used": Text(
            "Ce lien a déjà servi",
            (
                "Chaque lien ne sert qu’une fois.",
                f"Est-ce vous qui l’avez utilisé? Retournez à l’autre page. Elle est fermée? {_NOUVEAU_LIEN}",
            ),
        ),
        "invite_revoked": Text(
            "Un lien plus récent remplace celui-ci",
            ("Ouvrez le dernier lien que vous avez reçu.", f"Vous ne le trouvez pas? {_NOUVEAU_LIEN}"),
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
