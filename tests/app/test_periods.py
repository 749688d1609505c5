"""The days that a period code means, held against the database's own calendar."""

from datetime import date, timedelta

import duckdb
import pytest

from app.filters import CUSTOM, DEFAULT_PERIOD, PERIOD_NAMES, add_months, resolve_period, resolve_period_before

DAYS = [
    date(2026, 11, 20),
    date(2024, 2, 29),
    date(2025, 3, 31),
    date(2025, 1, 1),
    date(2024, 12, 31),
    date(2018, 5, 30),
]


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("months", [3, 6, 12])
def test_months_run_up_to_the_runs_own_day(day: date, months: int):
    period, before = resolve_period(f"{months}M", day), resolve_period_before(f"{months}M", day)
    expected = duckdb.execute(
        "select (?::date - to_months(?) + interval 1 day)::date, (?::date - to_months(?) + interval 1 day)::date",
        [day, months, day, 2 * months],
    ).fetchone()
    assert (period.from_date, period.to_date) == (expected[0], day)
    assert (before.from_date, before.to_date) == (expected[1], expected[0] - timedelta(days=1))


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize(("code", "part", "months"), [("QTD", "quarter", 3), ("YTD", "year", 12)])
def test_to_date_periods_begin_with_their_quarter_or_year(day: date, code: str, part: str, months: int):
    period, before = resolve_period(code, day), resolve_period_before(code, day)
    start, start_before = duckdb.execute(
        f"select date_trunc('{part}', ?::date)::date, (date_trunc('{part}', ?::date) - to_months({months}))::date",
        [day, day],
    ).fetchone()
    assert (period.from_date, period.to_date) == (start, day)
    assert before.from_date == start_before
    assert start_before <= before.to_date < start


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("code", [code for code in PERIOD_NAMES if code != CUSTOM])
def test_the_period_before_ends_before_the_period_begins(day: date, code: str):
    period, before = resolve_period(code, day), resolve_period_before(code, day)
    if code == "All":
        assert (period.from_date, period.to_date, before) == (None, None, None)
    else:
        assert before.from_date <= before.to_date < period.from_date <= period.to_date <= day
        assert (period.to_date == day) == (code != "LQ")


@pytest.mark.parametrize("day", DAYS)
def test_last_quarter_is_the_whole_one_before_this_one(day: date):
    period, before = resolve_period("LQ", day), resolve_period_before("LQ", day)
    start, end = duckdb.execute(
        "select (date_trunc('quarter', ?::date) - to_months(3))::date, date_trunc('quarter', ?::date)::date - 1",
        [day, day],
    ).fetchone()
    assert (period.from_date, period.to_date) == (start, end)
    assert (add_months(before.from_date, 3), before.to_date) == (start, start - timedelta(days=1))


@pytest.mark.parametrize(
    ("first", "last", "months"),
    [
        (date(2026, 1, 1), date(2026, 3, 31), (date(2026, 1, 1), date(2026, 3, 1))),
        (date(2025, 10, 2), date(2026, 10, 1), (date(2025, 11, 1), date(2026, 10, 1))),
        (date(2026, 5, 3), date(2026, 5, 9), (date(2026, 5, 1), date(2026, 5, 1))),
        (date(2026, 5, 20), date(2026, 6, 2), (date(2026, 6, 1), date(2026, 6, 1))),
    ],
)
def test_the_months_of_a_period_are_those_that_begin_in_it(first: date, last: date, months: tuple[date, date]):
    assert resolve_period(CUSTOM, date(2026, 12, 1), (first, last)).months == months


def test_a_period_of_ones_own_is_held_against_as_many_days_before():
    days = (date(2026, 5, 9), date(2026, 5, 3))
    before = resolve_period_before(CUSTOM, date(2026, 12, 1), days)
    assert (before.from_date, before.to_date) == (date(2026, 4, 26), date(2026, 5, 2))


def test_codes_need_no_escaping_in_a_url():
    assert DEFAULT_PERIOD in PERIOD_NAMES
    assert all(code.isalnum() and code.isascii() for code in PERIOD_NAMES)
