"""Reading Open311's forms, for any texts: what was sent is what is read, and nonsense is refused and never a fault."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from urllib.parse import quote, quote_plus, urlencode
from xml.etree.ElementTree import fromstring

from hypothesis import given
from hypothesis import strategies as st

from tests.examples import NOON
from vpr_intake.api.open311.asking import Window, ids, listed, moment
from vpr_intake.api.open311.errors import Faulty
from vpr_intake.api.open311.filing import report_of
from vpr_intake.api.open311.forms import Form, urlencoded
from vpr_intake.api.open311.xml import document
from vpr_intake.city import load_city, shipped

texts = st.text(st.characters(codec="utf-8"), max_size=30)
names = st.one_of(
    texts, st.sampled_from(["description", "media_url", "attribute[A]", "attribute[A][]", "attribute[B][1]"])
)
CITY = load_city(shipped()["winnipeg"])
pairs = st.lists(st.tuples(names, texts), max_size=12)
codes = st.text(st.characters(codec="ascii", exclude_characters="[]\0"), min_size=1, max_size=10)


def outcome[T](call: Callable[[], T]) -> T | Faulty:
    """What comes of a call, were it the refusal."""
    try:
        return call()
    except Faulty as refusal:
        return refusal


@given(pairs, st.booleans())
def test_every_pair_is_read_as_it_was_sent(sent: list[tuple[str, str]], plus: bool) -> None:
    body = urlencode(sent, quote_via=quote_plus if plus else quote)
    assert urlencoded(body.encode()) == sent


@given(st.binary(max_size=200))
def test_any_bytes_are_a_form_or_refused(body: bytes) -> None:
    form = outcome(lambda: Form.of(urlencoded(body)))
    if isinstance(form, Faulty):
        assert {fault.code for fault in form.faults} == {400}
    else:
        assert all(value.strip() == value != "" for values in form.fields.values() for value in values)


@given(pairs)
def test_any_form_is_a_report_or_refused_with_names_and_no_values(sent: list[tuple[str, str]]) -> None:
    form = Form.of([("service_code", "theft"), ("lat", "95.5"), *sent])
    refusal = outcome(lambda: report_of(form, CITY))
    assert isinstance(refusal, Faulty), "there is no such latitude"
    assert {fault.code for fault in refusal.faults} <= {400, 404}
    assert not any("95.5" in fault.description for fault in refusal.faults)


@given(pairs, st.sampled_from(["", " ", "\t"]))
def test_order_blanks_keys_and_empty_fields_make_no_other_request(sent: list[tuple[str, str]], blank: str) -> None:
    by_name = {name: [value for one, value in sent if one == name] for name, _ in sent}
    turned = [(name, value) for name in sorted(by_name, reverse=True) for value in by_name[name]]
    more = [("api_key", "another"), ("jurisdiction_id", "x"), *((f"e{name}", blank) for name in by_name)]
    padded = [(name, f"{blank}{value}{blank}") for name, value in turned]
    known = {"api_key", "jurisdiction_id"}
    assert Form.of([*more, *padded]).digest == Form.of([one for one in sent if one[0] not in known]).digest


@given(
    st.lists(
        st.tuples(codes, st.lists(codes.filter(str.strip), min_size=1, max_size=3)),
        max_size=4,
        unique_by=lambda one: one[0],
    )
)
def test_several_answers_come_in_each_manner(asked: list[tuple[str, Sequence[str]]]) -> None:
    wanted = {code: [one.strip() for one in answers] for code, answers in asked}
    for manner in ("attribute[{}]", "attribute[{}][]"):
        sent = [(manner.format(code), one) for code, answers in asked for one in answers]
        assert Form.of(sent).attributes == wanted
    numbered = [(f"attribute[{code}][{place}]", one) for code, many in asked for place, one in enumerate(many)]
    assert Form.of(numbered).attributes == wanted


@given(st.text(max_size=60))
def test_any_text_is_a_time_or_refused(text: str) -> None:
    found = outcome(lambda: moment("start_date", text))
    if isinstance(found, Faulty):
        assert [fault.code for fault in found.faults] == [400]
    else:
        assert found is None or found.utcoffset() is not None
    assert len(ids(text)) <= len(listed(text))


@given(st.text(st.characters(), max_size=60))
def test_any_text_makes_well_formed_xml(text: str) -> None:
    read = fromstring(document("errors", [{"description": text}])).findtext("error/description") or ""
    assert len(read) <= len(text)
    if all(letter.isprintable() for letter in text):
        assert read == text


moments = st.integers(0, 5_000_000).map(lambda micros: NOON + timedelta(microseconds=micros))


@given(moments, moments, moments)
def test_a_window_holds_what_is_told_as_inside_it(start: datetime, end: datetime, at: datetime) -> None:
    window = Window.of(start, end, NOON, "both")
    assert (window.start <= at <= window.end) == (start <= at.replace(microsecond=0) <= end)
