# ruff: noqa: RUF001 - French writes its apostrophes so
"""What each kind of evidence honestly is, in the words that go with it wherever it is shown or handed over."""

from collections.abc import Mapping
from typing import Any

from vpr_events.contracts.session import EvidenceKind
from vpr_video.domain.items import MEDIA_SERVER

type Text = Mapping[str, str]

KINDS: Mapping[EvidenceKind, Text] = {
    EvidenceKind.SNAPSHOT: {
        "en": "One decoded frame of the video call as it arrived at the officer's browser. It went through the "
        "compression of the call and is no photo of the resident's camera.",
        "fr": "Une image décodée de l’appel vidéo telle qu’elle est arrivée dans le navigateur de l’agent. Elle a "
        "subi la compression de l’appel et n’est pas une photo de l’appareil du résident.",
    },
    EvidenceKind.RECORDING: {
        "en": "The call as the officer's browser received and recorded it, with what the connection lost missing. "
        "It is not what the resident's device captured.",
        "fr": "L’appel tel que le navigateur de l’agent l’a reçu et enregistré, sans ce que la connexion a perdu. "
        "Ce n’est pas ce que l’appareil du résident a capté.",
    },
    EvidenceKind.PHOTO: {
        "en": "A photo that a participant sent during the call. Its bytes are as they were sent; what was done with"
        " it before is not known.",
        "fr": "Une photo qu’un participant a envoyée pendant l’appel. Ses octets sont tels qu’envoyés; ce qui en a "
        "été fait auparavant n’est pas connu.",
    },
    EvidenceKind.FILE: {
        "en": "A file that somebody sent, in the call or by a link. Its bytes are as they were sent; where it comes "
        "from is not known.",
        "fr": "Un fichier que quelqu’un a envoyé, pendant l’appel ou par un lien. Ses octets sont tels qu’envoyés; "
        "son origine n’est pas connue.",
    },
    EvidenceKind.CHAT: {
        "en": "A document that this system made of what was written in the call. Times are those of this system.",
        "fr": "Un document que ce système a fait de ce qui a été écrit pendant l’appel. Les heures sont celles de "
        "ce système.",
    },
    EvidenceKind.LOCATION: {
        "en": "A document that this system made of the positions that the resident's device reported while they "
        "allowed it, as GeoJSON. How exact each is, is the device's own estimate; nobody checked where they were.",
        "fr": "Un document que ce système a fait des positions que l’appareil du résident a indiquées tant qu’il le "
        "permettait, en GeoJSON. La précision est celle que l’appareil estime; personne n’a vérifié où il était.",
    },
}
OTHER: Text = {"en": "An item of evidence of a video call.", "fr": "Un élément de preuve d'un appel vidéo."}

INCOMPLETE: Text = {
    "en": "It is incomplete: it holds what had arrived when it was closed.",
    "fr": "Il est incomplet : il contient ce qui était arrivé quand il a été clos.",
}
SERVED: Text = {
    "en": "What the resident's device sent in the call, as it reached the media server, which recorded it, with what "
    "the connection lost missing. It went through the compression of the call.",
    "fr": "Ce que l’appareil du résident a envoyé pendant l’appel, tel qu’il est arrivé au serveur de médias, qui l’a "
    "enregistré, sans ce que la connexion a perdu. Il a subi la compression de l’appel.",
}
MADE: Text = {
    "en": "Its packets were put into this container, not encoded anew, by {programs}; the files of the media server "
    "were not kept.",
    "fr": "Ses paquets ont été mis dans ce conteneur, sans réencodage, par {programs}; les fichiers du serveur de "
    "médias n’ont pas été conservés.",
}
PART: Text = {
    "en": "It continues an earlier recording after the connection was made anew; what came between is missing.",
    "fr": "Il continue un enregistrement antérieur après un rétablissement de la connexion; ce qui s’est passé entre "
    "les deux manque.",
}
METHODS: Mapping[str, Text] = {
    "remux": {
        "en": "A working copy: the same picture and sound in a new container, which states its duration. The "
        "original is kept as it is.",
        "fr": "Une copie de travail : les mêmes images et le même son dans un nouveau conteneur, qui indique sa "
        "durée. L’original est conservé tel quel.",
    },
    "redaction": {
        "en": "A redacted copy: parts were made unrecognisable, silent or left out, and all was encoded anew. The "
        "original is kept as it is.",
        "fr": "Une copie caviardée : des parties ont été rendues méconnaissables, muettes ou retirées, et le tout a"
        " été réencodé. L’original est conservé tel quel.",
    },
}


def described_as(row: Mapping[str, Any]) -> dict[str, str]:
    """What an item is, by language; ``row`` is one of ``items.py``."""
    served = MEDIA_SERVER in {row["method"], row["original_method"]}
    texts = [SERVED if served else KINDS.get(EvidenceKind(row["kind"]), OTHER)]
    if row["made_with"]:
        texts.append(MADE)
    if row["part_of"]:
        texts.append(PART)
    if row["method"] in METHODS:
        texts.append(METHODS[row["method"]])
    if row["incomplete"]:
        texts.append(INCOMPLETE)
    programs = ", ".join(one.replace("/", " ") for one in row["made_with"] or ())
    whole = {language: " ".join(text[language] for text in texts) for language in ("en", "fr")}
    return {language: text.replace("{programs}", programs) for language, text in whole.items()}
