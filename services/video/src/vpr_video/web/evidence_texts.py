"""What the officer's list of evidence says: of every kind, and of where an item stands."""
# ruff: noqa: RUF001 - our apostrophe is the typographer's

from vpr_service.languages import Language

ITEMS: dict[Language, dict[str, str]] = {
    "en": {
        "kind_snapshot": "Photo from the video",
        "kind_recording": "Recording",
        "kind_photo": "Photo",
        "kind_file": "File",
        "kind_upload": "File",
        "kind_statement": "Statement",
        "kind_chat": "What was written",
        "kind_location": "Where the resident was",
        "state_making": "is being made",
        "state_open": "is being sent",
        "state_closing": "is being sealed",
        "state_erased": "erased",
        "incomplete": "Incomplete: it ends where its sending broke off.",
        "look": "Look at it",
    },
    "fr": {
        "kind_snapshot": "Photo de la vidéo",
        "kind_recording": "Enregistrement",
        "kind_photo": "Photo",
        "kind_file": "Fichier",
        "kind_upload": "Fichier",
        "kind_statement": "Déclaration",
        "kind_chat": "Ce qui a été écrit",
        "kind_location": "Où était le résident",
        "state_making": "en préparation",
        "state_open": "envoi en cours",
        "state_closing": "scellement en cours",
        "state_erased": "effacé",
        "incomplete": "Incomplet : il s’arrête là où l’envoi a été coupé.",
        "look": "Consulter",
    },
}
