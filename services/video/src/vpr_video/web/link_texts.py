"""What is said of a link that opens nothing; only who gives a new one differs between the pages."""
# ruff: noqa: RUF001 - our apostrophe is the typographer's

from vpr_service.languages import Language
from vpr_video.web.text import Text


def of_links(new_link: str, nouveau_lien: str) -> dict[Language, dict[str, Text]]:
    """The texts by problem; the sentences say in English and French where a new link comes from."""
    return {
        "en": {
            "no_such_invite": Text(
                "We do not know this link",
                (
                    "Part of it may be missing. Open it again from the message that you were sent.",
                    f"Does that not help? {new_link}",
                ),
            ),
            "invite_used": Text(
                "This link was used before",
                ("Each link works once.", f"Did you join with it? Go back to that page. Is it closed? {new_link}"),
            ),
            "invite_revoked": Text(
                "A newer link replaced this one",
                ("Open the newest link that you were sent.", f"Can you not find it? {new_link}"),
            ),
        },
        "fr": {
            "no_such_invite": Text(
                "Nous ne connaissons pas ce lien",
                (
                    "Il en manque peut-être une partie. Ouvrez-le de nouveau à partir du message reçu.",
                    f"Cela n’aide pas? {nouveau_lien}",
                ),
            ),
            "invite_used": Text(
                "Ce lien a déjà servi",
                (
                    "Chaque lien ne sert qu’une fois.",
                    f"Est-ce vous qui l’avez utilisé? Retournez à l’autre page. Elle est fermée? {nouveau_lien}",
                ),
            ),
            "invite_revoked": Text(
                "Un lien plus récent remplace celui-ci",
                ("Ouvrez le dernier lien que vous avez reçu.", f"Vous ne le trouvez pas? {nouveau_lien}"),
            ),
        },
    }
