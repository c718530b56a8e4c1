"""The words of the start and sign-in pages, in English and French."""

from collections.abc import Mapping

from fastapi import Request

WORDING: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "Virtual Police Response",
        "lead": "The whole system runs on this machine: five services on one event log.",
        "services": "Services",
        "intake": "Reports from residents, 311 systems and clerks",
        "triage": "The officers' queue: claims and assessments",
        "video": "Sessions in which officer and resident meet",
        "dispatch": "Units, and the dispatches they drive to",
        "metrics": "Timing figures, derived from the event log",
        "api": "API",
        "health": "Health",
        "ready": "ready",
        "degraded": "degraded",
        "down": "not answering",
        "unpublished": "not yet in the log",
        "pending": "not yet taken in",
        "dead": "dead letters",
        "next": "What to try",
        "next_file": "File a report as a 311 system: make a key, then post it.",
        "next_token": "Print a bearer token for the APIs.",
        "next_import": "Import a records extract and look at its figures.",
        "sign_in": "Sign in",
        "sign_in_lead": "Choose who you are. Nothing is checked here: production refuses this sign-in.",
        "role": "Role",
        "officer": "Officer",
        "supervisor": "Supervisor",
        "dispatcher": "Dispatcher",
        "analyst": "Analyst",
        "auditor": "Auditor",
        "admin": "Administrator",
        "signed_in": "Signed in as",
        "sign_out": "Sign out",
        "back": "Back to the start page",
        "other": "Français",
    },
    "fr": {
        "title": "Intervention policière virtuelle",
        "lead": "Tout le système fonctionne sur cette machine : cinq services sur un seul journal d\u2019événements.",
        "services": "Services",
        "intake": "Signalements des résidents, des systèmes 311 et du personnel",
        "triage": "La file des agents : prises en charge et évaluations",
        "video": "Les rencontres vidéo entre agent et résident",
        "dispatch": "Les unités et leurs déplacements",
        "metrics": "Les délais, calculés à partir du journal d\u2019événements",
        "api": "API",
        "health": "État",
        "ready": "prêt",
        "degraded": "dégradé",
        "down": "ne répond pas",
        "unpublished": "pas encore au journal",
        "pending": "pas encore lus",
        "dead": "messages en échec",
        "next": "À essayer",
        "next_file": "Déposer un signalement comme un système 311 : créer une clé, puis l\u2019envoyer.",
        "next_token": "Afficher un jeton d\u2019accès pour les API.",
        "next_import": "Importer un extrait de dossiers et voir ses délais.",
        "sign_in": "Connexion",
        "sign_in_lead": "Choisissez un rôle. Rien n\u2019est vérifié : la production refuse cette connexion.",
        "role": "Rôle",
        "officer": "Agent",
        "supervisor": "Superviseur",
        "dispatcher": "Répartiteur",
        "analyst": "Analyste",
        "auditor": "Auditeur",
        "admin": "Administrateur",
        "signed_in": "Connecté comme",
        "sign_out": "Se déconnecter",
        "back": "Retour à l\u2019accueil",
        "other": "English",
    },
}


def language_of(request: Request) -> str:
    """``?lang=`` first, else what the browser prefers, else English."""
    asked = request.query_params.get("lang") or request.headers.get("Accept-Language", "")
    return "fr" if asked.strip().lower().startswith("fr") else "en"
