"""Numbers, dates and names as text."""

from datetime import date, datetime

import pandas as pd
import pytest

from app import formatting
from app.languages import n_


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0%"),
        (1, "100%"),
        (0.303, "30.3%"),
        (0.0066, "0.66%"),
        (0.00001, "<0.01%"),
        (0.9999, ">99.9%"),
        (0.9994, "99.9%"),
        (None, "–"),
        (float("nan"), "–"),
        (pd.NA, "–"),
    ],
)
def test_a_rate_never_rounds_a_part_to_nothing_or_to_everything(value, text):
    assert formatting.rate(value) == text


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        (0, "EUR", "€0"),
        (1222.4, "EUR", "€1,222"),
        (9_999, "EUR", "€9,999"),
        (9_999.7, "EUR", "€10K"),
        (48_300, "USD", "$48.3K"),
        (999_600, "EUR", "€1M"),
        (1_270_000, "EUR", "€1.27M"),
        (26_040_000, "GBP", "£26M"),
        (136_600_000, "EUR", "€137M"),
        (2_500_000_000, "EUR", "€2.5B"),
        (-48_300, "EUR", "-€48.3K"),
        (1222, "SEK", "SEK\N{NO-BREAK SPACE}1,222"),
        (None, "EUR", "–"),
    ],
)
def test_money_is_short_and_names_its_currency(value, currency, text):
    assert formatting.money(value, currency) == text


@pytest.mark.parametrize(
    ("now", "before", "has_changed", "text"),
    [
        (0.12, 0.06, True, "▲ 12.0%, before 6.0%"),
        (0, 0.06, True, "▼ 0%, before 6.0%"),
        (0.12, 0.11, False, "12.0%, before 11.0%"),
        (None, 0.1, False, "–"),
        (0.1, float("nan"), False, "–"),
    ],
)
def test_a_trend_has_a_shape_only_where_the_rate_has_moved(now, before, has_changed, text):
    assert formatting.trend(now, before, has_changed) == text


@pytest.mark.parametrize(
    ("now", "before", "text"),
    [(133, 100, "+33%"), (96, 100, "-4%"), (100, 100, "0%"), (5, 0, None), (5, None, None), (0, 10, "-100%")],
)
def test_a_change_is_signed_so_that_streamlit_reads_its_direction(now, before, text):
    assert formatting.change(now, before) == text


@pytest.mark.parametrize(
    ("hours", "text"),
    [(0, "<1 min"), (0.5, "30 min"), (5.2, "5 h"), (47.9, "48 h"), (51, "2.1 days"), (500, "21 days"), (None, "–")],
)
def test_an_age_is_told_in_the_unit_that_a_person_would_use(hours, text):
    assert formatting.duration(hours) == text


def test_moments_are_shown_in_the_reporting_time_zone():
    assert formatting.moment(datetime(2026, 11, 20, 5, 10), "Europe/Warsaw") == "20 Nov 2026, 06:10"
    assert formatting.moment(datetime(2026, 7, 31, 22, 30), "Europe/Warsaw") == "1 Aug 2026, 00:30"
    assert formatting.moment(pd.NaT, "Europe/Warsaw") == "–"
    assert formatting.month(date(2026, 9, 1)) == "Sep 26"


def test_one_of_a_thing_is_singular():
    assert n_("{count} lead", "{count} leads", 1) == "1 lead"
    assert n_("{count} lead", "{count} leads", 0) == "0 leads"
    assert n_("{count} lead", "{count} leads", 1234) == "1,234 leads"


def test_data_cannot_smuggle_markdown_into_a_page():
    assert formatting.plain("a*b_c $5 [x](y) :red[z] <b>") == r"a\*b\_c \$5 \[x\]\(y\) \:red\[z\] \<b\>"
    assert formatting.plain("two\nlines") == "two lines"
    assert formatting.plain(None) == "–"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (formatting.plain("W-shaped *a* [b](c) $d"), "W-shaped *a* [b](c) $d"),
        ("**bold**, *leaning* and `code`", "bold, leaning and code"),
        (f":orange-badge[:material/warning: {formatting.plain('a_b [c]')}] x", "a_b [c] x"),
        ("see [the page](https://example.com)", "see the page"),
        (7, "7"),
    ],
)
def test_a_text_for_paper_has_no_markdown_and_keeps_its_words(text, words):
    assert formatting.unmarked(text) == words


def test_a_day_at_the_beginning_is_no_list_to_markdown():
    assert formatting.no_list("31. Okt. 2026, 21:57") == "31\\. Okt. 2026, 21:57"
    assert formatting.no_list("31.5 %") == "31.5 %"
    assert formatting.no_list("am 1. Mai") == "am 1. Mai"
