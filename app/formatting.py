"""Numbers, dates and names as text, in the reader's language.

Formatted here, on the server: the browser would use its own locale.
"""

import math
import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pandas as pd
from babel.dates import format_date
from babel.numbers import format_compact_currency, format_currency, format_decimal, format_percent

from app.languages import _, current, locale, n_

MISSING = "–"
# Babel's patterns: the day before the month in every language, and the month of an axis.
DAYS = {"en": "d MMM y", "pl": "d MMM y", "de": "d. MMM y"}
MONTHS = {"en": "MMM yy", "pl": "LLL yy", "de": "LLL yy"}


def is_missing(value: object) -> bool:
    """Whether a single value from a query is null, whichever of pandas' nulls it came as."""
    return value is None or bool(pd.isna(value))


def count(value: float | None) -> str:
    """36150 → '36,150'."""
    return MISSING if is_missing(value) else format_decimal(int(value), locale=locale())


def number(value: float | None, digits: int = 1) -> str:
    """2.414 → '2.4', with a fixed number of digits."""
    return MISSING if is_missing(value) else _decimal(value, digits)


def rate(value: float | None) -> str:
    """0.303 → '30.3%'. Never rounds a part to nothing or to everything."""
    if is_missing(value):
        return MISSING
    if value in (0, 1):
        return _percent(value, 0)
    if 0 < value < 0.0001:
        return f"<{_percent(0.0001, 2)}"
    if 0 < value < 0.01:
        return _percent(value, 2)
    return f">{_percent(0.999, 1)}" if 0.9995 <= value < 1 else _percent(value, 1)


def percent(value: float | None) -> str:
    """A rate without decimals, as an axis has it: 0.5 → '50%'; a small one with those that it takes."""
    if is_missing(value):
        return MISSING
    return _percent(value, 0) if round(100 * value, 6) == round(100 * value) else _percent(value, 1)


def rate_of_change(value: float | None) -> str:
    """A rate that may be below 0 or above 1, such as a return: 2.64 → '264%', -0.125 → '-12.5%'."""
    if is_missing(value):
        return MISSING
    return _percent(value, 0 if abs(value) >= 1 else 1)


def change(now: float | None, before: float | None) -> str | None:
    """The relative change as '+33%' or '-4%'; None where there is nothing to compare with.

    The minus is a plain hyphen: Streamlit takes a typographic one for a rise.
    """
    if is_missing(now) or is_missing(before) or before == 0:
        return None
    percent = round((now / before - 1) * 100)
    return f"{'+' if percent > 0 else ''}{_percent(percent / 100, 0)}"


def points(now: float | None, before: float | None) -> str | None:
    """The change of a rate in percentage points, '+0.4 pp'; None where there is nothing to compare with."""
    if is_missing(now) or is_missing(before):
        return None
    difference = round(100 * (now - before), 1)
    signed = ("+" if difference > 0 else "") + _decimal(difference, 1)
    return _("{points} pp", points=signed)


def trend(now: float | None, before: float | None, has_changed: bool) -> str:
    """How a rate has moved: 0.12, 0.06 → '▲ 12.0%, before 6.0%'; without a shape where it may be chance."""
    if is_missing(now) or is_missing(before):
        return MISSING
    shape = ("▲ " if now > before else "▼ ") if has_changed else ""
    return shape + _("{now}, before {before}", now=rate(now), before=rate(before))


def money(value: float | None, currency: str) -> str:
    """1270000, 'EUR' → '€1.27M': three digits say enough from ten thousand on."""
    if is_missing(value):
        return MISSING
    size = abs(value)
    if size < 9_999.5:
        return _whole_money(value, currency)
    rounded = round(value, 2 - math.floor(math.log10(size)))
    if abs(rounded) < 1e6 and not _abbreviates_thousands():
        return _whole_money(rounded, currency)
    return _amount(format_compact_currency(rounded, currency, locale=locale(), fraction_digits=2))


def small_money(value: float | None, currency: str) -> str:
    """26.77, 'EUR' → '€26.77': an amount of a few units, to the cent."""
    if is_missing(value):
        return MISSING
    return _amount(format_currency(value, currency, locale=locale()))


def figure(value: float | None, unit: str, currency: str) -> str:
    """A KPI's value as its unit wants it: 412, '€1.27M', '30.3%', '2.41'."""
    if is_missing(value):
        return MISSING
    if unit == "count":
        return count(round(value))
    if unit == "amount":
        return money(value, currency)
    return _percent(value, 1) if unit == "rate" else _decimal(value, 2)


