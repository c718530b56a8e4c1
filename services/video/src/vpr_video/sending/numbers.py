"""Telephone numbers: which may get an SMS, and in which form."""

from collections.abc import Sequence

import phonenumbers

from vpr_video.sending.gateways import NotTaken


def number_for_sms(written: str, countries: Sequence[str]) -> str:
    """The number in E.164. Raises NotTaken, which does not tell it: no number, or of a country that gets none."""
    try:
        number = phonenumbers.parse(written, countries[0])
    except phonenumbers.NumberParseException:
        raise NotTaken("number_invalid", final=True) from None
    if not phonenumbers.is_valid_number(number):
        raise NotTaken("number_invalid", final=True)
    if phonenumbers.region_code_for_number(number) not in countries:
        raise NotTaken("country_not_allowed", final=True)
    if phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.PREMIUM_RATE:
        raise NotTaken("number_not_allowed", final=True)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
