"""The resident's page of a call without a word of police: whoever looks over a shoulder learns of a video meeting."""
# ruff: noqa: RUF001 - our apostrophe is the typographer's

from typing import Any

from vpr_service.languages import Language
from vpr_video.web.call_texts import PEOPLE, RESIDENT

_OVER: dict[Language, dict[str, Any]] = {
    "en": {
        "in_line": "The other side can see that you are here. Keep this page open.",
        "no_script": "Your browser cannot show video here. Stay reachable by phone: you will be called.",
        "who_title": "You will be met here",
        "who_lines": (
            "Somebody will talk with you and look at what you show.",
            "You choose what they may see, and you can change it at any time. Nothing is recorded unless you allow it.",
            "Be somewhere safe and private. It takes a few minutes and uses your mobile data.",
        ),
        "i_allow": "I allow the other side to",
        "scopes": {
            "view": ("see my camera", "Live only. Nobody keeps the picture."),
            "location": (
                "know where I am",
                "To find the place you show. It is kept with what you told.",
            ),
            "snapshot": ("take photos from the video", "They are kept with what you told."),
            "record": ("record the meeting", "Picture and sound are kept with what you told."),
        },
        "waiting_title": "Please wait",
        "waiting_line": "Keep this page open: you will be let in. A break does not cost you your place.",
        "call_title": "Your meeting",
        "officer_picture": "The other side’s picture",
        "photo_line": "They are kept with what you told. Photos, videos and PDF. You can go on talking meanwhile.",
        "after_title": "You left the meeting",
        "after_lines": (
            "What you allowed has ended.",
            "Was it too early? You can come back while the meeting is open.",
        ),
        "over_lines": ("Camera and microphone are off.", "You can close this page."),
        "elsewhere_title": "The meeting is open in another window",
        "no_link": "Connecting again. The meeting goes on as long as you hear each other.",
    },
    "fr": {
        "in_line": "L’autre personne voit que vous êtes là. Gardez cette page ouverte.",
        "no_script": "Votre navigateur ne peut pas montrer de vidéo ici. Restez joignable : on vous téléphonera.",
        "who_title": "On vous rencontrera ici",
        "who_lines": (
            "Quelqu’un vous parlera et regardera ce que vous montrez.",
            "Vous choisissez ce qui est visible et pouvez changer d’avis. Rien n’est enregistré sans votre accord.",
            "Soyez en lieu sûr et privé. Cela dure quelques minutes et utilise vos données mobiles.",
        ),
        "i_allow": "Je permets à l’autre personne de",
        "scopes": {
            "view": ("voir ma caméra", "En direct seulement. Personne ne garde l’image."),
            "location": (
                "savoir où je suis",
                "Pour trouver le lieu que vous montrez. Il est gardé avec ce que vous avez dit.",
            ),
            "snapshot": ("prendre des photos de la vidéo", "Elles sont gardées avec ce que vous avez dit."),
            "record": ("enregistrer la rencontre", "L’image et le son sont gardés avec ce que vous avez dit."),
        },
        "waiting_title": "Veuillez attendre",
        "waiting_line": "Gardez cette page ouverte : on vous fera entrer. Une coupure ne coûte pas votre place.",
        "call_title": "Votre rencontre",
        "officer_picture": "L’image de l’autre personne",
        "photo_line": "Ils sont gardés avec ce que vous avez dit. Photos, vidéos, PDF. Vous pouvez continuer à parler.",
        "after_title": "Vous avez quitté la rencontre",
        "after_lines": (
            "Ce que vous aviez permis a pris fin.",
            "Trop tôt? Vous pouvez revenir tant que la rencontre est ouverte.",
        ),
        "over_lines": ("La caméra et le microphone sont éteints.", "Vous pouvez fermer cette page."),
        "elsewhere_title": "La rencontre est ouverte dans une autre fenêtre",
        "no_link": "Nouvelle connexion en cours. La rencontre continue tant que vous vous entendez.",
    },
}

_SCRIPT: dict[Language, dict[str, str]] = {
    "en": {
        "officer_there": "The other side is here.",
        "officer_not_there": "The other side is not here yet.",
        "your_number": "Your number: {n}",
        "where_told": "The other side sees where you are, to about {n} m.",
        "where_live": "The other side sees where you are as you move, now to about {n} m.",
        "wish_rear_camera": "You are asked to use the camera on the back of your phone.",
        "wish_front_camera": "You are asked to use the camera on the front of your phone.",
        "wish_torch_on": "You are asked to switch on your phone’s light.",
        "wish_torch_off": "You are asked to switch off your phone’s light.",
        "wish_zoom_in": "You are asked to zoom in.",
        "wish_zoom_out": "You are asked to zoom out.",
        "wish_unmute": "You are asked to switch on your microphone.",
        "wish_camera_on": "You are asked to switch on your camera.",
    },
    "fr": {
        "officer_there": "L’autre personne est là.",
        "officer_not_there": "L’autre personne n’est pas encore là.",
        "your_number": "Votre numéro : {n}",
        "where_told": "L’autre personne voit où vous êtes, à environ {n} m près.",
        "where_live": "L’autre personne voit en continu où vous êtes, à environ {n} m près.",
        "wish_rear_camera": "On vous demande d’utiliser la caméra au dos du téléphone.",
        "wish_front_camera": "On vous demande d’utiliser la caméra avant du téléphone.",
        "wish_torch_on": "On vous demande d’allumer la lampe du téléphone.",
        "wish_torch_off": "On vous demande d’éteindre la lampe du téléphone.",
        "wish_zoom_in": "On vous demande d’agrandir l’image.",
        "wish_zoom_out": "On vous demande de réduire l’image.",
        "wish_unmute": "On vous demande d’allumer votre microphone.",
        "wish_camera_on": "On vous demande d’allumer votre caméra.",
    },
}

_WHO: dict[Language, dict[str, str]] = {
    "en": {"officer": "Other side", "supervisor": "Other side", "specialist": "Other side"},
    "fr": {"officer": "Autre personne", "supervisor": "Autre personne", "specialist": "Autre personne"},
}


def resident_texts(language: Language, *, neutral: bool) -> dict[str, Any]:
    """What the resident's page says, ``script`` being what its scripts do; neutral ones hold no word of police."""
    plain = RESIDENT[language]
    script = plain["script"] | PEOPLE[language]
    if not neutral:
        return plain | {"script": script}
    return plain | _OVER[language] | {"script": script | _SCRIPT[language] | _WHO[language]}
