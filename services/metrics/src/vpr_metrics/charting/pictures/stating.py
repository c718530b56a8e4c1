"""What every picture states beneath its title: definition, n, filters, and the moment it is of."""

from collections.abc import Iterator
from datetime import datetime

from vpr_metrics import definitions
from vpr_metrics.charting.speech import Speech
from vpr_metrics.schemas.choosing import Choice
from vpr_metrics.schemas.figures import AsOf

TRAITS = ("category", "district", "priority", "channel", "pathway", "officer_initiated", "outcome", "eligible")


def filters(choice: Choice, speech: Speech, zone: str) -> str:
    """The source and what narrows it."""
    return ", ".join(_filters(choice, speech, zone))


def _filters(choice: Choice, speech: Speech, zone: str) -> Iterator[str]:
    yield speech.say("source", value=choice.source)
    for name, bound in (("from", choice.filed_from), ("to", choice.filed_before)):
        if bound:
            yield speech.say(name, value=speech.moment(bound, zone))
    for trait in TRAITS:
        if (value := getattr(choice, trait)) is not None:
            key = str(value).lower() if isinstance(value, bool) else str(value)
            yield speech.say(f"filter_{trait}", value=speech.group(trait, key))
    if choice.as_of:
        yield speech.say("filter_as_of", value=speech.moment(choice.as_of, zone))


def moment(as_of: AsOf | None, zone: str, speech: Speech, until: datetime | None = None) -> str:
    """What the figures know, and by which definitions."""
    known = speech.say("as_of", moment=speech.moment(as_of.recorded_at, zone)) if as_of else speech.say("no_data_yet")
    bound = [speech.say("until", moment=speech.moment(until, zone))] if until else []
    return ", ".join([known, *bound, speech.say("version", version=definitions.VERSION)])


def counts(speech: Speech, n: int | None, **others: int | None) -> str:
    """n, and how many of each other kind there are, such as "n = 12, 3 open"."""
    told = [f"n = {speech.count(n)}"]
    return ", ".join(told + [f"{speech.number(count)} {speech.say(kind)}" for kind, count in others.items() if count])


def blanks(speech: Speech) -> dict[str, str]:
    """What a picture says where it shows nothing."""
    return {"few": speech.say("too_few"), "none": speech.say("no_cases")}
