"""The categories of report that a resident can choose, and what is asked in each."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What an answer is; the names are those of Open311's attributes."""

    STRING = "string"
    NUMBER = "number"
    DATETIME = "datetime"
    TEXT = "text"
    SINGLE = "singlevaluelist"
    MULTIPLE = "multivaluelist"


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a category. ``options`` are (key, name) pairs, of lists alone."""

    code: str
    kind: Kind
    text: str
    required: bool = False
    hint: str = ""
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Category:
    """One category. ``keywords`` help a 311 system to find it."""

    code: str
    name: str
    description: str
    group: str
    keywords: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()


_ALL = (
    Category(
        "break_enter_residential", "Break and enter: home", "Someone broke into a home.", "property", ("burglary",)
    ),
    Category("break_enter_commercial", "Break and enter: business", "Someone broke into a business.", "property"),
    Category("theft", "Theft", "Something was stolen.", "property", ("stolen",)),
    Category("theft_from_vehicle", "Theft from vehicle", "Something was taken from a vehicle.", "property", ("car",)),
    Category("stolen_vehicle", "Stolen vehicle", "A vehicle was stolen.", "property", ("car", "auto")),
    Category(
        "mischief", "Damage to property", "Property was damaged on purpose.", "property", ("vandalism", "graffiti")
    ),
    Category(
        "hit_and_run", "Hit and run, property only", "A driver left after a collision.", "traffic", ("collision",)
    ),
    Category("fraud_online", "Fraud online", "A fraud by website, e-mail or message.", "fraud", ("scam", "phishing")),
    Category("fraud_phone", "Fraud by phone", "A fraud by telephone.", "fraud", ("scam",)),
    Category("fraud_identity", "Identity fraud", "Someone used another person's identity.", "fraud", ("identity",)),
    Category("fraud_other", "Other fraud", "Another kind of fraud.", "fraud"),
    Category("lost_property", "Lost property", "Something was lost.", "property", ("lost",)),
    Category("assault", "Assault, over", "A non-domestic assault that is over.", "persons"),
    Category("robbery", "Robbery, over", "A robbery that is over.", "persons"),
    Category("threats", "Threats", "Someone uttered threats.", "persons"),
    Category("harassment", "Harassment", "Someone harasses another person.", "persons"),
    Category("neighbour_dispute", "Neighbour dispute", "A dispute between neighbours.", "order", ("noise",)),
    Category("shoplifting", "Shoplifting", "Goods were stolen from a shop.", "property", ("shop",)),
    Category("drug_gang_information", "Drug or gang information", "Information about drugs or gangs.", "information"),
    Category("traffic_complaint", "Traffic complaint", "Dangerous driving or parking.", "traffic", ("speeding",)),
)

CATEGORIES = {category.code: category for category in _ALL}
