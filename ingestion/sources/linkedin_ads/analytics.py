"""What ads did and cost: figures per day, of campaign groups, of campaigns or of the account.

An answer has no pages and at most 15,000 elements; beyond that LinkedIn refuses or, without a word, cuts off.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

from ingestion.pages import Page
from ingestion.sources.linkedin_ads.client import BAD_REQUEST, Client, Refusal, number_of, urn
from ingestion.windows import Days, TooMuch, day_pages, months_before

MOST_ELEMENTS = 15_000
TOO_LARGE = 413
# LinkedIn answers for no day before.
KEPT_MONTHS = 120
# A year at once; a busier account is asked for fewer days.
LONGEST_DAYS = 366
FIELDS = "dateRange,pivotValues,impressions,clicks,costInLocalCurrency,externalWebsiteConversions,oneClickLeads"
# Each pivot's table, and the column that the thing's number is kept in. The account's own sums come last: what its
# campaign groups add up to is held against them.
PIVOTS = {
    "CAMPAIGN_GROUP": ("campaign_group_analytics", "campaign_group_id"),
    "CAMPAIGN": ("campaign_analytics", "campaign_id"),
    "ACCOUNT": ("account_analytics", "account_id"),
}


def analytics_pages(
    client: Client, account: Mapping[str, Any], pivot: str, cursor: str | None, bookmark: dict | None
) -> Iterator[Page]:
    """An account's figures by pivot: all since it was made at first, then those of the days that may have changed."""
    table, column = PIVOTS[pivot]
    account_id = int(account["id"])

    def read(days: Days, _: Any) -> Iterator[tuple[dict[str, list[dict]], Any]]:
        elements = _elements(client, account_id, pivot, days)
        yield {table: [analytics_row(element, account_id, column) for element in elements]}, None

    days = client.settings.horizon.days(cursor, _beginning(account, client.today), client.today)
    yield from day_pages([table], {"account_id": account_id}, days, LONGEST_DAYS, read, bookmark)


def analytics_row(element: Mapping[str, Any], account_id: int, column: str) -> dict:
    """An element as a row: one day of one thing."""
    start, [name] = element["dateRange"]["start"], element["pivotValues"]
    figures = {field: value for field, value in element.items() if field not in ("dateRange", "pivotValues")}
    day = date(start["year"], start["month"], start["day"])
    return {"account_id": account_id, "date": str(day), column: number_of(name), **figures}


def _elements(client: Client, account_id: int, pivot: str, days: Days) -> list[dict]:
    try:
        answer = client.get(
            "/rest/adAnalytics",
            q="analytics",
            pivot=pivot,
            timeGranularity="DAILY",
            dateRange=f"(start:{_written(days.first)},end:{_written(days.last)})",
            accounts=f"List({urn('sponsoredAccount', account_id)})",
            fields=FIELDS,
        )
    except Refusal as refusal:
        if refusal.status in (BAD_REQUEST, TOO_LARGE):
            raise TooMuch(str(refusal)) from refusal
        raise
    elements = answer["elements"]
    if len(elements) >= MOST_ELEMENTS:
        raise TooMuch(f"LinkedIn: account {account_id} has {MOST_ELEMENTS:,} or more figures on {days.first}.")
    return elements


def _written(day: date) -> str:
    return f"(year:{day.year},month:{day.month},day:{day.day})"


def _beginning(account: Mapping[str, Any], today: date) -> date:
    """The first day of which LinkedIn may know something: when the account was made, unless that is too long ago."""
    milliseconds = account["changeAuditStamps"]["created"]["time"]
    return max(months_before(today, KEPT_MONTHS), datetime.fromtimestamp(milliseconds / 1000, UTC).date())
