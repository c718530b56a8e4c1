"""What a question may say of the picture that it is to be answered with."""

from typing import Literal

from vpr_service.languages import Language
from vpr_service.requests import Body


class Drawn(Body):
    """``lang``: the language of a picture, else the one that Accept-Language likes best. Figures have none."""

    lang: Language | None = None


class DrawnTimings(Drawn):
    """``chart=map`` draws figures by district on the city's map."""

    chart: Literal["map"] | None = None


class DrawnSurvival(Drawn):
    """``chart``: the curves, or how likely a case has ended in which way."""

    chart: Literal["survival", "incidence"] = "survival"


class DrawnFlow(Drawn):
    """``chart``: who comes how far, what cases come to, where the time goes, or when work comes in."""

    chart: Literal["funnel", "ends", "transitions", "workload"] = "funnel"
