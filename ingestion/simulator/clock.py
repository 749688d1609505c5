"""Time: the span that is simulated, office hours, and the rhythm in which leads come.

Moments are naive UTC `datetime64[us]` arrays, days are local dates.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cache

import numpy as np
import pandas as pd
from holidays import country_holidays

from ingestion.simulator import company

TIMEZONE = "Europe/Warsaw"
DAYS_PER_MONTH = 30.4375
DAY = np.timedelta64(86_400_000_000, "us")
HOUR = np.timedelta64(3_600_000_000, "us")
MINUTE = np.timedelta64(60_000_000, "us")
NEVER = np.datetime64("NaT", "us")


@dataclass(frozen=True)
class History:
    """The simulated span: nothing happens before `start`, nothing is known after `as_of`. Naive UTC."""

    start: np.datetime64
    as_of: np.datetime64

    @classmethod
    def until(cls, as_of: datetime) -> "History":
        """The history that ends at `as_of`, naive UTC."""
        start = pd.Timestamp(as_of) - pd.DateOffset(months=company.HISTORY_MONTHS)
        return cls(np.datetime64(start, "us"), np.datetime64(as_of, "us"))

    @property
    def last_day(self) -> np.datetime64:
        """The local date of as-of."""
        return local_dates(np.array([self.as_of]))[0]

    @property
    def days(self) -> np.ndarray:
        """All local dates from the start to as-of."""
        return np.arange(local_dates(np.array([self.start]))[0], self.last_day + 1)

    @property
    def month_starts(self) -> np.ndarray:
        """The first dates of all months that the history touches."""
        return np.unique(self.days.astype("datetime64[M]")).astype("datetime64[D]")

    def month(self, number: float) -> np.datetime64:
        """The moment so many months after the start."""
        return self.start + days(np.array(number * DAYS_PER_MONTH))

    def knows(self, moments: np.ndarray) -> np.ndarray:
        """Whether each moment lies inside the history; false for NaT."""
        return (moments >= self.start) & (moments <= self.as_of)


def days(numbers: np.ndarray) -> np.ndarray:
    """Numbers of days as durations, in whole seconds: what any of the company's tools records."""
    return (np.asarray(numbers, dtype=float) * 86_400).astype("timedelta64[s]").astype("timedelta64[us]")


def seconds(numbers: np.ndarray) -> np.ndarray:
    """Numbers of seconds as durations."""
    return np.asarray(numbers).astype("timedelta64[s]").astype("timedelta64[us]")


def to_local(moments: np.ndarray) -> np.ndarray:
    """What a clock in Warsaw and Berlin shows."""
    index = pd.DatetimeIndex(moments).tz_localize("UTC").tz_convert(TIMEZONE)
    return index.tz_localize(None).to_numpy().astype("datetime64[us]")


def to_utc(local: np.ndarray) -> np.ndarray:
    """The moment at which a clock in Warsaw and Berlin shows this."""
    index = pd.DatetimeIndex(local)
    index = index.tz_localize(TIMEZONE, ambiguous=np.ones(len(index), dtype=bool), nonexistent="shift_forward")
    return index.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[us]")


def local_dates(moments: np.ndarray) -> np.ndarray:
    """The local dates of moments."""
    return to_local(moments).astype("datetime64[D]")


def in_office_hours(moments: np.ndarray, calendars: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The moments, those outside office hours moved to soon after the office of that calendar (PL, DE) next opens."""
    local = to_local(moments)
    day = local.astype("datetime64[D]")
    hour = (local - day) / HOUR
    earliest_day = day + (hour >= company.OFFICE_CLOSES_HOUR).astype("timedelta64[D]")
    office_day = earliest_day.copy()
    for calendar in np.unique(calendars):
        here = calendars == calendar
        office_day[here] = np.busday_offset(earliest_day[here], 0, roll="forward", busdaycal=_office_days(calendar))
    is_moved = (office_day > day) | (hour < company.OFFICE_OPENS_HOUR)
    opening = office_day + company.OFFICE_OPENS_HOUR * HOUR + days(rng.exponential(0.03, len(moments)))
    return np.where(is_moved, to_utc(opening), moments)


def last_in_office_hours(moments: np.ndarray, calendars: np.ndarray) -> np.ndarray:
    """The latest moment inside office hours that is not after each moment: the one itself, or the last closing."""
    local = to_local(moments)
    day = local.astype("datetime64[D]")
    hour = (local - day) / HOUR
    latest_day = day - (hour < company.OFFICE_OPENS_HOUR).astype("timedelta64[D]")
    office_day = latest_day.copy()
    for calendar in np.unique(calendars):
        here = calendars == calendar
        office_day[here] = np.busday_offset(latest_day[here], 0, roll="backward", busdaycal=_office_days(calendar))
    is_moved = (office_day < day) | (hour >= company.OFFICE_CLOSES_HOUR)
    return np.where(is_moved, to_utc(office_day + company.OFFICE_CLOSES_HOUR * HOUR), moments)


def arrival_weights(history: History) -> tuple[np.ndarray, np.ndarray]:
    """The full hours of the history and how many leads come in each, as weights."""
    hours = np.arange(history.start, history.as_of - HOUR + 1, HOUR)
    local = pd.DatetimeIndex(to_local(hours))
    months_passed = (hours - history.start) / DAY / DAYS_PER_MONTH
    weights = (
        np.exp(company.MONTHLY_GROWTH_RATE * months_passed)
        * np.array(company.SEASON_WEIGHTS)[local.month - 1]
        * np.array(company.WEEKDAY_WEIGHTS)[local.day_of_week]
        * np.array(company.HOUR_WEIGHTS)[local.hour]
    )
    return hours, weights / weights.sum()


def draw_arrivals(history: History, count: int, rng: np.random.Generator) -> np.ndarray:
    """Moments in the rhythm of the company's leads, to the second."""
    hours, weights = arrival_weights(history)
    return rng.choice(hours, size=count, p=weights) + seconds(rng.integers(0, 3600, count))


@cache
def _office_days(calendar: str) -> np.busdaycalendar:
    """Working days of a calendar, over any span that is ever simulated."""
    closed = sorted(country_holidays(calendar, years=range(2015, 2041)))
    return np.busdaycalendar(holidays=np.array(closed, dtype="datetime64[D]"))
