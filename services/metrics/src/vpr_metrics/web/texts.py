"""What the dashboard says, by language."""

from collections.abc import Mapping

from vpr_metrics.web.texts_en import EN
from vpr_metrics.web.texts_fr import FR
from vpr_service.languages import Language

TEXTS: Mapping[Language, Mapping[str, str]] = {"en": EN, "fr": FR}
