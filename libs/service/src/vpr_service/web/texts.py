"""The words of the pages around signing in, in English and French."""

from collections.abc import Mapping
from dataclasses import dataclass

from vpr_service.languages import Language


@dataclass(frozen=True, slots=True)
class Text:
    """A page's title, what it says, and its link back to the beginning."""

    title: str
    line: str
    again: str


TEXTS: Mapping[Language, Mapping[str, Text]] = {
    "en": {
        "signed_out": Text(
            "You are signed out",
            "This browser knows you no longer. Your organisation's own sign-in may still be open.",
            "Sign in again",
        ),
        "failed": Text(
            "Signing in did not work",
            "It took too long, was interrupted, or your account may not use this system. Nothing was changed.",
            "Try again",
        ),
        "unavailable": Text(
            "Signing in is not possible right now",
            "The sign-in service does not answer. Wait a moment.",
            "Try again",
        ),
    },
    "fr": {
        "signed_out": Text(
            "Vous êtes déconnecté",
            "Ce navigateur ne vous connaît plus. La session de votre organisation est peut-être encore ouverte.",
            "Se reconnecter",
        ),
        "failed": Text(
            "La connexion n\u2019a pas réussi",
            "Elle a pris trop de temps, a été interrompue, ou votre compte n\u2019a pas accès à ce système. "
            "Rien n\u2019a été modifié.",
            "Réessayer",
        ),
        "unavailable": Text(
            "Connexion impossible pour le moment",
            "Le service de connexion ne répond pas. Patientez un instant.",
            "Réessayer",
        ),
    },
}
