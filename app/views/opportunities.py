"""Opportunities: how many are there, and how many close?"""

from collections.abc import Callable
from datetime import date

import pandas as pd

from app import charts, filters, formatting, records, shell
from app.content import Block, Card, Chart, NextStep, Page, Row, State, Table, Words
from app.languages import _, n_
from app.queries import opportunities as queries
from app.queries import overview as month_queries

SHOWN_REASONS = 8
SHOWN_GROUPS = 6
SHOWN_MONTHS = 12
SHOWN_DEALS = 20
OVERDUE = "overdue"


def content(frame: shell.Frame) -> Page | State:
    """The page from top to bottom."""
    period, before = frame.period, frame.period_before
    totals = queries.totals(frame.file, period.from_date, period.to_date, frame.selection)
    if not totals["created_count"] and not totals["closed_count"] and not totals["open_count"]:
        return shell.nothing_matches()
    earlier = queries.totals(frame.file, before.from_date, before.to_date, frame.selection) if before else None
    return Page(
        sentence=sentence(frame, totals),
        cards=_cards(frame, totals, earlier),
        rows=lambda: [
            *_of_months(frame),
            [(1, _losses_chart(frame)), (1, _win_rates_chart(frame))],
            _expected_chart(frame),
            _deals_table(frame),
        ],
        next_steps=[NextStep(_("See what stands in the way of stuck deals and leads"), "velocity")],
    )


def sentence(frame: shell.Frame, totals: pd.Series) -> str:
    """How many were created, and how many of those that closed were won."""
    first = n_(
        "{count} deal was created {period}",
        "{count} deals were created {period}",
        totals["created_count"],
        period=frame.period.words,
    )
    if not totals["closed_count"]:
        return _("{opening}; none was closed.", opening=first)
    return n_(
        "{opening}; of {count} that was closed, {won} was won.",
        "{opening}; of {count} that were closed, {won} were won.",
        totals["closed_count"],
        opening=first,
        won=formatting.count(totals["won_count"]),
    )


def _cards(frame: shell.Frame, totals: pd.Series, earlier: pd.Series | None) -> list[Card]:
    period, least = frame.compared_period, frame.build.least_closed_count
    meanings = month_queries.kpi_definitions(frame.file)

    def before(column: str) -> float | None:
        return None if earlier is None else earlier[column]

    closed = int(totals["closed_count"])
    is_judged = closed >= least
    return [
        Card(
            _("Deals created"),
            formatting.count(totals["created_count"]),
            meaning=meanings.get("opportunities"),
            **shell.compared(totals["created_count"], before("created_count"), period),
        ),
        Card(
            _("Win rate"),
            formatting.rate(totals["won_count"] / closed) if is_judged else formatting.MISSING,
            pill=n_("of {count} closed", "of {count} closed", closed)
            if is_judged
            else n_("of {count} closed: too few", "of {count} closed: too few", closed),
            meaning=meanings.get("win_rate"),
        ),
        Card(
            _("Mean of won deals"),
            frame.money(totals["mean_won_amount"]),
            meaning=_("Amount at the close of the deals won in the period, at the exchange rates of those days."),
            **(
                shell.compared(totals["mean_won_amount"], before("mean_won_amount"), period)
                if totals["won_count"]
                else {"pill": _("no deal was won")}
            ),
        ),
        Card(
            _("Open pipeline"),
            frame.money(totals["open_amount"]),
            pill=n_("{count} open deal", "{count} open deals", totals["open_count"]),
            meaning=meanings.get("open_pipeline_amount"),
        ),
        Card(
            _("Expected of it"),
            frame.money(totals["expected_amount"]),
            pill=_("now, whatever the period"),
            meaning=meanings.get("expected_pipeline_amount"),
        ),
    ]


def _of_months(frame: shell.Frame) -> list[Row]:
    """Pipeline opened and the win rate, month by month, where there is a month."""
    months = month_queries.months(frame.file, frame.period.from_date, frame.period.to_date, frame.selection)
    if months.empty:
        return []
    return [[(1, _months_chart(frame, months)), (1, _rates_chart(frame, months))]]


def _behind_month(frame: shell.Frame, key: str, name: str, column: str, amount: str) -> Callable[[str], Block]:
    """What lies behind a month of one of the charts."""

    def behind(month: str) -> Block:
        period = frame.period
        deals = month_queries.deals_behind(
            frame.file, period.from_date, period.to_date, frame.selection, month, column, records.LISTED
        )
        mark = f"{formatting.month(date.fromisoformat(month))}, {name}"
        return records.deals_table(frame, key, mark, deals, amount)

    return behind


