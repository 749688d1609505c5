"""Business hours by the warehouse's own SQL are those that a count minute by minute finds, whatever the two moments."""

from datetime import datetime, timedelta
from types import SimpleNamespace

import duckdb
import jinja2
import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingestion.calendars import COLUMNS, business_days
from ingestion.config import DBT_DIR

ZONES = {"PL": "Europe/Warsaw", "DE": "Europe/Berlin", "night": "Europe/Warsaw"}
# By law: Poland's, and those that all of Germany keeps.
HOLIDAYS_2026 = {
    "PL": "01-01 01-06 04-05 04-06 05-01 05-03 05-24 06-04 08-15 11-01 11-11 12-24 12-25 12-26",
    "DE": "01-01 04-03 04-06 05-01 05-14 05-25 10-03 12-25 12-26",
}
# Sundays from midnight to six: one has five such hours, another seven.
NIGHT = {"working_days": "sun", "opens_at": "00:00", "closes_at": "06:00"}
OFFICE = {"working_days": "mon tue wed thu fri", "opens_at": "09:00", "closes_at": "17:00"}


@pytest.fixture(scope="module")
def hours_between():
    """A function of calendar, start and end (naive UTC) that asks the SQL of macros/business_hours.sql."""
    text = "".join((DBT_DIR / "macros" / name).read_text() for name in ("adapters/time.sql", "business_hours.sql"))
    environment = jinja2.Environment(extensions=["jinja2.ext.do"])
    macros = {}
    environment.globals.update(
        ref=lambda name: name,
        adapter=SimpleNamespace(dispatch=lambda name, _: getattr(macros["all"], f"default__{name}")),
        **{"return": lambda value: value},
    )
    macros["all"] = environment.from_string(text).module
    joins = [macros["all"].join_business_day(f"day_of_{name}", "$calendar", f"asked.{name}") for name in ("a", "b")]
    until_a, until_b = (macros["all"].business_hours_until(f"asked.{name}", f"day_of_{name}") for name in ("a", "b"))
    question = (
        f"select {until_b} - {until_a} from (select $start::timestamp as a, $end::timestamp as b) as asked "
        + " ".join(joins)
    )
    calendars = [
        {"calendar": name, "country": "DE" if name == "DE" else "PL", "subdivision": None, "timezone": zone}
        | (NIGHT if name == "night" else OFFICE)
        for name, zone in ZONES.items()
    ]
    days = pd.DataFrame(business_days(calendars), columns=COLUMNS)  # noqa: F841 DuckDB finds it by its name
    with duckdb.connect() as connection:
        connection.execute("create table business_days as from days")
        yield lambda calendar, start, end: connection.execute(
            question, {"calendar": calendar, "start": start, "end": end}
        ).fetchone()[0]


def counted(calendar: str, start: datetime, end: datetime) -> float:
    """Hours in which the office was open, from counting the minutes of the clock on its wall."""
    minutes = pd.date_range(start, end, freq="min", inclusive="left", tz="UTC").tz_convert(ZONES[calendar])
    days = minutes.tz_localize(None).to_numpy().astype("datetime64[D]")
    holidays = np.array([f"2026-{day}" for day in HOLIDAYS_2026["DE" if calendar == "DE" else "PL"].split()], "M8[D]")
    weekdays, opens, closes = ("0000001", 0, 6) if calendar == "night" else ("1111100", 9, 17)
    is_open = np.is_busday(days, weekmask=weekdays, holidays=holidays)
    is_open &= (minutes.hour >= opens) & (minutes.hour < closes)
    return is_open.sum() / 60


@given(
    calendar=st.sampled_from(sorted(ZONES)),
    start=st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 1)).map(lambda at: at.replace(second=0, microsecond=0)),
    span=st.integers(0, 30 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes)),
)
@example(
    "PL", datetime(2026, 6, 3, 14), timedelta(days=2)
)  # over Corpus Christi, which Germany as a whole does not keep
@example("DE", datetime(2026, 6, 3, 14), timedelta(days=2))
@example("DE", datetime(2026, 5, 13, 20), timedelta(hours=1))  # within a closed evening
@example("PL", datetime(2026, 3, 27, 15), timedelta(days=3))  # over the weekend on which summer time begins
@example("night", datetime(2026, 3, 28, 20), timedelta(hours=12))
@example("night", datetime(2026, 10, 24, 20), timedelta(hours=12))
def test_business_hours_between_any_two_moments_are_counted_minutes(hours_between, calendar, start, span):
    assert hours_between(calendar, start, start + span) == pytest.approx(counted(calendar, start, start + span))


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 5), ("2026-10-25", 7), ("2026-10-18", 6)])
def test_a_night_in_which_the_clock_is_set_is_shorter_or_longer(hours_between, day, hours):
    noon = datetime.fromisoformat(day) + timedelta(hours=12)
    assert hours_between("night", noon - timedelta(days=1), noon) == pytest.approx(hours)
