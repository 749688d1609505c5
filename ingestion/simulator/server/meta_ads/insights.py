"""Insights: reports that are made in the background, and their rows with figures and actions per day."""

import time
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
from starlette.routing import Route

from ingestion.simulator.server.meta_ads.gate import VENDOR, Call, Gate, page_of, refusal
from ingestion.simulator.server.meta_ads.structure import account_of
from ingestion.simulator.server.meta_ads.world import World

# Meta states money to the cent and whole actions.
CENT_MICROS = 10_000
MOST_ROWS = 50_000
MOST_MONTHS = 37
# A report takes minutes; here a moment, so that a client sees each status.
WORKING_SECONDS = 0.02
FIRST_REPORT = 6_023_456_789_000
LEVELS = {"campaign": "campaign", "adset": "group", "account": "account"}
# Of the clicks so many lead to the website; the others open comments, the page, a picture.
LINK_CLICK_SHARE = 0.8


@dataclass(frozen=True)
class Report:
    """What was asked for, its rows as they were then, and when it was asked for by the real clock."""

    number: int
    account: int
    days: tuple[date, date]
    rows: list[dict]
    begun: float


def routes(world: World, gate: Gate) -> list[Route]:
    """The paths of this part."""
    reports: dict[int, Report] = {}

    def make(call: Call) -> dict:
        account = account_of(world, call)
        days, rows = _asked(world, call, account)
        report = Report(FIRST_REPORT + len(reports), account, days, rows, time.monotonic())
        reports[report.number] = report
        return {"report_run_id": str(report.number)}

    def status(call: Call) -> dict:
        return _status(_known(reports, call))

    def rows(call: Call) -> dict:
        report = _known(reports, call)
        if _status(report)["async_status"] != "Job Completed":
            raise refusal(2601, "(#2601) Error accessing adreport job.", 1815107)
        return page_of(world.state, call, report.rows)

    return [
        *gate.route("/act_{account:int}/insights", make, "POST"),
        *gate.route("/{report:int}", status),
        *gate.route("/{report:int}/insights", rows),
    ]


def _known(reports: dict[int, Report], call: Call) -> Report:
    number = call.path["report"]
    if number not in reports:
        message = f"Unsupported get request. Object with ID '{number}' does not exist"
        raise refusal(100, message, 33)
    return reports[number]


def _status(report: Report) -> dict:
    share = min(1.0, (time.monotonic() - report.begun) / WORKING_SECONDS)
    return {
        "id": str(report.number),
        "account_id": str(report.account),
        "time_ref": int(report.begun),
        "async_status": "Job Completed" if share == 1 else "Job Running" if share > 0.5 else "Job Started",
        "async_percent_completion": int(100 * share),
        "date_start": str(report.days[0]),
        "date_stop": str(report.days[1]),
    }


def _asked(world: World, call: Call, account: int) -> tuple[tuple[date, date], list[dict]]:
    level, increment = call.parameters.get("level"), call.parameters.get("time_increment")
    if level not in LEVELS or increment != "1":
        raise refusal(100, "(#100) Only level=campaign, adset or account and time_increment=1 are here")
    given = call.json("time_range") or {}
    try:
        first, last = date.fromisoformat(given["since"]), date.fromisoformat(given["until"])
    except (KeyError, ValueError, TypeError) as error:
        raise refusal(100, "(#100) Must be a date representation in the format YYYY-MM-DD") from error
    now = pd.Timestamp(world.state.now)
    if first < (now - pd.DateOffset(months=MOST_MONTHS)).date():
        raise refusal(3018, "(#3018) The start date of the time range cannot be beyond 37 months from the current date")
    if last < first:
        raise refusal(100, "(#100) since param in time range must be before until")
    rows = _figures(world, level)
    days = pd.to_datetime(rows["date"])
    rows = rows[(rows["account"] == account) & days.between(pd.Timestamp(first), pd.Timestamp(last))]
    if len(rows) > MOST_ROWS:
        message = "Please reduce the amount of data you're asking for, then retry your request"
        raise refusal(100, message, 1487534)
    fields = call.parameters.get("fields", "").split(",")
    is_odd = world.state.faults.has("changed_type", VENDOR)
    return (first, last), [_row(row, level, fields, is_odd) for row in rows.itertuples()]


def _figures(world: World, level: str) -> pd.DataFrame:
    """account, campaign (none of an account), number, date and figures of each thing and day, rounded as Meta does."""

    def made() -> pd.DataFrame:
        column = LEVELS[level]
        rows = world.known.performance.dropna(subset=column).assign(number=lambda rows: rows[column])
        figures = ["impressions", "clicks", "cost_micros", "conversions"]
        campaign = [] if level == "account" else ["campaign"]
        sums = rows.groupby(["date", "account", *campaign, "number"], as_index=False)[figures].sum()
        cents = np.rint(sums["cost_micros"] / CENT_MICROS).astype("int64")
        return sums.assign(cents=cents, conversions=np.rint(sums["conversions"]).astype("int64"))

    return world.state.at_present((VENDOR, level), made)


def _row(row: Any, level: str, fields: list[str], is_odd: bool) -> dict:
    links = int(row.clicks * LINK_CLICK_SHARE)
    ids = {"account": ("account_id",), "campaign": ("campaign_id",), "adset": ("adset_id", "campaign_id")}
    numbers = {"account_id": row.account, "campaign_id": getattr(row, "campaign", None), "adset_id": row.number}
    values = {
        **{name: str(numbers[name]) for name in ids[level]},
        "impressions": str(row.impressions),
        "clicks": "several" if is_odd and row.clicks % 2 else str(row.clicks),
        "inline_link_clicks": str(links),
        "spend": str(Decimal(int(row.cents)) / 100),
        "actions": _actions(int(row.conversions), links),
    }
    told = {name: value for name, value in values.items() if name in fields and value not in ("", [])}
    return told | {"date_start": str(row.date)[:10], "date_stop": str(row.date)[:10]}


def _actions(leads: int, links: int) -> list[dict]:
    """Leads in all and, once more, where they were won; and what else people did."""
    on_meta = leads // 3
    counted = {
        "link_click": links,
        "lead": leads,
        "onsite_conversion.lead_grouped": on_meta,
        "offsite_conversion.fb_pixel_lead": leads - on_meta,
    }
    return [{"action_type": kind, "value": str(count)} for kind, count in counted.items() if count]