def duration(hours: float | None) -> str:
    """0.5 → '30 min', 5 → '5 h', 51 → '2.1 days'."""
    if is_missing(hours):
        return MISSING
    if hours < 1 / 60:
        return _("<1 min")
    if hours < 1:
        return _("{minutes} min", minutes=_decimal(hours * 60, 0))
    if hours < 48:
        return _("{hours} h", hours=_decimal(hours, 0))
    return days(hours / 24)


def days(value: float | None) -> str:
    """2.13 → '2.1 days', 51.3 → '51 days', 1 → '1 day'."""
    if is_missing(value):
        return MISSING
    if round(value, 1) == int(value) or value >= 10:
        return n_("{count} day", "{count} days", round(value))
    return _("{days} days", days=_decimal(value, 1))


def day(value: date) -> str:
    """'20 Nov 2026'."""
    return format_date(value, DAYS[current()], locale=locale())


def month(value: date) -> str:
    """'Nov 26'."""
    return format_date(value, MONTHS[current()], locale=locale())


def local(moment: datetime, timezone: str) -> datetime:
    """A naive UTC moment, as the warehouse stores them, in the reporting time zone."""
    return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(timezone))


def moment(value: datetime | None, timezone: str) -> str:
    """'20 Nov 2026, 06:10' in the reporting time zone."""
    if is_missing(value):
        return MISSING
    here = local(pd.Timestamp(value).to_pydatetime(), timezone)
    return f"{day(here)}, {here:%H:%M}"


def sentence_case(text: str) -> str:
    """First letter upper, the rest as it is."""
    return text[:1].upper() + text[1:]


def worded(code: str) -> str:
    """A code of the playbook as words: 'not_reached' → 'not reached'."""
    return code.replace("_", " ")


def amid(name: str) -> str:
    """A name amid a sentence: 'Channel' → 'channel'. German writes its nouns with a capital anywhere."""
    return name if current() == "de" else name[:1].lower() + name[1:]


def plain(text: object) -> str:
    """Data as literal text inside Markdown: a name with `*`, `_`, `$` or a link in it must not be rendered."""
    if is_missing(text):
        return MISSING
    return re.sub(r"([\\`*_{}\[\]()#+!$:<>~|&-])", r"\\\1", " ".join(str(text).split()))


def no_list(text: str) -> str:
    """A text for Markdown, to which one that begins like '31. Okt.' would be a list."""
    return re.sub(r"^(\d+)\. ", r"\1\\. ", text)


def unmarked(text: object) -> str:
    """A text without what is Markdown in it: escapes, emphasis, badges, icons and links."""
    words = re.sub(r":material/\w+:\s*", "", str(text))
    words = re.sub(r":[\w-]+\[((?:[^\[\]\\]|\\.)*)\]", r"\1", words)
    words = re.sub(r"(?<!\\)\[((?:[^\[\]\\]|\\.)*)\]\((?:[^()\\]|\\.)*\)", r"\1", words)
    words = re.sub(r"(?<!\\)(\*\*|\*|`)", "", words)
    return re.sub(r"\\([\\`*_{}\[\]()#+!$:<>~|&-])", r"\1", words)


def _whole_money(value: float, currency: str) -> str:
    pattern = re.sub(r"(?<=0)[.]0+", "", locale().currency_formats["standard"].pattern)
    return _amount(format_currency(round(value), currency, pattern, locale=locale(), currency_digits=False))


def _amount(text: str) -> str:
    """A currency without a sign of its own does not stick to its number: 'SEK 1,222'."""
    return _hyphened(re.sub(r"(?<=[^\W\d_])(?=\d)", "\xa0", text))


def _abbreviates_thousands() -> bool:
    """Whether the language has a short word for a thousand: German writes it out."""
    return locale().compact_currency_formats["short"]["other"]["1000"].pattern.strip("0 ¤\xa0") != ""


def _decimal(value: float, digits: int) -> str:
    pattern = f"#,##0.{'0' * digits}" if digits else "#,##0"
    return _hyphened(format_decimal(round(value, digits), format=pattern, locale=locale()))


def _percent(value: float, digits: int) -> str:
    pattern = locale().percent_formats[None].pattern.replace("##0", f"##0.{'0' * digits}" if digits else "##0")
    return _hyphened(format_percent(value, format=pattern, locale=locale()))


def _hyphened(text: str) -> str:
    return text.replace("\N{MINUS SIGN}", "-")
