"""Numbers, dates and names as text. Formatted here, on the server: the browser would use its own locale."""

import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pandas as pd

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
CURRENCY_SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "PLN": "zł ", "CHF": "CHF ", "BRL": "R$"}
MISSING = "–"


def is_missing(value: object) -> bool:
    """Whether a single value from a query is null, whichever of pandas' nulls it came as."""
    return value is None or bool(pd.isna(value))


def count(value: float | None) -> str:
    """36150 → '36,150'."""
    return MISSING if is_missing(value) else f"{int(value):,}"


def counted(value: int, singular: str, plural: str | None = None) -> str:
    """1 → '1 lead', 2 → '2 leads'."""
    return f"{count(value)} {singular if int(value) == 1 else plural or singular + 's'}"


def rate(value: float | None) -> str:
    """0.303 → '30.3%'. Never rounds a part to nothing or to everything."""
    if is_missing(value):
        return MISSING
    if value in (0, 1):
        return f"{value:.0%}"
    if value < 0.0001:
        return "<0.01%"
    if value < 0.01:
        return f"{value:.2%}"
    return ">99.9%" if 0.9995 <= value < 1 else f"{value:.1%}"


def change(now: float | None, before: float | None) -> str | None:
    """The relative change as '+33%' or '-4%'; None where there is nothing to compare with.

    The minus is a plain hyphen: Streamlit takes a typographic one for a rise.
    """
    if is_missing(now) or is_missing(before) or before == 0:
        return None
    percent = round((now / before - 1) * 100)
    return f"{percent:+,}%" if percent else "0%"


def trend(now: float | None, before: float | None, has_changed: bool) -> str:
    """How a rate has moved: 0.12, 0.06 → '▲ 12.0%, before 6.0%'; without a shape where it may be chance."""
    if is_missing(now) or is_missing(before):
        return MISSING
    shape = ("▲ " if now > before else "▼ ") if has_changed else ""
    return f"{shape}{rate(now)}, before {rate(before)}"


def money(value: float | None, currency: str) -> str:
    """1270000, 'EUR' → '€1.27M'."""
    if is_missing(value):
        return MISSING
    symbol = CURRENCY_SYMBOLS.get(currency, f"{currency} ")
    sign, size = ("-" if value < 0 else ""), abs(value)
    for threshold, divisor, suffix in ((999_500_000, 1e9, "B"), (999_500, 1e6, "M"), (9_999.5, 1e3, "K")):
        if size >= threshold:
            scaled = size / divisor
            digits = 2 if scaled < 10 and suffix != "K" else 1 if scaled < 100 and suffix != "K" else 0
            return f"{sign}{symbol}{scaled:,.{digits}f}{suffix}"
    return f"{sign}{symbol}{size:,.0f}"


def figure(value: float | None, unit: str, currency: str) -> str:
    """A KPI's value as its unit wants it: 412, '€1.27M', '30.3%', '2.41'."""
    if is_missing(value):
        return MISSING
    if unit == "count":
        return count(round(value))
    if unit == "amount":
        return money(value, currency)
    return f"{value:.1%}" if unit == "rate" else f"{value:,.2f}"


def duration(hours: float | None) -> str:
    """0.5 → '30 min', 5 → '5 h', 51 → '2.1 days'."""
    if is_missing(hours):
        return MISSING
    if hours < 1 / 60:
        return "<1 min"
    if hours < 1:
        return f"{hours * 60:.0f} min"
    if hours < 48:
        return f"{hours:.0f} h"
    days = hours / 24
    return f"{days:.1f} days" if days < 10 else f"{days:,.0f} days"


def day(value: date) -> str:
    """'20 Nov 2026'."""
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}"


def month(value: date) -> str:
    """'Nov 26'."""
    return f"{MONTHS[value.month - 1]} {value.year % 100:02}"


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


def plain(text: object) -> str:
    """Data as literal text inside Markdown: a name with `*`, `_`, `$` or a link in it must not be rendered."""
    if is_missing(text):
        return MISSING
    return re.sub(r"([\\`*_{}\[\]()#+!$:<>~|&-])", r"\\\1", " ".join(str(text).split()))
