"""What Google states per day of accounts, campaigns, ad groups and clicks.

Google restates days: conversions are counted on the day of the click, up to 90 days later, and invalid clicks are
credited. So a load reads again every day that was not final yet when the last load read it, as a whole. How far that
one came is told by the newest day of which Google had stated figures then, never by our clock.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from ingestion.pages import Page
from ingestion.sources.google_ads.client import Client
from ingestion.sources.google_ads.errors import Refusal

DAY = timedelta(days=1)
DAYS_PER_QUERY = 30
# Google keeps figures by day for 37 months, and clicks for 90 days.
DAYS_KEPT, CLICK_DAYS_KEPT = 1_126, 90
# Clicks stay as they are; the last ones of a day come in some hours late.
CLICK_DAYS_REREAD = 3
# A message of Google's leaves out what is not set.
NOTHING = {"impressions": 0, "clicks": 0, "costMicros": 0, "conversions": 0.0}
METRICS = "metrics.impressions, metrics.clicks, metrics.cost_micros, metrics.conversions"
# The account's own sums come last: what its campaigns add up to is held against them.
PERFORMANCE = {
    "campaign_performance": f"SELECT campaign.id, segments.date, {METRICS} FROM campaign",
    "ad_group_performance": f"SELECT ad_group.id, campaign.id, segments.date, {METRICS} FROM ad_group",
    "customer_performance": f"SELECT customer.id, segments.date, {METRICS} FROM customer",
}
FIRST_DAYS = "SELECT campaign.id, campaign.start_date_time FROM campaign"
CLICK_DAYS = "SELECT segments.date, metrics.clicks FROM customer"
CLICKS = "SELECT click_view.gclid, click_view.ad_group_ad, campaign.id, segments.date FROM click_view"


@dataclass(frozen=True)
class Span:
    """Rows of an account's days, which have been read to the end up to `last`, and keys of what may be gone.

    `newest` is the newest day of which Google had stated something, '' where it had not.
    """

    last: date
    newest: str
    rows: list[dict]
    gone: list[dict]


@dataclass(frozen=True)
class DayReader:
    """Reads days of accounts, one account after the other; no day after `until` has begun anywhere on earth."""

    client: Client
    customers: list[str]
    until: date

    def performance_pages(self, table: str, cursor: dict | None, bookmark: dict | None) -> Iterator[Page]:
        """Figures of `table`, a page per account and so many days; what Google states no more of these days goes."""

        def read(customer: str, first: date) -> Iterator[Span]:
            while first <= self.until:
                last = min(first + (DAYS_PER_QUERY - 1) * DAY, self.until)
                query = f"{PERFORMANCE[table]} WHERE segments.date BETWEEN '{first}' AND '{last}'"
                rows = [performance_row(customer, row) for row in self.client.rows(customer, query)]
                newest = max((row["date"] for row in rows), default="")
                days = [first + number * DAY for number in range((last - first).days + 1)]
                yield Span(last, newest, rows, [{"customer_id": customer, "date": str(day)} for day in days])
                first = last + DAY

        look_back = self.client.settings.look_back_days * DAY
        return self._pages(table, cursor, bookmark, look_back, self._first_day, read)

    def click_pages(self, cursor: dict | None, bookmark: dict | None) -> Iterator[Page]:
        """Clicks with their campaigns, day by day on which an account had clicks."""
        oldest = self.until - CLICK_DAYS_KEPT * DAY

        def read(customer: str, first: date) -> Iterator[Span]:
            first = max(first, oldest)
            clicked = f"{CLICK_DAYS} WHERE segments.date BETWEEN '{first}' AND '{self.until}' AND metrics.clicks > 0"
            days = sorted({row["segments"]["date"] for row in self.client.rows(customer, clicked)})
            for day in days:
                last = date.fromisoformat(day)
                for rows in self._clicks(customer, day):
                    yield Span(last - DAY, day, rows, [])
                yield Span(last, day, [], [])

        since = self.client.settings.since or oldest
        return self._pages("click_views", cursor, bookmark, CLICK_DAYS_REREAD * DAY, lambda _: since, read)

    def _pages(
        self,
        table: str,
        cursor: dict | None,
        bookmark: dict | None,
        look_back: timedelta,
        first_day: Callable[[str], date],
        read: Callable[[str, date], Iterator[Span]],
    ) -> Iterator[Page]:
        """Pages of what `read` gives per account from a day on.

        The cursor has the newest day with figures by account; the bookmark that as well, and what has been read of the
        accounts, which come in order of their numbers, all of ten digits.
        """
        newest = dict((bookmark or {}).get("newest") or cursor or {})
        done = bookmark or {"customer": "", "day": ""}
        since = self.client.settings.since or date.min
        for customer in self.customers:
            if customer < done["customer"]:
                continue
            if customer == done["customer"]:
                first = date.fromisoformat(done["day"]) + DAY
            elif customer in (cursor or {}):
                first = max(date.fromisoformat(cursor[customer]) - look_back, since)
            else:
                first = first_day(customer)
            for span in read(customer, first):
                if span.newest > newest.get(customer, ""):
                    newest[customer] = span.newest
                place = {"customer": customer, "day": str(span.last), "newest": dict(newest)}
                yield Page(rows={table: span.rows}, deleted={table: span.gone}, bookmark=place)
        yield Page(cursor=newest)

    def _first_day(self, customer: str) -> date:
        """Where an account's figures begin: with its first campaign, unless Google or the settings go back less."""
        campaigns = [row["campaign"] for row in self.client.rows(customer, FIRST_DAYS)]
        starts = [date.fromisoformat(one["startDateTime"][:10]) for one in campaigns if one.get("startDateTime")]
        since = self.client.settings.since or date.min
        return max(min(starts, default=self.until), since, self.until - DAYS_KEPT * DAY)

    def _clicks(self, customer: str, day: str) -> Iterator[list[dict]]:
        try:
            for rows in self.client.pages(customer, f"{CLICKS} WHERE segments.date = '{day}'"):
                yield [click_row(customer, row) for row in rows if row["clickView"].get("gclid")]
        except Refusal as refusal:
            if refusal.code != "DATE_TOO_OLD":  # by Google's clock, which may be ahead of ours
                raise


def performance_row(customer: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of a campaign, of an ad group, or of the whole account, on one day."""
    ids = {"customer_id": customer, "date": row["segments"]["date"]}
    ids |= {"campaign_id": row["campaign"]["id"]} if "campaign" in row else {}
    ids |= {"ad_group_id": row["adGroup"]["id"]} if "adGroup" in row else {}
    return ids | NOTHING | dict(row.get("metrics") or {})


def click_row(customer: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """A click. Its ad group stands in the name of its ad, `customers/1/adGroupAds/<group>~<ad>`, if it has one."""
    click = row["clickView"]
    group = str(click.get("adGroupAd") or "").rpartition("/")[2].partition("~")[0]
    return {
        "customer_id": customer,
        "date": row["segments"]["date"],
        "gclid": click["gclid"],
        "campaign_id": row["campaign"]["id"],
        "ad_group_id": group or None,
    }
