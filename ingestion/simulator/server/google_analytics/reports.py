"""`runReport`: sessions counted over any of the dimensions that are known here."""

import re
from datetime import date, timedelta
from typing import Any

import pandas as pd

from ingestion.simulator.analytics import TIME_ZONE, hits, sessions
from ingestion.simulator.server.google_analytics.channels import channel_group
from ingestion.simulator.server.state import State

VENDOR, PROPERTY_ID = "google_analytics", "310000001"
EARLIEST = date(2015, 8, 14)
USUAL_LIMIT, HIGHEST_LIMIT = 10_000, 250_000
# The API may return fewer rows than were asked for; so it does here.
MOST_ROWS = 25
DIMENSIONS = {
    "date": "date",
    "sessionDefaultChannelGroup": "channel_group",
    "sessionSource": "source",
    "sessionMedium": "medium",
    "sessionCampaignName": "campaign",
}
METRICS = {
    "sessions": ("TYPE_INTEGER", "visitor_id", "size"),
    "engagedSessions": ("TYPE_INTEGER", "is_engaged", "sum"),
    "totalUsers": ("TYPE_INTEGER", "visitor_id", "nunique"),
    "newUsers": ("TYPE_INTEGER", "is_new", "sum"),
    "screenPageViews": ("TYPE_INTEGER", "page_views", "sum"),
    "keyEvents": ("TYPE_FLOAT", "key_events", "sum"),
}
TOKENS_PER_DAY = 200_000


class Invalid(Exception):
    """What is wrong with a request, in Google's words."""


class Reports:
    """Answers for the one property."""

    def __init__(self, state: State) -> None:
        self.state = state

    def run(self, body: dict[str, Any]) -> dict[str, Any]:
        """The answer to a request. Raises Invalid."""
        dimensions = [_known(item.get("name"), DIMENSIONS, "dimension") for item in body.get("dimensions") or []]
        metrics = [_known(item.get("name"), METRICS, "metric") for item in body.get("metrics") or []]
        if not metrics:
            raise Invalid("At least one metric is required.")
        limit, offset = _count(body, "limit", USUAL_LIMIT), _count(body, "offset", 0)
        if not 0 < limit <= HIGHEST_LIMIT:
            raise Invalid(f"Field limit is {limit}; it must be between 1 and {HIGHEST_LIMIT}.")
        rows = self._rows(dimensions, metrics, body)
        found = rows[offset : offset + min(limit, MOST_ROWS)]
        answer: dict[str, Any] = {
            "dimensionHeaders": [{"name": name} for name in dimensions],
            "metricHeaders": [{"name": name, "type": METRICS[name][0]} for name in metrics],
            "rows": [self._row(row, len(dimensions)) for row in found],
            "rowCount": len(rows),
            "metadata": {"currencyCode": "EUR", "timeZone": TIME_ZONE},
            "kind": "analyticsData#runReport",
        }
        if self._drifts("new_field"):
            answer["metricHeaders"].append({"name": "scrolledUsers", "type": "TYPE_INTEGER"})
        if body.get("returnPropertyQuota"):
            answer["propertyQuota"] = {"tokensPerDay": {"consumed": 2, "remaining": TOKENS_PER_DAY - 2}}
        return {name: value for name, value in answer.items() if value not in ([], 0)}

    def _rows(self, dimensions: list[str], metrics: list[str], body: dict[str, Any]) -> list[tuple[str, ...]]:
        first, last = self._range(body)
        orders = [(item["dimension"]["dimensionName"], bool(item.get("desc"))) for item in body.get("orderBys") or []]

        def made() -> list[tuple[str, ...]]:
            counted = self._sessions()
            counted = counted[(counted["date"] >= f"{first:%Y%m%d}") & (counted["date"] <= f"{last:%Y%m%d}")]
            by = [DIMENSIONS[name] for name in dimensions]
            groups = counted.groupby(by or [True] * len(counted), sort=True)
            figures = {name: groups[METRICS[name][1]].agg(METRICS[name][2]) for name in metrics}
            table = pd.DataFrame(figures).reset_index(drop=not by)
            table.columns = [*dimensions, *metrics]
            for name, is_descending in reversed(orders):
                table = table.sort_values(name, ascending=not is_descending, kind="stable")
            return list(table.astype(str).itertuples(index=False, name=None))

        key = ("google_analytics", tuple(dimensions), tuple(metrics), first, last, tuple(orders))
        return self.state.faults.pages(VENDOR, self.state.at_present(key, made), MOST_ROWS)

    def _sessions(self) -> pd.DataFrame:
        def made() -> pd.DataFrame:
            found = sessions(hits(self.state.story, self.state.now))
            origins = found[["source", "medium", "campaign"]].itertuples(index=False, name=None)
            return found.assign(channel_group=[channel_group(*origin) for origin in origins])

        return self.state.at_present("google_analytics sessions", made)

    def _range(self, body: dict[str, Any]) -> tuple[date, date]:
        ranges = body.get("dateRanges") or []
        if len(ranges) != 1:
            raise Invalid("Exactly one date range is understood here.")
        first, last = (self._day(ranges[0].get(name)) for name in ("startDate", "endDate"))
        if first < EARLIEST:
            raise Invalid(f"Date range starts at {first}, which is before {EARLIEST}.")
        if first > last:
            raise Invalid("start_date must not be after end_date.")
        return first, last

    def _day(self, text: str | None) -> date:
        today = pd.Timestamp(self.state.now, tz="UTC").tz_convert(TIME_ZONE).date()
        ago = re.fullmatch(r"(\d+)daysAgo", text or "")
        days = {"today": 0, "yesterday": 1}.get(text or "", int(ago[1]) if ago else None)
        if days is not None:
            return today - timedelta(days=days)
        try:
            return date.fromisoformat(text or "")
        except ValueError:
            raise Invalid(f"Invalid date: {text}. Use YYYY-MM-DD, yesterday, today or NdaysAgo.") from None

    def _row(self, values: tuple[str, ...], dimension_count: int) -> dict[str, Any]:
        figures = list(values[dimension_count:])
        if self._drifts("changed_type"):
            figures[0] = "many"
        if self._drifts("new_field"):
            figures.append("1")
        return {
            "dimensionValues": [{"value": value} for value in values[:dimension_count]],
            "metricValues": [{"value": value} for value in figures],
        }

    def _drifts(self, kind: str) -> bool:
        return self.state.faults.has(kind, VENDOR)


def _known(name: str | None, known: dict[str, Any], kind: str) -> str:
    if name not in known:
        raise Invalid(
            f"Field {name} is not a valid {kind}. For a list of valid dimensions and metrics, see "
            "https://developers.google.com/analytics/devguides/reporting/data/v1/api-schema."
        )
    return name


def _count(body: dict[str, Any], name: str, default: int) -> int:
    """A whole number, which JSON gives as a text."""
    text = str(body.get(name, default))
    if not text.isdigit():
        raise Invalid(f"Invalid value at '{name}' (TYPE_INT64), \"{text}\"")
    return int(text)
