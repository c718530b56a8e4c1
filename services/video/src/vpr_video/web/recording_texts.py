# ruff: noqa: RUF001 - French writes its apostrophes so
"""What the officer's page says of recordings, by their own browser and by the media server."""

from collections.abc import Mapping

RECORDING: Mapping[str, Mapping[str, str]] = {
    "en": {
        "record": "Record",
        "record_stop": "Stop recording",
        "record_waiting": "recording; {n} s are still to be sent",
        "record_withdrawn": "The resident took back that the call is recorded: the recording has stopped.",
        "record_ended": "The recording has ended: what was recorded is kept.",
        "state_recorded": "is being recorded at the media server",
        "ended_early": "It was ended early: it holds what was recorded until then.",
        "part": "It continues an earlier recording, after the connection was made anew.",
    },
    "fr": {
        "record": "Enregistrer",
        "record_stop": "Arrêter l’enregistrement",
        "record_waiting": "enregistrement en cours; encore {n} s à envoyer",
        "record_withdrawn": "Le résident a retiré son accord : l’enregistrement est arrêté.",
        "record_ended": "L’enregistrement est terminé : ce qui a été enregistré est conservé.",
        "state_recorded": "en cours d’enregistrement sur le serveur de médias",
        "ended_early": "Interrompu avant la fin : il contient ce qui a été enregistré jusque-là.",
        "part": "Suite d’un enregistrement antérieur, après le rétablissement de la connexion.",
    },
}
