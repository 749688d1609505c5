"""Days that a platform restates: which are read, in which parts, and that what it no longer states goes."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from ingestion.faults import Fault
from ingestion.pages import Page
from ingestion.windows import Days, Horizon, TooMuch, day_pages, months_before

ACCOUNT = {"account_id": 7}
MARCH = Days(date(2026, 3, 1), date(2026, 3, 10))


class Platform:
    """Answers for at most `most` days at once, one row a day in two pieces, and remembers what it was asked."""

    def __init__(self, most: int = 100) -> None:
        self.most = most
        self.asked: list[tuple[int, Any]] = []

    def read(self, days: Days, place: Any) -> Iterator[tuple[dict, Any]]:
        self.asked.append((len(days), place))
        if len(days) > self.most:
            raise TooMuch("too much")
        rows = [ACCOUNT | {"date": str(day)} for day in days]
        half = len(rows) // 2
        for start, end in ((0, half), (half, len(rows))):
            if (place or 0) <= start:
                yield {"figures": rows[start:end]}, end

    def pages(self, longest: int, bookmark: Any = None) -> list[Page]:
        return list(day_pages(["figures"], ACCOUNT, MARCH, longest, self.read, bookmark))


def days_in(pages: list[Page], kind: str) -> list[str]:
    return [row["date"] for page in pages for row in getattr(page, kind).get("figures", [])]


@pytest.mark.parametrize(
    ("since", "cursor", "first"),
    [
        (None, None, "2025-05-05"),
        ("2026-01-15", None, "2026-01-15"),
        ("2020-01-01", None, "2025-05-05"),
        (None, "2026-03-09", "2026-02-07"),
        ("2026-02-20", "2026-03-09", "2026-02-20"),
        (None, "2025-05-20", "2025-05-05"),
        ("2027-01-01", None, "2026-03-10"),
    ],
)
def test_the_first_load_reads_all_there_is_and_later_ones_look_back(since, cursor, first):
    horizon = Horizon(date.fromisoformat(since) if since else None, 30)
    days = horizon.days(cursor, beginning=date(2025, 5, 5), today=date(2026, 3, 10))
    assert (str(days.first), str(days.last)) == (first, "2026-03-10")


@pytest.mark.parametrize(
    ("day", "months", "first"),
    [
        ("2026-09-10", 37, "2023-08-11"),
        ("2026-01-01", 1, "2025-12-02"),
        ("2026-03-31", 1, "2026-03-04"),
        ("2026-09-10", 120, "2016-09-11"),
    ],
)
def test_what_a_platform_has_forgotten_is_not_asked_for(day, months, first):
    assert str(months_before(date.fromisoformat(day), months)) == first


@pytest.mark.parametrize("longest", [1, 3, 10, 400])
def test_parts_cover_every_day_once_and_name_it(longest):
    pages = Platform().pages(longest)
    assert days_in(pages, "rows") == days_in(pages, "deleted") == [str(day) for day in MARCH]
    assert pages[-1].cursor == "2026-03-10"


@pytest.mark.parametrize("longest", [3, 10])
def test_a_load_that_broke_off_anywhere_goes_on_without_loss(longest):
    whole = Platform().pages(longest)
    for broken in range(len(whole) - 1):
        rest = Platform().pages(longest, whole[broken].bookmark)
        for kind in ("rows", "deleted"):
            assert days_in(whole[: broken + 1] + rest, kind) == [str(day) for day in MARCH]


def test_too_many_days_at_once_are_halved_and_stay_so():
    platform = Platform(most=3)
    pages = platform.pages(10)
    assert [count for count, _ in platform.asked] == [10, 5, 2, 2, 2, 2, 2]
    assert days_in(pages, "rows") == [str(day) for day in MARCH]


def test_a_single_day_that_is_too_much_is_told():
    with pytest.raises(TooMuch):
        Platform(most=0).pages(10)


@pytest.mark.parametrize(("name", "value"), [("SINCE", "spring"), ("LOOK_BACK_DAYS", "-3"), ("LOOK_BACK_DAYS", "two")])
def test_a_setting_that_cannot_be_used_is_named(name, value):
    with pytest.raises(Fault, match=f"FUNNELHOUSE_X_{name}: '{value}' is not"):
        Horizon.from_environment({f"FUNNELHOUSE_X_{name}": value}, "FUNNELHOUSE_X_", 30)


def test_settings_are_read_and_have_defaults():
    given = {"FUNNELHOUSE_X_SINCE": "2026-01-31", "FUNNELHOUSE_X_LOOK_BACK_DAYS": "7"}
    assert Horizon.from_environment(given, "FUNNELHOUSE_X_", 30) == Horizon(date(2026, 1, 31), 7)
    assert Horizon.from_environment({}, "FUNNELHOUSE_X_", 30) == Horizon(None, 30)
