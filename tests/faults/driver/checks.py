"""What must hold after every run. Each check yields a sentence for whatever is wrong."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from uuid import UUID

import orjson

from tests.faults.driver.evidence import Evidence
from tests.faults.driver.ledger import Ledger, Stands
from tests.reading import INTERVALS, seconds_by_events
from vpr.services import assembly
from vpr_events.contracts import families_of
from vpr_events.event import Recorded
from vpr_events.store import GENESIS, chain_hash, to_row

type Check = Callable[[Evidence, Ledger], Iterable[str]]

BY_KEY = {
    "intake": ("report.filed",),
    "triage": ("case.assessed", "case.video_requested"),
    "video": ("session.invite_sent",),
    "dispatch": ("unit.on_duty", "dispatch.unit_assigned"),
}
"""Events that people cause by requests with an Idempotency-Key alone."""


def nothing_is_left(evidence: Evidence, _: Ledger) -> Iterator[str]:
    """Outboxes are empty, and nothing is parked or dead."""
    for name, database in evidence.databases.items():
        if database.unpublished or database.parked:
            yield f"{name}: {database.unpublished} events unpublished, {database.parked} parked or dead"


def no_worker_failed(evidence: Evidence, _: Ledger) -> Iterator[str]:
    """No service met an error that it took for its own fault."""
    for name, output in evidence.output.items():
        for sign in ("worker failed", "dead letter", "watching failed"):
            if sign in output:
                yield f"{name}: its log says {sign!r}"


def acknowledged_stands(evidence: Evidence, ledger: Ledger) -> Iterator[str]:
    """What was acknowledged left its event, once."""
    by_kind: defaultdict[tuple[str, str], list[Mapping[str, object]]] = defaultdict(list)
    for database in evidence.databases.values():
        for event in database.events:
            by_kind[event.stream, event.data.event_name].append(orjson.loads(event.body))
    for command in ledger.acknowledged():
        wanted: Stands = command.stands(command.answer)
        found = [body for body in by_kind[wanted.stream, wanted.event] if wanted.fields.items() <= body.items()]
        if not (found if wanted.again else len(found) == 1):
            yield f"{command.kind} was acknowledged, and {wanted.event} of {wanted.stream} stands {len(found)} times"


def keys_count_once(evidence: Evidence, ledger: Ledger) -> Iterator[str]:
    """Each such event belongs to one key, and each acknowledged key is remembered: at most once, then exactly once."""
    for name, kinds in BY_KEY.items():
        database = evidence.databases[name]
        told = Counter(event_id for ids in database.keys.values() for event_id in ids)
        for event in database.events:
            enough = range(2) if name in evidence.restored else (1,)
            if event.data.event_name in kinds and told[str(event.id)] not in enough:
                yield f"{name}: {told[str(event.id)]} keys tell of {event.type} {event.id}"
        mine = {one.key for one in ledger.acknowledged() if one.key and one.service == name}
        if missing := mine - database.keys.keys():
            yield f"{name}: {len(missing)} acknowledged keys are not remembered"


def verify_finds_nothing(evidence: Evidence, _: Ledger) -> Iterator[str]:
    """``vpr verify`` is clean: chains, versions, seals, databases against the log."""
    yield from evidence.findings


def streams_are_whole(evidence: Evidence, _: Ledger) -> Iterator[str]:
    """The same once more of the streams, in few lines: versions have no gap, the hash chain is unbroken."""
    for name, database in evidence.databases.items():
        last: dict[str, Recorded] = {}
        for event in database.events:
            before = last.get(event.stream)
            if event.version != (before.version + 1 if before else 1):
                yield f"{name}: {event.stream} has version {event.version} after {before and before.version}"
            if event.hash != chain_hash(before.hash if before else GENESIS, to_row(event)):
                yield f"{name}: the chain of {event.stream} breaks at {event.version}"
            if event.family not in families_of(name):
                yield f"{name} stored {event.type} of {event.stream}"
            last[event.stream] = event


def log_holds_each_once(evidence: Evidence, _: Ledger) -> Iterator[str]:
    """Log and databases hold the same events, in the order of each stream; none came twice but what we put there."""
    stored = {event.id: event for database in evidence.databases.values() for event in database.events}
    times = Counter(event.id for event in evidence.log)
    for event_id in stored.keys() - times.keys():
        yield f"the log lacks {stored[event_id].type} {stored[event_id].stream}"
    for event_id in times.keys() - stored.keys():
        yield f"no database has {event_id} of the log"
    for event_id, count in times.items():
        if count > 1 + evidence.copies.get(event_id, 0):
            yield f"the log tells {stored[event_id].type} {event_id} {count} times"
    for event in evidence.log:
        if event != stored.get(event.id, event):
            yield f"the log tells {event.type} {event.id} otherwise than its database"
    yield from _out_of_order(evidence.log)


def _out_of_order(log: Sequence[Recorded]) -> Iterator[str]:
    reached: Counter[str] = Counter()
    for event in first_told(log):
        if event.version != reached[event.stream] + 1:
            yield f"the log tells {event.stream} {event.version} after {reached[event.stream]}"
        reached[event.stream] = event.version


def first_told(log: Sequence[Recorded]) -> Iterable[Recorded]:
    """Each event where it comes first."""
    first: dict[UUID, Recorded] = {}
    for event in log:
        first.setdefault(event.id, event)
    return first.values()


def effects_are_not_doubled(evidence: Evidence, _: Ledger) -> Iterator[str]:
    """An event leads to another one of a kind and stream at most once."""
    for name, database in evidence.databases.items():
        caused = Counter((e.causation_id, e.stream, e.type) for e in database.events if e.causation_id)
        for (cause, stream, kind), count in caused.items():
            if count > 1:
                yield f"{name}: {cause} led to {kind} of {stream} {count} times"


def inboxes_are_complete(evidence: Evidence, _: Ledger) -> Iterator[str]:
    """Each service took in exactly what it handles."""
    for name, database in evidence.databases.items():
        if consumer := assembly(name).service.consumer:
            wanted = {event.id for event in evidence.log if type(event.data) in consumer.handles}
            missing, foreign = wanted - database.inbox, database.inbox - wanted
            if missing or foreign:
                yield f"{name}: its inbox lacks {len(missing)} events and has {len(foreign)} others"


def each_report_has_its_case(evidence: Evidence, _: Ledger) -> Iterator[str]:
    """A report has its particulars and one case, opened once."""
    filed = _entities(evidence, "intake", "report.filed")
    opened = Counter(e.correlation_id for e in _events(evidence, "triage", "case.opened"))
    if Counter(filed) != opened:
        yield f"{len(filed)} reports were filed, and {opened.total()} cases opened for {len(opened)} of them"
    if sorted(evidence.case_reports) != sorted(filed):
        yield f"{len(filed)} reports were filed, and triage shows {len(evidence.case_reports)} cases"
    if sorted(evidence.particulars) != sorted(filed) and "intake" not in evidence.restored:
        yield f"{len(filed)} reports were filed, and {len(evidence.particulars)} have particulars"


def _events(evidence: Evidence, service: str, name: str) -> list[Recorded]:
    return [event for event in evidence.databases[service].events if event.data.event_name == name]


def _entities(evidence: Evidence, service: str, name: str) -> list[UUID]:
    return [event.entity_id for event in _events(evidence, service, name)]


def metrics_counts_the_same(evidence: Evidence, _: Ledger) -> Iterator[str]:
    """Metrics counts each report once, and each of its intervals as the events tell it."""
    reports: defaultdict[UUID, list[Recorded]] = defaultdict(list)
    for event in first_told(evidence.log):
        reports[event.correlation_id].append(event)
    filed = [report for report, told in reports.items() if any(e.data.event_name == "report.filed" for e in told)]
    if evidence.figures["records"] != len(filed):
        yield f"{len(filed)} reports were filed, and metrics counts {evidence.figures['records']}"
    taken = [seconds_by_events(reports[report], report) for report in filed]
    for found in evidence.figures["intervals"]:
        if found["interval"] in INTERVALS:
            spans = [one[found["interval"]] for one in taken if found["interval"] in one]
            n, counted = sum(span >= 0 for span in spans), found["total"]["n"]
            if n != counted:
                yield f"{n} reports have the interval {found['interval']}, and metrics counts {counted}"


CHECKS: Sequence[Check] = (
    nothing_is_left,
    no_worker_failed,
    acknowledged_stands,
    keys_count_once,
    verify_finds_nothing,
    streams_are_whole,
    log_holds_each_once,
    effects_are_not_doubled,
    inboxes_are_complete,
    each_report_has_its_case,
    metrics_counts_the_same,
)


def broken(evidence: Evidence, ledger: Ledger) -> list[str]:
    """Everything that is wrong, with the name of the check."""
    return [f"{check.__name__}: {wrong}" for check in CHECKS for wrong in check(evidence, ledger)]
