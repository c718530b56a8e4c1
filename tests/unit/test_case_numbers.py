"""Case numbers: what somebody mishears or mistypes is noticed; secrets and phrases."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpr_intake.case_numbers import (
    ALPHABET,
    NUMBER_LENGTH,
    SECRET_LENGTH,
    hash_of,
    is_number,
    new_number,
    plain,
    secret_of,
    spoken,
    with_check,
)
from vpr_intake.web.phrases import COUNT, WORDS, new_phrase
from vpr_service.languages import LANGUAGES

characters = st.sampled_from(ALPHABET)
numbers = st.text(characters, min_size=NUMBER_LENGTH - 1, max_size=NUMBER_LENGTH - 1).map(with_check)
places = st.integers(0, NUMBER_LENGTH - 1)


@given(numbers)
def test_every_number_with_its_check_character_is_one(number: str) -> None:
    assert is_number(number)


@given(numbers, places, characters)
def test_a_single_wrong_character_is_found(number: str, place: int, other: str) -> None:
    wrong = number[:place] + other + number[place + 1 :]
    assert is_number(wrong) == (wrong == number)


@given(numbers, places, places)
def test_two_characters_that_changed_places_are_found(number: str, one: int, other: int) -> None:
    swapped = list(number)
    swapped[one], swapped[other] = swapped[other], swapped[one]
    assert is_number("".join(swapped)) == (number[one] == number[other])


@given(numbers, places)
def test_a_missing_or_doubled_character_is_found(number: str, place: int) -> None:
    assert not is_number(number[:place] + number[place + 1 :])
    assert not is_number(number[:place] + number[place] + number[place:])


@given(st.text(max_size=20))
def test_whatever_is_written_has_a_plain_form_that_stays(written: str) -> None:
    assert is_number(plain(written)) in {True, False}
    if written.isascii():
        assert plain(plain(written)) == plain(written)


@given(numbers)
def test_a_number_is_known_again_as_it_is_read_out_and_written_down(number: str) -> None:
    for written in (spoken(number), number.lower(), f" {spoken(number).replace('-', ' ')} "):
        assert plain(written) == number
    assert plain(number.replace("0", "o").replace("1", "l")) == number


def test_no_character_looks_like_another() -> None:
    assert len(set(ALPHABET)) == 31
    assert not set("ILOUV") & set(ALPHABET)
    assert spoken(new_number()).count("-") == 2


def test_numbers_are_drawn_by_chance() -> None:
    drawn = {new_number() for _ in range(500)}
    assert len(drawn) == 500
    assert all(map(is_number, drawn))


def test_the_secret_follows_from_the_form_and_from_nothing_else() -> None:
    assert secret_of("a" * 43) == secret_of("a" * 43) != secret_of("b" * 43)
    assert len(secret_of("a" * 43)) == SECRET_LENGTH
    assert set(secret_of("a" * 43)) <= set(ALPHABET)


def test_a_hash_is_of_number_and_secret_together() -> None:
    assert hash_of("A", "S") == hash_of("A", "S")
    assert len({hash_of("A", "S"), hash_of("B", "S"), hash_of("A", "T")}) == 3


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_phrase_is_of_plain_different_words(language: str) -> None:
    words = next(WORDS[one] for one in LANGUAGES if one == language)
    assert len(words) == len(set(words)) == 128
    assert all(re.fullmatch(r"[a-zéèê]{4,10}", one) for one in words), [one for one in words if len(one) > 10]
    drawn = next(new_phrase(one) for one in LANGUAGES if one == language).split()
    assert len(set(drawn)) == COUNT
    assert set(drawn) <= set(words)
