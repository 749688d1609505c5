"""Read numbers as people write them in Poland, Germany, Switzerland, Britain and America."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

# The decimal separator names the convention.
POINT, COMMA = ".", ","
SPACES = " \u00a0\u2007\u2009\u202f"
APOSTROPHES = "'’"
CURRENCY_SIGNS = {
    **{"zł": "PLN", "zl": "PLN", "€": "EUR", "euro": "EUR"},
    **{"$": "USD", "us$": "USD", "£": "GBP", "kč": "CZK"},
}
# Beside a number; anything else that stands there is a word and makes the cell no number.
CURRENCY_CODES = frozenset({
    "AED", "AUD", "BGN", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "ILS", "INR", "ISK",
    "JPY", "KRW", "MXN", "NOK", "NZD", "PLN", "RON", "RSD", "SAR", "SEK", "SGD", "THB", "TRY", "UAH", "USD", "ZAR",
})  # fmt: skip
DIGITS = re.compile(r"[.,]?\d([\d.,' ]*\d)?")
GROUPED = {
    POINT: re.compile(r"([1-9]\d{0,2}((,\d{3})+|([ ']\d{3})+)|\d+)?(\.\d+)?"),
    COMMA: re.compile(r"([1-9]\d{0,2}((\.\d{3})+|([ ']\d{3})+)|\d+)?(,\d+)?"),
}
# Long columns repeat themselves, and every cell is read twice.
REMEMBERED = 10_000
MINUS = "-−–"
# "1.200,-" is twelve hundred.
WHOLE_MARK = re.compile(r"([.,])(-{1,2}|–|—)(?=\D*$)")


@dataclass(frozen=True)
class WrittenNumber:
    """A number as it is written: its value under each convention that it fits, and what stands beside it."""

    readings: Mapping[str, Decimal]
    currency: str | None = None
    is_percent: bool = False


@lru_cache(maxsize=REMEMBERED)
def read_number(text: str) -> WrittenNumber | None:
    """None where the text is no number under any convention. 25 % is 0.25; (5) and 5- are -5."""
    plain = re.sub(f"[{SPACES}]+", " ", text).strip().lstrip(APOSTROPHES)
    plain = re.sub(f"[{APOSTROPHES}]", "'", WHOLE_MARK.sub(r"\g<1>00", plain))
    found = DIGITS.search(plain)
    if not found:
        return None
    before, digits, after = plain[: found.start()], found[0], plain[found.end() :]
    is_bracketed = before.count("(") == 1 and after.count(")") == 1
    beside = before.replace("(", " ", is_bracketed) + " " + after.replace(")", " ", is_bracketed)
    minuses = sum(beside.count(sign) for sign in MINUS)
    words = re.sub(f"[{MINUS}]|[+](?=\\s)|[+]$", " ", beside).replace("%", " % ").split()
    is_percent = words.count("%") == 1
    words = [word for word in words if word != "%" or not is_percent]
    currency = currency_of(words[0]) if words else None
    if minuses + is_bracketed > 1 or len(words) > bool(currency) or (is_percent and currency):
        return None
    scale = (-1 if minuses or is_bracketed else 1) * (Decimal("0.01") if is_percent else 1)
    readings = {
        convention: _value(digits, convention) * scale
        for convention, pattern in GROUPED.items()
        if pattern.fullmatch(digits)
    }
    return WrittenNumber(readings, currency, is_percent) if readings else None


def currency_of(text: str) -> str | None:
    """The ISO code of a currency's sign or code; None for any other word."""
    word = text.strip().strip(".").casefold()
    return CURRENCY_SIGNS.get(word) or (word.upper() if word.upper() in CURRENCY_CODES else None)


def currency_of_format(code: str) -> str | None:
    """The currency that a number format of Excel shows, such as `#,##0.00 "zł"`; None where it shows none.

    Raises ValueError for a sign of a currency that may be several ones.
    """
    positive = code.split(";")[0]
    if named := re.search(r"\[\$([^-\]]+)", positive):
        currency = currency_of(named[1])
        if not currency:
            raise ValueError(named[1])
        return currency
    words = re.findall(r'"([^"]+)"', positive) + re.findall(r"[€£$]", re.sub(r'"[^"]*"|\[[^\]]*\]', "", positive))
    return next((currency for word in words if (currency := currency_of(word))), None)


def shown(number: Decimal) -> str:
    """A number for a message, without digits that say nothing: 1234 and 1.234."""
    return f"{number.normalize():f}"


def _value(digits: str, convention: str) -> Decimal:
    groups = "".join(mark for mark in ".,' " if mark != convention)
    return Decimal(digits.translate(str.maketrans("", "", groups)).replace(COMMA, POINT))
