"""Sessions per day and origin, a month at a time: all history at first, then the days that Google may still change.

A day is the property's own. What today is there only Google knows, so reports end `today`, and the newest day of which
it tells anything is where the next load looks back from.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from ingestion.pages import Page, Stream
from ingestion.sources.google_analytics.client import VENDOR, Client
from ingestion.sources.google_analytics.tables import DIMENSIONS, METRICS

ROWS_PER_PAGE = 10_000
DAY = timedelta(days=1)
EMPTY = "(empty)"


def session_streams(client: Client) -> list[Stream]:
    """One stream per property."""
    return [_stream(client, property_id) for property_id in client.settings.property_ids]


def session_pages(client: Client, property_id: str, cursor: dict | None, bookmark: dict | None) -> Iterator[Page]:
    """From the look-back before the cursor's newest day on; a bookmark names the month and the row to go on with."""
    start, offset = _place(client, cursor, bookmark)
    told = _days_with_sessions(client, property_id, start)
    if cursor:
        told.append(date.fromisoformat(cursor["newest"]))
    if not told:
        return
    newest = max(told)
    day = start if cursor or bookmark else min(told)
    noted = {"newest": newest.isoformat()}
    while day <= newest:
        then = _next_month(day)
        deleted = (
            [] if offset else [{"property_id": property_id, "date": str(each)} for each in _days(day, then, newest)]
        )
        request = _request(day, "today" if then > newest else str(then - DAY), offset)
        answer = client.report(property_id, request)
        rows = report_rows(property_id, answer)
        offset += len(rows)
        if not rows or offset >= int(answer.get("rowCount") or 0):
            day, offset = then, 0
        place = {"day": day.isoformat(), "offset": offset}
        yield Page({"sessions_daily": rows}, {"sessions_daily": deleted}, {}, place, noted, notice(property_id, answer))


def report_rows(property_id: str, answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of a report by the names in its headers; a dimension without a word has one that says so."""
    dimensions = [header["name"] for header in answer.get("dimensionHeaders") or []]
    metrics = [header["name"] for header in answer.get("metricHeaders") or []]
    rows = []
    for row in answer.get("rows") or []:
        words = [item.get("value") or EMPTY for item in row.get("dimensionValues") or []]
        figures = [item.get("value") for item in row.get("metricValues") or []]
        cells = dict(zip(dimensions, words, strict=True)) | dict(zip(metrics, figures, strict=True))
        rows.append({"property_id": property_id, **cells, "date": _iso(cells["date"])})
    return rows


def notice(property_id: str, answer: dict[str, Any]) -> str | None:
    """What Google says is missing from a report or is estimated."""
    metadata = answer.get("metadata") or {}
    found = []
    if metadata.get("subjectToThresholding"):
        found.append(
            "rows with few visitors are withheld (thresholding; change the reporting identity to 'Device-based')"
        )
    if metadata.get("dataLossFromOtherRow"):
        found.append("origins beyond the property's limit stand together in the row '(other)'")
    if metadata.get("samplingMetadatas"):
        found.append("figures are estimated from a sample")
    return f"{VENDOR}, property {property_id}: {'; '.join(found)}." if found else None


def _stream(client: Client, property_id: str) -> Stream:
    return Stream(
        f"sessions of {property_id}", lambda cursor, bookmark: session_pages(client, property_id, cursor, bookmark)
    )


def _place(client: Client, cursor: dict | None, bookmark: dict | None) -> tuple[date, int]:
    """The day to begin at, and the row of its month's report."""
    if bookmark:
        return date.fromisoformat(bookmark["day"]), bookmark["offset"]
    since = client.settings.since
    if cursor:
        return max(since, date.fromisoformat(cursor["newest"]) - client.settings.look_back_days * DAY), 0
    return since, 0


def _days_with_sessions(client: Client, property_id: str, since: date) -> list[date]:
    """The days since then of which Google tells anything."""
    found: list[date] = []
    offset = 0
    while True:
        answer = client.report(property_id, _request(since, "today", offset, ("date",), ("sessions",)))
        days = [row["date"] for row in report_rows(property_id, answer)]
        found += [date.fromisoformat(day) for day in days if day[:1].isdigit()]  # not "(other)"
        offset += len(days)
        if not days or offset >= int(answer.get("rowCount") or 0):
            return found


def _request(
    day: date, until: str, offset: int, dimensions: tuple[str, ...] = DIMENSIONS, metrics: tuple[str, ...] = METRICS
) -> dict[str, Any]:
    return {
        "dateRanges": [{"startDate": str(day), "endDate": until}],
        "dimensions": [{"name": name} for name in dimensions],
        "metrics": [{"name": name} for name in metrics],
        # Pages of one report fit together only in a fixed order.
        "orderBys": [{"dimension": {"dimensionName": name}} for name in dimensions],
        "limit": str(ROWS_PER_PAGE),
        "offset": str(offset),
    }


def _days(first: date, then: date, newest: date) -> Iterator[date]:
    while first < min(then, newest + DAY):
        yield first
        first += DAY


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def _iso(text: str) -> str:
    """20260901 as 2026-09-01; anything else as it is."""
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if len(text) == 8 and text.isdigit() else text