def _months_chart(frame: shell.Frame, months: pd.DataFrame) -> Chart:
    """Pipeline opened by month."""
    name = _("New pipeline")
    rows = pd.DataFrame(
        {
            charts.CODE: [f"{value:%Y-%m-%d}" for value in months["month_start_date"]],
            "position": range(len(months)),
            "month": [formatting.month(value) for value in months["month_start_date"]],
            "series": name,
            "value": months["pipeline_amount"].astype(float),
            "is_partial": [frame.is_running(value) for value in months["month_start_date"]],
            "detail": [formatting.money(value, frame.currency) for value in months["pipeline_amount"]],
        }
    )
    ticks = charts.ticks(0, float(rows["value"].max()) or 1, lambda value: formatting.money(value, frame.currency))
    return Chart(
        "created_card",
        _("New pipeline by month"),
        _("unit: deals by the month of creation · pale: the month is not over"),
        charts.stacked_columns(rows, [name], ticks),
        alt="; ".join(f"{row.month}: {row.detail}" for row in rows.itertuples()),
        rows=months,
        width=24,
        behind=_behind_month(frame, "created_behind", name, "pipeline_amount", name),
    )


def _rates_chart(frame: shell.Frame, months: pd.DataFrame) -> Chart:
    """The share of the closed deals that was won, by month of the close."""
    name = _("Win rate")
    closed = months["closed_count"].astype(float)
    rows = pd.DataFrame(
        {
            charts.CODE: [f"{value:%Y-%m-%d}" for value in months["month_start_date"]],
            "position": range(len(months)),
            "month": [formatting.month(value) for value in months["month_start_date"]],
            "series": name,
            "value": (months["won_count"].astype(float) / closed.where(closed > 0)),
            "is_partial": [frame.is_running(value) for value in months["month_start_date"]],
            "detail": [
                _("{part} of {whole}", part=formatting.count(won), whole=formatting.count(all_))
                for won, all_ in zip(months["won_count"], months["closed_count"], strict=True)
            ],
        }
    )
    return Chart(
        "rates_card",
        _("Win rate by month"),
        _("won ÷ closed, by the month of the close · single months rest on few deals: point at one to see how many"),
        charts.month_lines(rows, [name], charts.ticks(0, 1, formatting.percent)),
        alt="; ".join(f"{row.month}: {row.detail}" for row in rows.itertuples()),
        rows=months,
        width=24,
        behind=_behind_month(frame, "rates_behind", _("closed deals"), "current_amount", _("Amount")),
    )


def _losses_chart(frame: shell.Frame) -> Block:
    """Why deals were lost, by the money."""
    rows = queries.losses(frame.file, frame.period.from_date, frame.period.to_date, frame.selection)
    title, note = _("Why deals are lost"), _("amounts of the deals lost in the period, by reason")
    if rows.empty:
        return Words("losses_card", title, note, _("No deal was lost."))
    shown = rows.head(SHOWN_REASONS)
    bars = pd.DataFrame(
        {
            charts.CODE: shown["lost_reason"].fillna(""),
            "label": [
                _("no reason given") if formatting.is_missing(value) else value for value in shown["lost_reason"]
            ],
            "value": shown["lost_amount"].astype(float),
            "text": [formatting.money(value, frame.currency) for value in shown["lost_amount"]],
            "detail": [n_("{count} deal", "{count} deals", value) for value in shown["lost_count"]],
        }
    )
    labels, period = dict(zip(bars[charts.CODE], bars["label"], strict=True)), frame.period

    def behind(reason: str) -> Block:
        deals = queries.lost_behind(
            frame.file, period.from_date, period.to_date, frame.selection, reason, records.LISTED
        )
        return records.deals_table(frame, "losses_behind", labels[reason], deals, _("Amount"))

    return Chart(
        "losses_card",
        title,
        note,
        charts.ranked_bars(bars),
        alt="; ".join(f"{row.label}: {row.text} ({row.detail})" for row in bars.itertuples()),
        rows=rows,
        behind=behind,
    )


def _win_rates_chart(frame: shell.Frame) -> Block:
    """Which deals are won more often."""
    names = filters.dimension_names()
    by = frame.choose("by", _("By"), {"segment": names["segment"]} | names)
    rows = queries.cohorts(frame.file, frame.period.from_date, frame.period.to_date, frame.selection, by)
    least = frame.build.least_group_count
    title = _("Which deals are won more often")
    note = _("won ÷ closed of the deals created in the period, with 95 % bounds")
    closed = rows["won_count"] + rows["lost_count"]
    shown = rows[closed >= least].head(SHOWN_GROUPS)
    if shown.empty:
        text = _("No group has the {count} closed deals it takes to compare.", count=formatting.count(least))
        return Words("win_rates_card", title, note, text, choices=("by",))
    hidden = len(rows) - len(shown)
    bars = pd.DataFrame(
        {
            charts.CODE: shown["dimension_value"],
            "label": [shell.value_label(frame, by, value) for value in shown["dimension_value"]],
            "value": shown["win_rate"].astype(float),
            "lower": shown["win_rate_lower"].astype(float),
            "upper": shown["win_rate_upper"].astype(float),
            "text": [formatting.rate(value) for value in shown["win_rate"]],
            "detail": [
                _("{part} of {whole}", part=formatting.count(won), whole=formatting.count(won + lost))
                for won, lost in zip(shown["won_count"], shown["lost_count"], strict=True)
            ],
            "is_decided": True,
        }
    )
    overall = float(rows["won_count"].sum() / closed.sum())
    period = frame.period

    def behind(value: str) -> Block:
        deals = queries.decided_behind(
            frame.file, period.from_date, period.to_date, frame.selection, by, value, records.LISTED
        )
        return records.deals_table(frame, "win_rates_behind", shell.value_label(frame, by, value), deals, _("Amount"))

    return Chart(
        "win_rates_card",
        title,
        note + " · " + _("line: all together, {rate}", rate=formatting.rate(overall)),
        charts.forest(bars, charts.ticks(0, 1, formatting.percent), rule=overall),
        alt="; ".join(f"{row.label}: {row.text} ({row.detail})" for row in bars.itertuples()),
        rows=rows,
        choices=("by",),
        behind=behind,
        footnote=n_("{count} group with fewer deals not shown", "{count} groups with fewer deals not shown", hidden)
        if hidden > 0
        else "",
    )


