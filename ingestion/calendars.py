"""Business days: when the offices of the playbook's calendars are open, public holidays left out."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from holidays import country_holidays
from holidays.utils import list_supported_countries

# The days that the warehouse knows (models/marts/lifecycle/dim_dates.sql).
YEARS = range(2010, 2036)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
COLUMNS = ("calendar", "date", "opens_at", "closes_at", "hours_before")


@cache
def time_zones() -> set[str]:
    """The names of all time zones, which are looked for in folders; those of no place are none."""
    return available_timezones() - {"Factory", "localtime"}


def problem_of(calendar: dict[str, str | None]) -> str | None:
    """What keeps a row of business_calendars.csv from being used, in words; None where nothing does."""
    country, subdivision = calendar["country"], calendar["subdivision"]
    supported = list_supported_countries()
    if country not in supported:
        return f"column 'country': no public holidays are known of '{country}'; it is a code such as PL"
    if subdivision and subdivision not in supported[country]:
        known = ", ".join(supported[country]) or "none"
        return f"column 'subdivision': '{subdivision}' is none of {country}; known are {known}"
    if calendar["timezone"] not in time_zones():
        return f"column 'timezone': '{calendar['timezone']}' is not a time zone such as Europe/Warsaw"
    days = (calendar["working_days"] or "").split()
    if not days or set(days) - set(WEEKDAYS):
        return f"column 'working_days': '{calendar['working_days']}' is not a list such as mon tue wed thu fri"
    try:
        opens_at, closes_at = (_clock(calendar[name]) for name in ("opens_at", "closes_at"))
    except ValueError:
        return "columns 'opens_at', 'closes_at': these are not times such as 09:00 and 17:00"
    if closes_at <= opens_at:
        return f"column 'closes_at': {calendar['closes_at']} is not after {calendar['opens_at']}"
    return None


def business_days(calendars: list[dict[str, str | None]]) -> Iterator[tuple[str, date, datetime, datetime, float]]:
    """A row of `COLUMNS` per calendar and day on which its office is open; moments are naive UTC."""
    for calendar in calendars:
        zone = ZoneInfo(calendar["timezone"])
        closed = country_holidays(calendar["country"], subdiv=calendar["subdivision"], years=YEARS)
        working_days = {WEEKDAYS.index(name) for name in calendar["working_days"].split()}
        opens_at, closes_at = _clock(calendar["opens_at"]), _clock(calendar["closes_at"])
        hours_before = 0.0
        day = date(YEARS.start, 1, 1)
        while day.year in YEARS:
            if day.weekday() in working_days and day not in closed:
                opening, closing = _utc(day, opens_at, zone), _utc(day, closes_at, zone)
                yield calendar["calendar"], day, opening, closing, hours_before
                hours_before += (closing - opening) / timedelta(hours=1)
            day += timedelta(days=1)


def _clock(text: str | None) -> time:
    return datetime.strptime(text or "", "%H:%M").time()


def _utc(day: date, clock: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, clock, zone).astimezone(UTC).replace(tzinfo=None)
