"""How sure the change is, and what makes it doubtful."""

from vpr_metrics.api import comparing
from vpr_metrics.api.comparing_answers import Asked
from vpr_metrics.charting.pictures import comparing as pictures
from vpr_metrics.schemas.choosing import Choice
from vpr_metrics.schemas.comparing import CompareQuery, Comparison
from vpr_metrics.web.parts import Looking, Part, Warned, figure


async def change(looking: Looking) -> Part:
    """The comparison of the view. Raises Problem."""
    cohorts = looking.view.cohorts(looking.zone)
    if cohorts is None:
        return Part([looking.text["not_compared"]], ())
    asked = {"interval": looking.view.interval}
    query = Asked(CompareQuery.model_validate(asked), *(Choice.model_validate(one) for one in cohorts))
    told = await looking.told(comparing.told_compare, query)
    for side, chosen in zip(comparing.COHORTS, cohorts, strict=True):
        asked |= {f"{side}.{name}": value for name, value in chosen.items()}
    drawn = await figure(looking, pictures.picture(told, looking.zone, looking.speech), "compare", asked)
    return Part(_sentences(looking, told), [drawn], None if told.suppressed else _warnings(looking, told))


def _sentences(looking: Looking, told: Comparison) -> list[str]:
    speech, said = looking.speech, []
    if alike := told.like_for_like:
        percent = alike.mean.percent
        values = {
            "before": speech.time(alike.baseline_mean),
            "after": speech.time(alike.comparison_mean),
            "change": speech.time(alike.mean.difference) if percent is None else _percent(looking, percent),
            "covered": speech.percent(alike.covered),
        }
        said.append(looking.text["like_for_like"].format(**values))
    if told.log_rank:
        said.append(looking.text["p_value"].format(p=_p(looking, told.log_rank.p)))
    return said


def _percent(looking: Looking, percent: float) -> str:
    return looking.speech.percent(percent / 100, 1, signed=True)


def _p(looking: Looking, p: float) -> str:
    return f"< {looking.speech.number(0.001, 3)}" if p < 0.001 else f"= {looking.speech.number(p, 3)}"


def _warnings(looking: Looking, told: Comparison) -> list[Warned]:
    text = looking.text
    return [
        Warned(
            text[f"warning_{one.code}"],
            text[f"rule_{one.code}"].format(about=text[f"about_{one.about}"]),
            one.detail,
        )
        for one in told.warnings
    ]
