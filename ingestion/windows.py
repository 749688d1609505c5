"""Figures per day that a platform restates: which days a load reads, in which parts, and what has been taken back.

The first load reads all days there are; each later one those that the platform may have changed since. The days of an
account are read whole: a row that the platform no longer states goes.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from ingestion.faults import Fault
from ingestion.pages import Page

# The rows of these days by table, in pieces, each with the place where it goes on (any JSON; None: at the beginning).
Read = Callable[["Days", Any], Iterator[tuple[Mapping[str, list[dict]], Any]]]


class TooMuch(Fault):
    """A platform does not answer for so many days at once."""


@dataclass(frozen=True)
class Days:
    """From the first day to the last, both included."""

    first: date
    last: date

    def __len__(self) -> int:
        return (self.last - self.first).days + 1

    def __iter__(self) -> Iterator[date]:
        return (self.first + timedelta(days=number) for number in range(len(self)))

    def split(self, longest: int) -> tuple["Days", "Days | None"]:
        """The first days, at most so many, and the rest."""
        if len(self) <= longest:
            return self, None
        end = self.first + timedelta(days=longest)
        return Days(self.first, end - timedelta(days=1)), Days(end, self.last)


@dataclass(frozen=True)
class Horizon:
    """How far back to read: `since` limits the first load (None: all there is), later ones go back `look_back_days`."""

    since: date | None
    look_back_days: int

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], prefix: str, look_back_days: int) -> "Horizon":
        """Read `<prefix>SINCE` and `<prefix>LOOK_BACK_DAYS`. Raises Fault where one cannot be understood."""
        since = environment.get(f"{prefix}SINCE", "").strip()
        days = environment.get(f"{prefix}LOOK_BACK_DAYS", "").strip() or str(look_back_days)
        if not days.isdecimal():
            raise Fault(f"{prefix}LOOK_BACK_DAYS: '{days}' is not a number of days such as {look_back_days}.")
        try:
            return cls(date.fromisoformat(since) if since else None, int(days))
        except ValueError as error:
            raise Fault(f"{prefix}SINCE: '{since}' is not a day such as 2024-01-31.") from error

    def days(self, cursor: str | None, beginning: date, today: date) -> Days:
        """What to read now: `cursor` is the last day of the load before, `beginning` the first day there can be.

        `today` is the platform's, since our clock may be wrong and its day another one.
        """
        earliest = max(beginning, self.since) if self.since else beginning
        if cursor:
            earliest = max(earliest, date.fromisoformat(cursor) - timedelta(days=self.look_back_days))
        return Days(min(earliest, today), today)


def months_before(day: date, months: int) -> date:
    """The day after the one so many months before: the first of which a platform that keeps so many still knows."""
    month = day.year * 12 + day.month - 1 - months
    return date(month // 12, month % 12 + 1, 1) + timedelta(days=day.day)


def day_pages(
    tables: Iterable[str], account: Mapping[str, Any], days: Days, longest: int, read: Read, bookmark: dict | None
) -> Iterator[Page]:
    """The rows of the tables for these days of an account, at most `longest` days at once, fewer if that is too much.

    The tables' keys begin with the columns of `account` and `date`: so each day that was read is named, and what is
    stored of it but not among the rows goes. The cursor is the last day. Raises Fault.
    """
    rest: Days | None = days
    place = None
    if bookmark:
        rest = Days(date.fromisoformat(bookmark["first"]), date.fromisoformat(bookmark["last"]))
        longest, place = bookmark["longest"], bookmark["place"]
    while rest:
        part, after = rest.split(longest)
        try:
            for rows, further in read(part, place):
                yield Page(rows=rows, bookmark=_noted(rest, longest, further))
        except TooMuch:
            if len(part) == 1:
                raise
            longest, place = len(part) // 2, None
            continue
        read_whole = [{**account, "date": str(day)} for day in part]
        noted = _noted(after, longest, None) if after else None
        yield Page(deleted=dict.fromkeys(tables, read_whole), bookmark=noted, cursor=str(rest.last))
        rest, place = after, None


def _noted(rest: Days, longest: int, place: Any) -> dict:
    return {"first": str(rest.first), "last": str(rest.last), "longest": longest, "place": place}
