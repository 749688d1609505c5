"""What a person writes in one country is read back exactly, or refused: never read as something else."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.sources.spreadsheets.dates import DAY_FIRST, MONTH_FIRST, read_moment, read_month
from ingestion.sources.spreadsheets.decisions import Decision
from ingestion.sources.spreadsheets.numbers import COMMA, POINT, currency_of, read_number

# How a country writes a number: thousands separator, decimal separator.
LOCALES = {
    "en": (",", "."),
    "de": (".", ","),
    "de-AT": ("\u00a0", ","),
    "de-CH": ("’", "."),
    "pl": ("\u00a0", ","),
    "pl, newer": ("\u202f", ","),
    "pl, typed": (" ", ","),
    "plain": ("", "."),
    "plain, comma": ("", ","),
}
AMOUNTS = st.decimals(Decimal("-99999999.999"), Decimal("99999999.999"), places=3) | st.decimals(
    Decimal("-99999"), Decimal("99999"), places=2
)


def written(number: Decimal, locale: str, places: int) -> str:
    """As that country's Excel shows it; Python's own formatting is the oracle."""
    thousands, point = LOCALES[locale]
    return f"{number:,.{places}f}".translate(str.maketrans({",": thousands, ".": point}))


def readings(text: str) -> dict[str, Decimal]:
    number = read_number(text)
    return dict(number.readings) if number else {}


def column_value(texts: list[str]) -> list[Decimal | None] | None:
    """What a column of numbers is read as; None where it is refused."""
    decision = Decision()
    for text in texts:
        if found := readings(text):
            decision.hear(text, found)
    return None if decision.is_open else [decision.value(readings(text)) for text in texts]


@given(number=AMOUNTS, locale=st.sampled_from(sorted(LOCALES)), places=st.integers(0, 3))
@settings(max_examples=300, deadline=None)
def test_a_number_of_any_locale_has_its_value_among_its_readings(number, locale, places):
    number = round(number, places)
    assert number in readings(written(number, locale, places)).values()


@given(
    numbers=st.lists(AMOUNTS, min_size=1, max_size=8),
    locale=st.sampled_from(sorted(LOCALES)),
    places=st.integers(0, 3),
    frame=st.sampled_from(["{}", " {} ", "{} zł", "€{}", "PLN {}", "'{}", "{}\u00a0€"]),
)
@settings(max_examples=300, deadline=None)
def test_a_column_of_one_locale_is_read_back_exactly_or_refused(numbers, locale, places, frame):
    numbers = [round(number, places) for number in numbers]
    found = column_value([frame.format(written(number, locale, places)) for number in numbers])
    assert found is None or found == numbers


@given(numbers=st.lists(AMOUNTS, min_size=1, max_size=8), locale=st.sampled_from(sorted(LOCALES)))
@settings(max_examples=200, deadline=None)
def test_a_column_with_cents_is_never_refused(numbers, locale):
    numbers = [round(number, 2) for number in numbers]
    assert column_value([written(number, locale, 2) for number in numbers]) == numbers


@given(text=st.text(alphabet="0123456789.,' -+()%€złPLNEabc\u00a0", max_size=12))
@settings(max_examples=500, deadline=None)
def test_whatever_is_typed_is_read_by_its_digits_alone_or_refused(text):
    number = read_number(text)
    digits = [character for character in text if character.isdigit()]
    for value in number.readings.values() if number else ():
        shown = f"{abs(value) * (100 if number.is_percent else 1):f}".replace(".", "")
        assert shown.strip("0") == "".join(digits).strip("0")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.234,56", {COMMA: "1234.56"}),
        ("1,234.56", {POINT: "1234.56"}),
        ("1 234,56", {COMMA: "1234.56"}),
        ("1'234.50", {POINT: "1234.50"}),
        ("1,234", {POINT: "1234", COMMA: "1.234"}),
        ("1.234", {POINT: "1.234", COMMA: "1234"}),
        ("0,123", {COMMA: "0.123"}),
        ("1.234.567", {COMMA: "1234567"}),
        ("12,5 %", {COMMA: "0.125"}),
        ("25%", {POINT: "0.25", COMMA: "0.25"}),
        ("PLN 1 200", {POINT: "1200", COMMA: "1200"}),
        ("(1.200,00 €)", {COMMA: "-1200"}),
        ("1.200,-", {COMMA: "1200"}),
        ("5-", {POINT: "-5", COMMA: "-5"}),
        ("−4", {POINT: "-4", COMMA: "-4"}),
        ("- 5 €", {POINT: "-5", COMMA: "-5"}),
    ],
)
def test_a_number_is_read_under_every_convention_that_it_fits(text, expected):
    assert readings(text) == {convention: Decimal(value) for convention, value in expected.items()}


@pytest.mark.parametrize(
    "text",
    ["", "abc", "12.34.56", "1,2,3", "1 23", "5.", "1e5", "5 €  netto", "Jan 26", "--4", "(5", "5 %  %", "3/4", "#N/A"],
)
def test_what_is_no_number_is_none(text):
    assert read_number(text) is None


@pytest.mark.parametrize(
    ("word", "code"),
    [("zł", "PLN"), ("€", "EUR"), ("Euro", "EUR"), ("usd", "USD"), ("$", "USD"), ("xyz", None), ("Jan", None)],
)
def test_a_currency_has_a_sign_or_a_code(word, code):
    assert currency_of(word) == code


# Dates

MONTH_WORDS = {
    "pl": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "pl, alone": "styczeń luty marzec kwiecień maj czerwiec lipiec sierpień wrzesień październik listopad grudzień",
    "pl, short": "sty lut mar kwi maj cze lip sie wrz paź lis gru",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "de, short": "Jan Feb Mrz Apr Mai Jun Jul Aug Sep Okt Nov Dez",
    "en": "January February March April May June July August September October November December",
    "en, short": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
}
MONTHS = {language: words.split() for language, words in MONTH_WORDS.items()}
DAYS = st.dates(date(1990, 1, 1), date(2099, 12, 31))
SURE_FORMATS = ["%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%-d.%-m.%Y", "%d. %m. %Y", "%d.%m.%Y r."]
ORDERED_FORMATS = {"%d/%m/%Y": DAY_FIRST, "%d-%m-%Y": DAY_FIRST, "%m/%d/%Y": MONTH_FIRST, "%-m/%-d/%Y": MONTH_FIRST}


@given(day=DAYS, form=st.sampled_from(SURE_FORMATS))
@settings(max_examples=200, deadline=None)
def test_a_date_whose_form_is_clear_is_that_day(day, form):
    assert {moment.day for moment in read_moment(day.strftime(form)).values()} == {day}


@given(
    day=DAYS,
    language=st.sampled_from(sorted(MONTHS)),
    form=st.sampled_from(["{d} {m} {y}", "{d}. {m} {y}", "{m} {d}, {y}", "{d}-{m}-{y}"]),
)
@settings(max_examples=200, deadline=None)
def test_a_date_in_words_is_that_day(day, language, form):
    text = form.format(d=day.day, m=MONTHS[language][day.month - 1], y=day.year)
    assert {moment.day for moment in read_moment(text).values()} == {day}


@given(days=st.lists(DAYS, min_size=1, max_size=8), form=st.sampled_from(sorted(ORDERED_FORMATS)))
@settings(max_examples=300, deadline=None)
def test_a_column_of_dates_of_one_order_is_read_back_exactly_or_refused(days, form):
    texts = [day.strftime(form) for day in days]
    decision = Decision()
    for text in texts:
        decision.hear(text, read_moment(text))
    is_clear = any(day.day > 12 for day in days) or all(day.day == day.month for day in days)
    assert decision.is_open != is_clear
    assert decision.is_open or [decision.value(read_moment(text)).day for text in texts] == days


@given(
    month=DAYS.map(lambda day: day.replace(day=1)),
    language=st.sampled_from(sorted(MONTHS)),
    form=st.sampled_from(
        ["{m} {y}", "{m} {y} r.", "{y} {m}", "{m}-{y}", "{n}/{y}", "{n:02}.{y}", "{y}-{n:02}", "{m}. {y}"]
    ),
)
@settings(max_examples=300, deadline=None)
def test_a_month_of_any_language_is_that_month(month, language, form):
    text = form.format(m=MONTHS[language][month.month - 1], n=month.month, y=month.year)
    for spelling in (text, text.upper(), f" {text} "):
        assert set(read_month(spelling).values()) == {month}


@given(
    month=st.dates(date(2000, 1, 1), date(2099, 12, 31)).map(lambda day: day.replace(day=1)),
    language=st.sampled_from(sorted(MONTHS)),
)
@settings(max_examples=100, deadline=None)
def test_two_digits_of_a_year_are_of_this_century(month, language):
    word = MONTHS[language][month.month - 1]
    for text in (f"{word} {month:%y}", f"{word} '{month:%y}", f"{word}-{month:%y}"):
        assert set(read_month(text).values()) == {month}


@given(
    moment=st.datetimes(datetime(1990, 1, 1), datetime(2099, 12, 31)).map(lambda moment: moment.replace(microsecond=0))
)
@settings(max_examples=100, deadline=None)
def test_a_date_with_a_time_is_that_moment(moment):
    for text in (
        f"{moment:%d.%m.%Y %H:%M:%S}",
        f"{moment:%Y-%m-%dT%H:%M:%S}",
        f"{moment:%Y-%m-%d, %H:%M:%S} Uhr",
        f"{moment:%d.%m.%Y %I:%M:%S %p}",
    ):
        assert {(found.day, found.clock) for found in read_moment(text).values()} == {(moment.date(), moment.time())}


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("2026-01-31T10:00:00Z", UTC),
        ("2026-01-31 10:00 +0100", timezone(timedelta(hours=1))),
        ("2026-01-31T10:00-05:30", timezone(timedelta(hours=-5, minutes=-30))),
    ],
)
def test_a_time_may_name_its_offset(text, offset):
    [found] = set(read_moment(text).values())
    assert (found.clock, found.offset) == (time(10), offset)


@pytest.mark.parametrize(
    "text",
    [
        "31.02.2026",
        "32.01.2026",
        "31/13/2026",
        "2026-13-01",
        "46053",
        "soon",
        "1.1.1820",
        "05/06/26",
        "26-01-31",
        "31.01.2026 25:00",
        "31.01.2026 13:00 PM",
        "31 foo 2026",
        "Q1 2026",
        "",
    ],
)
def test_what_is_no_date_has_no_reading(text):
    assert not read_moment(text)


@pytest.mark.parametrize("text", ["Q1 2026", "13/2026", "0/2026", "2026", "foo 2026", "01/26", "26 Jan"])
def test_what_is_no_month_has_no_reading(text):
    assert not read_month(text)


# How a column is written


@pytest.mark.parametrize(
    ("texts", "is_open"),
    [
        (["1,234"], True),
        (["1,234", "950"], True),
        (["1,234", "0,5"], False),
        (["1,234", "1,234.50"], False),
        (["1,234", "0,5", "0.5"], True),
        (["0,5", "0.5"], False),
        (["1 234", "5"], False),
        (["1.500", "2.000"], True),
    ],
)
def test_the_clear_cells_of_a_column_decide_the_doubtful_ones(texts, is_open):
    assert (column_value(texts) is None) == is_open
