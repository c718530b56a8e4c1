"""Whether two addresses or numbers reach the same person."""

import pytest

from vpr_intake.contacts import same_contact


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Quillon@Resident.example", " quillon@resident.EXAMPLE", True),
        ("quillon@resident.example", "quill@resident.example", False),
        ("+1-204-555-0142", "(204) 555-0142", True),
        ("+1 204 555 0142", "12045550142", True),
        ("0204 5550142", "+1 204 555 0142", True),
        ("555-0142", "+1-204-555-0142", True),
        ("0142", "+1-204-555-0142", False),
        ("+1-204-555-0142", "+1-204-555-0143", False),
        ("call me", "call me", False),
        ("quillon@resident.example", "+1-204-555-0142", False),
    ],
)
def test_it_is_the_same_however_it_is_written(one: str, other: str, same: bool) -> None:
    assert same_contact(one, other) is same
    assert same_contact(other, one) is same