def _expected_chart(frame: shell.Frame) -> Block:
    """When the open pipeline is to close."""
    rows = queries.expected_months(frame.file, frame.selection)
    title = _("Open pipeline by the month it is to close in")
    note = _(
        "now, whatever the period · blue: what is to be expected of it · grey: the rest · the first column is overdue"
    )
    if rows.empty:
        return Words("expected_card", title, note, _("No open deal has a day on which it is to close."))
    shown = rows.head(SHOWN_MONTHS)
    series = {"expected": _("expected"), "rest": _("the rest")}
    bars = []
    for position, row in enumerate(shown.itertuples()):
        expected = 0.0 if formatting.is_missing(row.expected_amount) else float(row.expected_amount)
        month = _("overdue") if row.is_overdue else formatting.month(row.month_start_date)
        for name, value in (("expected", expected), ("rest", max(float(row.open_amount) - expected, 0.0))):
            bars.append(
                {
                    charts.CODE: OVERDUE if row.is_overdue else f"{row.month_start_date:%Y-%m-%d}",
                    "position": position,
                    "month": month,
                    "series": series[name],
                    "value": value,
                    "is_partial": False,
                    "detail": _(
                        "{amount} of {whole}, {count} deals",
                        amount=formatting.money(value, frame.currency),
                        whole=formatting.money(row.open_amount, frame.currency),
                        count=formatting.count(row.open_count),
                    ),
                }
            )
    table = pd.DataFrame(bars)
    high = float(table.groupby("position")["value"].sum().max()) or 1.0

    def behind(code: str) -> Block:
        month = None if code == OVERDUE else code
        deals = queries.expected_behind(frame.file, frame.selection, month, records.LISTED)
        mark = _("overdue") if month is None else formatting.month(date.fromisoformat(month))
        return records.deals_table(frame, "expected_behind", mark, deals, _("Amount"))

    return Chart(
        "expected_card",
        title,
        note,
        charts.stacked_columns(
            table,
            list(series.values()),
            charts.ticks(0, high, lambda value: formatting.money(value, frame.currency)),
            (charts.BLUE, charts.GREY),
        ),
        alt="; ".join(f"{row.month}, {row.series}: {row.detail}" for row in table.itertuples()),
        rows=rows,
        width=30,
        behind=behind,
    )


def _deals_table(frame: shell.Frame) -> Block:
    """The open deals."""
    rows = queries.open_deals(frame.file, frame.selection, SHOWN_DEALS)
    title = _("Open deals")
    note = _("now, whatever the period · most money first · choose a row to see the account's journey")
    if rows.empty:
        return Words("deals_card", title, note, _("No deal is open."))
    texts = pd.DataFrame(
        {
            _("Deal"): rows["opportunity_id"],
            _("Account"): records.texts(rows["account_name"]),
            _("Stage"): rows["stage_label"],
            _("Amount"): [formatting.money(value, frame.currency) for value in rows["current_amount"]],
            _("Chance"): [formatting.rate(value) for value in rows["win_probability"]],
            _("In the stage for"): [formatting.days(value) for value in rows["stage_age_days"]],
            _("Usual"): [formatting.days(value) for value in rows["expected_days"]],
            _("State"): [_("stuck") if value else "" for value in rows["is_stuck"]],
        }
    )
    hidden = int(rows["all_count"].iloc[0]) - len(rows)
    return Table(
        "deals_card",
        title,
        note,
        texts,
        rows=rows.drop(columns="all_count"),
        alt=_("Open deals with their chance and age"),
        numbers=(_("Amount"), _("Chance"), _("In the stage for"), _("Usual")),
        opens="journeys",
        links=records.links(rows),
        footnote=n_("{count} more deal not shown", "{count} more deals not shown", hidden) if hidden > 0 else "",
    )


if __name__ == "__main__":
    shell.show(content)
