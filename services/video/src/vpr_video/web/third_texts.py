"""What the page of a third participant says: an interpreter, a specialist, a supervisor."""
# ruff: noqa: RUF001 - our apostrophe is the typographer's

from typing import Any

from vpr_service.languages import Language

THIRD: dict[Language, dict[str, Any]] = {
    "en": {
        "brand": "VPR video call",
        "before_title": "You are asked into a call",
        "you_are": {
            "interpreter": "You come as the interpreter.",
            "specialist": "You come as a specialist.",
            "supervisor": "You come as the supervisor.",
        },
        "before_lines": (
            "You wait until the officer lets you in. Everyone in the call sees you and as what you come.",
            "Joining switches your camera and microphone on. Nothing of yours is kept unless you allow it.",
        ),
        "join": "Join",
        "waiting_title": "Please wait for the officer",
        "waiting_line": "Keep this page open: the officer lets you in.",
        "call_title": "Call",
        "others": "The others in the call",
        "nobody": "Nobody else is here yet.",
        "own_picture": "Your picture",
        "own_devices": "Your devices",
        "mute": "Mute",
        "camera_off": "Camera off",
        "leave": "Leave the call",
        "people": "Who is here",
        "i_allow": "Of your picture and voice you allow",
        "scopes": {"snapshot": "photos", "record": "recording"},
        "chat": "Chat",
        "write": "Your message",
        "send": "Send",
        "after_title": "You left the call",
        "after_line": "What you allowed has ended.",
        "again": "Join again",
        "over_title": "The session is over",
        "over_line": "You can close this page.",
        "no_link": "Connecting to the service again. Picture and sound go on meanwhile.",
        "script": {
            "in_call": "in the call",
            "failed": "That did not work. Try again.",
            "forbidden": "Your account has no role for this place. Ask the officer for another link.",
            "in_another_place": "You are in this session in another place. Leave it first.",
            "elsewhere": "This call was opened in another window.",
            "own_denied": "Your browser may not use camera and microphone. The call works without.",
            "own_missing": "No camera or microphone was found. The call works without.",
            "reconnecting": "The connection is weak. We are trying again.",
        },
    },
    "fr": {
        "brand": "Appel vidéo VPR",
        "before_title": "On vous demande dans un appel",
        "you_are": {
            "interpreter": "Vous venez comme interprète.",
            "specialist": "Vous venez comme spécialiste.",
            "supervisor": "Vous venez comme superviseur.",
        },
        "before_lines": (
            "Vous attendez que l’agent vous fasse entrer. Tous vous voient et savent à quel titre vous êtes là.",
            "Caméra et micro s’allument à votre entrée. Rien de vous n’est gardé sans votre accord.",
        ),
        "join": "Entrer",
        "waiting_title": "Veuillez attendre l’agent",
        "waiting_line": "Gardez cette page ouverte : l’agent vous fera entrer.",
        "call_title": "Appel",
        "others": "Les autres participants",
        "nobody": "Personne d’autre n’est encore là.",
        "own_picture": "Votre image",
        "own_devices": "Vos appareils",
        "mute": "Couper le micro",
        "camera_off": "Éteindre la caméra",
        "leave": "Quitter l’appel",
        "people": "Qui est là",
        "i_allow": "De votre image et de votre voix, vous permettez",
        "scopes": {"snapshot": "des photos", "record": "l’enregistrement"},
        "chat": "Clavardage",
        "write": "Votre message",
        "send": "Envoyer",
        "after_title": "Vous avez quitté l’appel",
        "after_line": "Ce que vous aviez permis a pris fin.",
        "again": "Entrer de nouveau",
        "over_title": "La séance est terminée",
        "over_line": "Vous pouvez fermer cette page.",
        "no_link": "Nouvelle connexion au service. L’image et le son continuent entre-temps.",
        "script": {
            "in_call": "en ligne",
            "failed": "Cela n’a pas fonctionné. Réessayez.",
            "forbidden": "Votre compte n’a pas de rôle pour cette place. Demandez un autre lien à l’agent.",
            "in_another_place": "Vous êtes dans cette séance à un autre titre. Quittez-la d’abord.",
            "elsewhere": "Cet appel est ouvert dans une autre fenêtre.",
            "own_denied": "Le navigateur ne peut pas utiliser caméra et microphone. L’appel fonctionne sans.",
            "own_missing": "Aucune caméra ni aucun microphone. L’appel fonctionne sans.",
            "reconnecting": "La connexion est faible. Nous essayons de nouveau.",
        },
    },
}

BRING: dict[Language, dict[str, Any]] = {
    "en": {
        "title": "Bring somebody in",
        "line": "They open the link, sign in with their own account, and wait until you let them in.",
        "copy_for": "Copy the link for",
        "kinds": {"interpreter": "an interpreter", "specialist": "a specialist", "supervisor": "a supervisor"},
        "copied": "The link is copied: {link}",
    },
    "fr": {
        "title": "Faire venir quelqu’un",
        "line": "La personne ouvre le lien, ouvre une session avec son compte et attend que vous la fassiez entrer.",
        "copy_for": "Copier le lien pour",
        "kinds": {"interpreter": "un interprète", "specialist": "un spécialiste", "supervisor": "un superviseur"},
        "copied": "Le lien est copié : {link}",
    },
}
"""What the officer's page says of inviting them."""
