"""Figures per day: the analytics finder with one pivot. It has no pages, and cuts off without a word."""

import re
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
from starlette.routing import Route

from ingestion.simulator.advertising import MICROS
from ingestion.simulator.server.linkedin_ads.gate import Call, Gate, invalid
from ingestion.simulator.server.linkedin_ads.world import VENDOR, World

MOST_ELEMENTS = 15_000
MOST_FIELDS = 20
# One conversion of three is a lead from a form on LinkedIn itself, the others are made on the website.
FORM_LEADS_OF = 3
PIVOTS = {
    "CAMPAIGN_GROUP": ("campaign", "sponsoredCampaignGroup"),
    "CAMPAIGN": ("group", "sponsoredCampaign"),
    "ACCOUNT": ("account", "sponsoredAccount"),
}
DAY = r"\(year:(\d{4}),month:(\d{1,2}),day:(\d{1,2})\)"
RANGE = re.compile(rf"\(start:{DAY}(?:,end:{DAY})?\)")
ACCOUNTS = re.compile(r"List\((urn%3Ali%3AsponsoredAccount%3A\d+(?:,urn%3Ali%3AsponsoredAccount%3A\d+)*)\)")
DEFAULT_FIELDS = "impressions,clicks"


def routes(world: World, gate: Gate) -> list[Route]:
    """The path of this part."""
    return [gate.route("/rest/adAnalytics", lambda call: _found(world, call))]


def _found(world: World, call: Call) -> dict:
    asked = call.parameters
    if asked.get("q") != "analytics" or asked.get("timeGranularity") != "DAILY":
        raise invalid("Invalid query parameters passed to request: only q=analytics and timeGranularity=DAILY are here")
    if asked.get("pivot") not in PIVOTS:
        raise invalid(f"Invalid value for pivot: {asked.get('pivot')}")
    accounts = ACCOUNTS.fullmatch(asked.get("accounts", ""))
    if not accounts:
        raise invalid("Invalid value type for parameter 'accounts'")
    first, last = _range(asked.get("dateRange", ""), world)
    fields = asked.get("fields", DEFAULT_FIELDS).split(",")
    if len(fields) > MOST_FIELDS:
        raise invalid(f"Too many metrics are asked for: {len(fields)} of {MOST_FIELDS}")
    rows = _figures(world, asked["pivot"])
    numbers = [int(name.rpartition("%3A")[2]) for name in accounts[1].split(",")]
    days = pd.to_datetime(rows["date"])
    rows = rows[rows["account"].isin(numbers) & days.between(pd.Timestamp(first), pd.Timestamp(last))]
    is_odd = world.state.faults.has("changed_type", VENDOR)
    elements = [_element(row, asked["pivot"], fields, is_odd) for row in rows.head(MOST_ELEMENTS).itertuples()]
    return {"paging": {"start": 0, "count": 10, "links": []}, "elements": elements}


def _range(text: str, world: World) -> tuple[date, date]:
    found = RANGE.fullmatch(text)
    if not found:
        raise invalid("Invalid value type for parameter 'dateRange'")
    parts = [int(part) for part in found.groups() if part]
    try:
        first = date(*parts[:3])
        last = date(*parts[3:]) if parts[3:] else world.state.now.date()
    except ValueError as error:
        raise invalid(f"Invalid dateRange: {error}") from error
    if last < first:
        raise invalid("Invalid dateRange: the end lies before the start")
    return first, last


def _figures(world: World, pivot: str) -> pd.DataFrame:
    """account, number, date and figures of each thing and day; conversions are whole, as LinkedIn counts them."""

    def made() -> pd.DataFrame:
        column, _ = PIVOTS[pivot]
        rows = world.known.performance.assign(conversions=lambda rows: np.rint(rows["conversions"]).astype("int64"))
        rows["leads"] = rows["conversions"] // FORM_LEADS_OF
        rows = rows.dropna(subset=column).assign(number=lambda rows: rows[column])
        figures = ["impressions", "clicks", "cost_micros", "conversions", "leads"]
        return rows.groupby(["date", "account", "number"], as_index=False)[figures].sum()

    return world.state.at_present((VENDOR, pivot), made)


def _element(row: Any, pivot: str, fields: list[str], is_odd: bool) -> dict:
    day = pd.Timestamp(row.date)
    told = {"year": day.year, "month": day.month, "day": day.day}
    values = {
        "dateRange": {"start": told, "end": told},
        "pivotValues": [f"urn:li:{PIVOTS[pivot][1]}:{row.number}"],
        "impressions": int(row.impressions),
        "clicks": "several" if is_odd and row.clicks % 2 else int(row.clicks),
        "costInLocalCurrency": str(Decimal(int(row.cost_micros)) / MICROS),
        "externalWebsiteConversions": int(row.conversions - row.leads),
        "oneClickLeads": int(row.leads),
    }
    return {field: values[field] for field in fields if field in values}
