"""What ads did and cost: figures per day, of campaigns, ad sets or the account, by reports that Meta makes in the
background.

A report that was made before a break is used again as long as Meta has it.
"""

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, date
from typing import Any
from zoneinfo import ZoneInfo

from ingestion.pages import Page
from ingestion.sources.meta_ads.client import MOST_ROWS, Client, Refusal, TooLarge
from ingestion.windows import Days, TooMuch, day_pages, months_before

# Meta answers for no day before.
KEPT_MONTHS = 37
# A look-back of 90 days is one report.
LONGEST_DAYS = 92
INVALID_PARAMETER, TOO_MANY_ROWS = 100, 1487534
# Reports for the same days, where Meta loses or fails them; then for fewer days.
MOST_REPORTS = 2
# Meta gives up on a report after an hour.
LONGEST_SECONDS, LONGEST_PAUSE_SECONDS = 3_600.0, 30.0
FIGURES = "impressions,clicks,inline_link_clicks,spend"
# Each level's tables of figures and, but for the account, of actions; the column of the thing's number, and the fields.
# The account's own sums come last: what its campaigns add up to is held against them.
LEVELS = {
    "campaign": (("campaign_insights", "campaign_actions"), "campaign_id", f"campaign_id,{FIGURES},actions"),
    "adset": (("ad_set_insights", "ad_set_actions"), "adset_id", f"adset_id,campaign_id,{FIGURES},actions"),
    "account": (("account_insights",), "account_id", f"account_id,{FIGURES}"),
}


def insight_pages(
    client: Client, account: Mapping[str, Any], level: str, cursor: str | None, bookmark: dict | None
) -> Iterator[Page]:
    """An account's figures by level: all that Meta has at first, then those of the days that may have changed."""
    account_id = int(account["id"])

    def read(days: Days, place: dict | None) -> Iterator[tuple[dict[str, list[dict]], dict]]:
        return _read_report(client, account_id, level, days, place or {})

    today = client.now.replace(tzinfo=UTC).astimezone(ZoneInfo(account["timezone_name"])).date()
    days = client.settings.horizon.days(cursor, _beginning(account, today), today)
    tables, _, _ = LEVELS[level]
    yield from day_pages(tables, {"account_id": account_id}, days, LONGEST_DAYS, read, bookmark)


def insight_rows(record: Mapping[str, Any], account_id: int, level: str) -> tuple[dict, list[dict]]:
    """The figures of one day of one thing, and a row per kind of action."""
    _, column, _ = LEVELS[level]
    key = {"account_id": account_id, "date": record["date_start"], column: record[column]}
    figures = {name: value for name, value in record.items() if name not in ("actions", "date_start", "date_stop")}
    return figures | key, [{**action, **key} for action in record.get("actions") or []]


class _ReportIsGone(Exception):
    """Meta has lost the report, or it failed: it must be made anew."""


def _read_report(
    client: Client, account_id: int, level: str, days: Days, place: dict
) -> Iterator[tuple[dict[str, list[dict]], dict]]:
    tables, _, _ = LEVELS[level]
    for _ in range(MOST_REPORTS):
        if "report" not in place:
            place = {"report": _made(client, account_id, level, days), "after": None}
            yield {}, place
        try:
            _finished(client, place["report"])
            for records, after in _pages(client, place["report"], place["after"]):
                rows = [insight_rows(record, account_id, level) for record in records]
                place = place | {"after": after}
                kinds = [row for row, _ in rows], [one for _, some in rows for one in some]
                yield dict(zip(tables, kinds, strict=False)), place  # of the account no actions are asked for
            return
        except _ReportIsGone:
            place = {}
    raise TooMuch(f"Meta: reports of {days.first} to {days.last} fail again and again; try later.")


def _made(client: Client, account_id: int, level: str, days: Days) -> str:
    """Have a report made; return its id. Raises TooMuch where Meta says that it would be too large."""
    try:
        answer = client.post(
            f"act_{account_id}/insights",
            level=level,
            fields=LEVELS[level][2],
            time_increment=1,
            time_range={"since": str(days.first), "until": str(days.last)},
            # As Ads Manager counts.
            use_unified_attribution_setting="true",
        )
    except Refusal as refusal:
        if isinstance(refusal, TooLarge) or refusal.subcode == TOO_MANY_ROWS:
            raise TooMuch(str(refusal)) from refusal
        raise
    return str(answer["report_run_id"])


def _finished(client: Client, report: str) -> None:
    """Wait until a report is there."""
    pause = min(client.settings.http.pause_seconds, 1.0) / 8
    until = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < until:
        try:
            # All fields by default: why a report failed is told from v25.0 on, and an error to ask for before.
            told = client.get(report)
        except Refusal as refusal:
            raise _ReportIsGone from refusal
        if told.get("error_subcode") == TOO_MANY_ROWS:
            raise TooMuch(f"Meta: report {report} is too large.")
        if told["async_status"] == "Job Completed" and told["async_percent_completion"] == 100:
            return
        if told["async_status"] in ("Job Failed", "Job Skipped"):
            raise _ReportIsGone
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
    raise _ReportIsGone


def _pages(client: Client, report: str, after: str | None) -> Iterator[tuple[list[dict], str | None]]:
    try:
        yield from client.listing(f"{report}/insights", MOST_ROWS, after)
    except Refusal as refusal:
        raise _ReportIsGone from refusal


def _beginning(account: Mapping[str, Any], today: date) -> date:
    """The first day of which Meta may know something: when the account was made, unless that is too long ago."""
    return max(months_before(today, KEPT_MONTHS), date.fromisoformat(account["created_time"][:10]))
