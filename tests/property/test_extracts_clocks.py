"""Stamps that are read the fast way are read as strptime reads them."""

from datetime import datetime

from hypothesis import example, given
from hypothesis import strategies as st

from vpr_intake.extracts.clocks import ISO, parse

texts = st.datetimes().flatmap(lambda moment: st.sampled_from([moment.strftime(form) for form in sorted(ISO)]))
shortened = st.builds(lambda text, end: text[: end or None], texts, st.integers(-8, 0))
changed = st.builds(
    lambda text, place, new: text[:place] + new + text[place + 1 :],
    texts,
    st.integers(0, 26),
    st.sampled_from("0123456789-:T .Z+W٣x"),
)


@given(st.one_of(texts, shortened, changed), st.sampled_from(sorted(ISO)))
@example("2024-02-30T10:00:00", "%Y-%m-%dT%H:%M:%S")
@example("2024-01-05 24:00:00", "%Y-%m-%d %H:%M:%S")
@example("2024-W01-1T10:00:00", "%Y-%m-%dT%H:%M:%S")
def test_the_fast_way_and_strptime_agree(text: str, form: str) -> None:
    try:
        expected = datetime.strptime(text, form)  # noqa: DTZ007 - local
    except ValueError:
        expected = None
    assert parse(text, (form,)) == expected
