"""Business days leave out weekends and public holidays, and open by the clock of their place."""

from datetime import date, datetime

import numpy as np
import pytest

from ingestion.calendars import YEARS, business_days

OFFICE = {
    "calendar": "PL",
    "country": "PL",
    "subdivision": None,
    "timezone": "Europe/Warsaw",
    "working_days": "mon tue wed thu fri",
    "opens_at": "09:00",
    "closes_at": "17:00",
}
# Public holidays of 2026 by law: Poland's (Christmas Eve among them since 2025), and those that all of Germany keeps.
HOLIDAYS_2026 = {
    "PL": "01-01 01-06 04-05 04-06 05-01 05-03 05-24 06-04 08-15 11-01 11-11 12-24 12-25 12-26",
    "DE": "01-01 04-03 04-06 05-01 05-14 05-25 10-03 12-25 12-26",
}


@pytest.mark.parametrize("country", ["PL", "DE"])
def test_days_of_a_year_are_its_weekdays_without_the_holidays_of_the_law(country):
    days = [day for _, day, *_ in business_days([OFFICE | {"country": country}]) if day.year == 2026]
    holidays = [f"2026-{day}" for day in HOLIDAYS_2026[country].split()]
    calendar = np.busdaycalendar(holidays=holidays)
    every_day = np.arange("2026-01-01", "2027-01-01", dtype="datetime64[D]")
    assert days == every_day[np.is_busday(every_day, busdaycal=calendar)].tolist()


def test_an_office_opens_by_the_clock_of_its_place_in_summer_and_winter():
    opens = {day: (opens_at, closes_at) for _, day, opens_at, closes_at, _ in business_days([OFFICE])}
    assert opens[date(2026, 3, 27)] == (datetime(2026, 3, 27, 8), datetime(2026, 3, 27, 16))
    assert opens[date(2026, 3, 30)] == (datetime(2026, 3, 30, 7), datetime(2026, 3, 30, 15))


def test_hours_before_a_day_are_those_of_all_days_before_it():
    days = list(business_days([OFFICE | {"opens_at": "08:30", "closes_at": "16:00", "working_days": "mon sat"}]))
    assert {day.weekday() for _, day, *_ in days} == {0, 5}
    assert [hours for *_, hours in days] == [7.5 * number for number in range(len(days))]
    assert (days[0][1].year, days[-1][1].year) == (YEARS.start, YEARS.stop - 1)
