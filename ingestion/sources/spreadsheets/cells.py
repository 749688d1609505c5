"""Read the cells of one column of a sheet: what each means, or what is wrong with it in words."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from ingestion.faults import Fault
from ingestion.sources.spreadsheets import dates
from ingestion.sources.spreadsheets.decisions import Decision
from ingestion.sources.spreadsheets.headers import HeaderCell
from ingestion.sources.spreadsheets.numbers import currency_of, currency_of_format, read_number, shown
from ingestion.sources.spreadsheets.templates import ADDITIVE_TYPES, normal
from ingestion.workbooks import ErrorValue, FormattedNumber, Uncomputed

# Nothing that marketing counts or pays is greater.
LARGEST = Decimal(10) ** 15
NUMBER_TYPES = ("number", "money", "whole", "rate")
DAY_TYPES = ("moment", "date", "month")
# Excel's errors in English, German and Polish, as a CSV file has them; ### is a number too wide for its column.
ERRORS = re.compile(
    r"#(N/A|NV|N/D!?|VALUE!|WERT!|ARG!|REF!|BEZUG!|ADR!|NAME\?|NAZWA\?|NUM!|ZAHL!|LICZBA!|DIV/0!|DZIEL/0!|NULL!|ZERO!|#+)"
)
DASHES = ("-", "–", "—")
INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\ufeff\u00ad"))
YES = frozenset({"yes", "y", "true", "1", "x", "ja", "j", "wahr", "tak", "t", "prawda"})
NO = frozenset({"no", "n", "false", "0", "nein", "falsch", "nie", "falsz"})
# "Anna Nowak <anna@example.com>", "mailto:anna@example.com"
ADDRESS = re.compile(
    r"(?:.*<)?\s*(?:mailto:)?\s*(?P<address>[^@\s<>,;:\"]+@[^@\s<>,;:\"]+\.[^@\s<>,;:.\"]+)\s*>?[.,;]?", re.IGNORECASE
)
KINDS = {"moment": "date", "date": "date", "month": "month such as 2026-03 or March 2026"}


class Refusal(Exception):
    """What is wrong with a cell."""


@dataclass
class ColumnReader:
    """Reads one column of a sheet, twice: first it hears how the column is written, then it says what cells mean."""

    header: HeaderCell
    timezone: ZoneInfo
    decision: Decision = field(default_factory=Decision)
    has_thousandths: bool = False  # in a number that can be read in one way only

    @property
    def type(self) -> str:
        return self.header.column.type

    def hear(self, cell: object) -> None:
        """Take note of a cell. Raises Fault, which lacks its place, where a formula has no value."""
        if isinstance(cell, Uncomputed):
            raise Fault(f"the formula {cell} has no value; open the file in Excel and save it.")
        text = plain(cell)
        if isinstance(text, str) and (readings := self._readings(text)):
            self.decision.hear(text, readings)
            if len(readings) == 1 and self.type in NUMBER_TYPES:
                self.has_thousandths |= _has_thousandths(*readings.values())

    def doubt(self) -> str | None:
        """What nobody should guess about the column, in words; None where its cells are clear."""
        if self.decision.doubt is None:
            return None
        text, readings = self.decision.doubt
        votes = " and ".join(f'"{vote}"' for vote in self.decision.votes.values())
        if self.decision.is_open:
            others = f"other cells, {votes}, contradict each other" if votes else "no other cell tells which"
        elif self._is_slip(self.decision.value(readings)):
            others = f"{votes} speaks for thousandths, which no clear amount has"
        else:
            return None
        show = shown if self.type in NUMBER_TYPES else str
        meanings = " or ".join(show(value) for value in readings.values())
        is_number = self.type in NUMBER_TYPES
        advice = (
            "write its numbers in full, such as 1234.50 or 1234,50" if is_number else "write its dates as 2026-01-31"
        )
        return f'"{text}" may be {meanings}, and {others}; {advice}.'

    def _is_slip(self, value: object) -> bool:
        """Whether 12.5 among 1.234 and 2.500 is more likely a slip than 1.234 an amount in thousandths."""
        return self.type in ("money", "number") and _has_thousandths(value) and not self.has_thousandths

    def read(self, cell: object, is_shared: bool = False) -> dict[str, Any]:
        """The raw columns of a cell, and `currency` where an amount bears one. Raises Refusal."""
        given = plain(cell)
        if given is None:
            return {}
        if isinstance(cell, ErrorValue) or (isinstance(given, str) and ERRORS.fullmatch(given)):
            raise Refusal(f"shows the error {given}")
        if is_shared and self.type in ADDITIVE_TYPES:
            raise Refusal(f'"{_said(given)}" is merged over several rows; give each row its own')
        return READERS[self.type](self, given)

    def _readings(self, text: str) -> Mapping[str, Any]:
        if self.type in NUMBER_TYPES:
            number = read_number(text)
            readings = number.readings if number else {}
            # Nobody writes thousandths of a copy: 20.000 and 1,234 are thousands.
            return {
                convention: value
                for convention, value in readings.items()
                if self.type != "whole" or value.as_tuple().exponent != -3
            }
        if self.type in DAY_TYPES:
            return dates.read_month(text) if self.type == "month" else dates.read_moment(text)
        return {}

    def _named(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {self.header.column.name + suffix: value for suffix, value in values.items()}

    def _text(self, given: object) -> dict[str, Any]:
        return self._named({"": _said(given)})

    def _name(self, given: object) -> dict[str, Any]:
        return self._named({"": _said(given), "_key": _said(given).casefold()})

    def _email(self, given: object) -> dict[str, Any]:
        match = ADDRESS.fullmatch(_said(given))
        if not match:
            # Reasons are published; what may be a person's name or address is not.
            raise Refusal("is no e-mail address")
        return self._named({"": match["address"].lower()})

    def _number(self, given: object) -> dict[str, Any]:
        value, currency = self._amount(given)
        if currency:
            raise Refusal(f'"{_said(given)}" has a currency; write the number alone, in the reporting currency')
        return self._named({"": float(value)})

    def _money(self, given: object) -> dict[str, Any]:
        value, currency = self._amount(given)
        if currency and self.header.currency and currency != self.header.currency:
            raise Refusal(f"the currencies {self.header.currency} and {currency} contradict each other")
        currency = currency or self.header.currency
        return self._named({"": float(value)}) | ({"currency": currency} if currency else {})

    def _whole(self, given: object) -> dict[str, Any]:
        value, currency = self._amount(given)
        if currency or value != value.to_integral_value():
            raise Refusal(f'"{_said(given)}" is no whole number')
        return self._named({"": int(value)})

    def _rate(self, given: object) -> dict[str, Any]:
        value, currency = self._amount(given)
        if currency or not -1 <= value <= 1:
            raise Refusal(f'"{_said(given)}" is no share; write 62 % or 0.62')
        return self._named({"": float(value)})

    def _amount(self, given: object) -> tuple[Decimal, str | None]:
        value, currency, is_percent = None, None, False
        if isinstance(given, int | float) and not isinstance(given, bool):
            value = Decimal(repr(given))
            currency = self._shown_currency(given)
        elif isinstance(given, str) and (number := read_number(given)):
            value, currency, is_percent = self.decision.value(self._readings(given)), number.currency, number.is_percent
        is_number = value is not None and value.is_finite() and abs(value) < LARGEST
        if not is_number or (is_percent and self.type in ("money", "whole")):
            raise Refusal(f'"{_said(given)}" is no {"whole " if self.type == "whole" else ""}number')
        return value, currency

    def _shown_currency(self, given: float) -> str | None:
        if not isinstance(given, FormattedNumber):
            return None
        try:
            return currency_of_format(given.format)
        except ValueError as sign:
            raise Refusal(f'"{_said(given)}" is shown in "{sign}", which may be several currencies') from sign

    def _moment(self, given: object) -> dict[str, Any]:
        written = self._written(given)
        if written.clock is None:
            return self._named({"": datetime.combine(written.day, time()), "_precision": "day"})
        moment = datetime.combine(written.day, written.clock, written.offset or self.timezone)
        return self._named({"": moment.astimezone(UTC).replace(tzinfo=None), "_precision": "second"})

    def _date(self, given: object) -> dict[str, Any]:
        written = self._written(given)
        if written.clock is None or written.offset is None:
            return self._named({"": written.day})
        moment = datetime.combine(written.day, written.clock, written.offset)
        return self._named({"": moment.astimezone(self.timezone).date()})

    def _month(self, given: object) -> dict[str, Any]:
        if isinstance(given, str):
            month = self.decision.value(dates.read_month(given))
            if month is None:
                raise self._no_date(given)
            return self._named({"": month})
        return self._named({"": self._written(given).day.replace(day=1)})

    def _written(self, given: object) -> dates.WrittenMoment:
        if isinstance(given, str):
            written = self.decision.value(dates.read_moment(given))
        elif isinstance(given, datetime):
            # Excel counts time in fractions of a day, and has no plain dates: a day is a moment at midnight.
            moment = (given + timedelta(milliseconds=500)).replace(microsecond=0)
            written = dates.WrittenMoment(moment.date(), moment.time() if moment.time() != time() else None)
        elif isinstance(given, date):
            written = dates.WrittenMoment(given)
        else:
            written = None
        if written is None or not dates.in_reason(written.day):
            raise self._no_date(given)
        return written

    def _no_date(self, given: object) -> Refusal:
        is_bare_number = isinstance(given, int | float) and not isinstance(given, bool)
        hint = "; give the cell the format of a date" if is_bare_number else ""
        return Refusal(f'"{_said(given)}" is no {KINDS[self.type]}{hint}')

    def _currency(self, given: object) -> dict[str, Any]:
        text = _said(given)
        currency = currency_of(text) or (text.upper() if re.fullmatch("[A-Za-z]{3}", text) else None)
        if not currency:
            raise Refusal(f'"{text}" is no currency such as EUR')
        return self._named({"": currency})

    def _choice(self, given: object) -> dict[str, Any]:
        meant = self.header.column.choice(_said(given))
        if not meant:
            raise Refusal(f'"{_said(given)}" is unknown; known are {", ".join(self.header.column.words)}')
        return self._named({"": meant})

    def _yes_no(self, given: object) -> dict[str, Any]:
        word = normal(_said(given))
        if word not in YES | NO:
            raise Refusal(f'"{_said(given)}" is neither yes nor no')
        return self._named({"": word in YES})


READERS: Mapping[str, Callable[[ColumnReader, object], dict[str, Any]]] = {
    "text": ColumnReader._text,
    "name": ColumnReader._name,
    "email": ColumnReader._email,
    "number": ColumnReader._number,
    "money": ColumnReader._money,
    "whole": ColumnReader._whole,
    "rate": ColumnReader._rate,
    "moment": ColumnReader._moment,
    "date": ColumnReader._date,
    "month": ColumnReader._month,
    "currency": ColumnReader._currency,
    "choice": ColumnReader._choice,
    "yes_no": ColumnReader._yes_no,
}


def plain(cell: object) -> object:
    """A cell without what nobody sees; None where nothing is left, or a dash that stands for nothing."""
    if not isinstance(cell, str):
        return cell
    # Excel itself hides an apostrophe that makes a number a text.
    text = " ".join(cell.translate(INVISIBLE).split()).removeprefix("'")
    return None if not text or text in DASHES else text


def _has_thousandths(value: Decimal) -> bool:
    return value.as_tuple().exponent <= -3


def _said(given: object) -> str:
    """A cell as a person would say it."""
    if isinstance(given, bool):
        return "yes" if given else "no"
    if isinstance(given, float) and given.is_integer():
        return str(int(given))
    if isinstance(given, datetime):
        return f"{given:%Y-%m-%d}" if given.time() == time() else f"{given:%Y-%m-%d %H:%M:%S}"
    return str(given)
