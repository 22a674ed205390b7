"""Check digits, so that the invented numbers are as right as real ones."""


def structured_reference(number: int) -> str:
    """Belgian structured communication of ten digits and two check digits (API reference 3.1)."""
    digits = f"{number:010d}"
    digits += f"{number % 97 or 97:02d}"
    return f"+++{digits[:3]}/{digits[3:7]}/{digits[7:]}+++"


def belgian_enterprise(number: int) -> str:
    """Ten digits: eight of the number, two of 97 minus the number modulo 97."""
    number = number % 8_000_000 + 2_000_000
    return f"{number:08d}{97 - number % 97:02d}"


def belgian_iban(number: int) -> str:
    """An account number with both of its check sums."""
    bban = ("001", "068", "310", "735")[number % 4] + f"{number // 4 % 10**7:07d}"
    bban += f"{int(bban) % 97 or 97:02d}"
    return f"BE{98 - int(bban + '111400') % 97:02d}{bban}"


def dutch_vat(number: int) -> str:
    """A Dutch VAT number with the modulo 97 check of 2020."""
    stem = f"{number % 10**9:09d}B"
    check = next(
        check
        for check in range(2, 99)
        if int("".join(str(int(sign, 36)) for sign in f"NL{stem}{check:02d}")) % 97 == 1
    )
    return f"NL{stem}{check:02d}"


def french_vat(number: int) -> str:
    """A French VAT number: two check digits before a SIREN that passes the Luhn test."""
    stem = f"{number % 10**8:08d}"
    doubled = [int(sign) * (2 - place % 2) for place, sign in enumerate(reversed(stem))]
    luhn = -sum(digit // 10 + digit % 10 for digit in doubled) % 10
    siren = f"{stem}{luhn}"
    return f"FR{(12 + 3 * (int(siren) % 97)) % 97:02d}{siren}"


def german_vat(number: int) -> str:
    """A German VAT number with the check digit of ISO 7064, modulo 11, 10."""
    stem, product = f"{number % 9 + 1}{number % 10**7:07d}", 10
    for sign in stem:
        product = ((int(sign) + product) % 10 or 10) * 2 % 11
    return f"DE{stem}{(11 - product) % 10}"
