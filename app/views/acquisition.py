"""Acquisition: how many new leads that fit, from where, and at what price?"""

from datetime import date

import pandas as pd

from app import charts, formatting, records, shell
from app.content import Block, Card, Chart, NextStep, Page, State, Table, Words
from app.languages import _, n_
from app.queries import acquisition as queries
from app.queries import overview as kpi_queries
from app.queries import roi as ratio_queries

SHOWN_CHANNELS = 10
STACKED_CHANNELS = 5
OTHER = "(other)"
COUNTS = ("lead_count", "net_new_count", "judged_count", "icp_count", "mature_count", "mature_qualified_count")


def content(frame: shell.Frame) -> Page | State:
    """The page from top to bottom."""
    period, before = frame.period, frame.period_before
    by = frame.choose("per", _("Per"), {"channel": _("Channel"), "campaign": _("Campaign")})
    rows = queries.months(frame.file, period.from_date, period.to_date, frame.selection, by)
    if rows.empty or not rows["lead_count"].sum():
        return shell.nothing_matches()
    earlier = queries.months(frame.file, before.from_date, before.to_date, frame.selection) if before else None
    groups = _groups(frame, rows, by)
    totals = rows[list(COUNTS)].sum()
    return Page(
        sentence=sentence(frame, totals, groups),
        choices=("per",),
        cards=_cards(frame, totals, earlier, rows),
        rows=lambda: [
            [(3, _months_chart(frame, rows, groups, by)), (2, _fit_chart(frame, groups, totals, by))],
            _price_chart(frame, groups),
            _groups_table(frame, groups),
        ],
        next_steps=[NextStep(_("See how far these leads get"), "funnel")],
    )


def _groups(frame: shell.Frame, rows: pd.DataFrame, by: str) -> pd.DataFrame:
    """A row a channel or campaign, the one with most net new leads first, with its ad cost where one is known."""
    groups = rows.groupby("dimension_value")[list(COUNTS)].sum().reset_index()
    costs = queries.ad_costs(frame.file, frame.period.from_date, frame.period.to_date, by)
    groups = groups.merge(costs, on="dimension_value", how="left")
    labels = [shell.value_label(frame, by, value) for value in groups["dimension_value"]]
    judged, mature = groups["judged_count"].astype(float), groups["mature_count"].astype(float)
    least = frame.build.least_group_count
    cost = groups["cost_amount"].astype(float)
    leads, fitting = groups["net_new_count"].astype(float), groups["icp_count"].astype(float)
    groups = groups.assign(
        label=labels,
        icp_rate=(fitting / judged).where(judged >= least),
        qualified_rate=(groups["mature_qualified_count"].astype(float) / mature).where(mature >= least),
        cost_per_lead=(cost / leads).where(leads > 0),
        cost_per_icp_lead=(cost / fitting).where(fitting > 0),
    )
    return groups.sort_values(["net_new_count", "dimension_value"], ascending=[False, True])


def sentence(frame: shell.Frame, totals: pd.Series, groups: pd.DataFrame) -> str:
    """How many new leads came, how many fit, and where one that fits costs least."""
    first = n_(
        "{count} net new lead came {period}",
        "{count} net new leads came {period}",
        totals["net_new_count"],
        period=frame.period.words,
    )
    if totals["judged_count"] >= frame.build.least_group_count:
        first = _(
            "{opening}, {rate} of them in the ideal customer profile",
            opening=first,
            rate=formatting.rate(totals["icp_count"] / totals["judged_count"]),
        )
    priced = groups[groups["cost_per_icp_lead"].notna() & (groups["icp_count"] >= frame.build.least_group_count)]
    if priced.empty:
        return f"{first}."
    cheapest = priced.sort_values("cost_per_icp_lead").iloc[0]
    return _(
        "{opening}. Of what is advertised, {channel} is cheapest per lead that fits: {amount} of ads.",
        opening=first,
        channel=formatting.plain(cheapest["label"]),
        amount=frame.money(cheapest["cost_per_icp_lead"]),
    )


def _cards(frame: shell.Frame, totals: pd.Series, earlier: pd.DataFrame | None, rows: pd.DataFrame) -> list[Card]:
    period, least = frame.compared_period, frame.build.least_group_count
    meanings = kpi_queries.kpi_definitions(frame.file)
    before = None if earlier is None or earlier.empty else earlier[list(COUNTS)].sum()
    whole = rows[~rows["is_partial_period"].astype(bool)].groupby("month_start_date")["net_new_count"].sum()
    judged, mature = int(totals["judged_count"]), int(totals["mature_count"])
    first, last = frame.period.months
    price = ratio_queries.kpis(frame.file, first, last, ("cost_per_lead",))
    price = None if price.empty or frame.selection.active_count else price.iloc[0]
    days = int(rows["within_days"].iloc[0])
    return [
        Card(
            _("Net new leads"),
            formatting.count(totals["net_new_count"]),
            meaning=meanings.get("net_new_leads"),
            trend=list(whole),
            **shell.compared(
                totals["net_new_count"],
                None if before is None else before["net_new_count"],
                period,
            ),
        ),
        Card(
            _("In the ideal profile"),
            formatting.rate(totals["icp_count"] / judged) if judged >= least else formatting.MISSING,
            pill=n_("of {count} judged", "of {count} judged", judged),
            meaning=_("Leads whose fit has a good grade today ÷ those whose fit can be judged."),
        ),
        Card(
            _("Qualified in time"),
            formatting.rate(totals["mature_qualified_count"] / mature) if mature >= least else formatting.MISSING,
            pill=n_("of {count} old enough", "of {count} old enough", mature),
            meaning=n_(
                "Come to marketing qualified or beyond within {count} day, of the leads that are so old.",
                "Come to marketing qualified or beyond within {count} days, of the leads that are so old.",
                days,
            ),
        ),
        Card(
            _("Cost per lead"),
            frame.money(None if price is None else price["value"]),
            pill=_("all marketing, whole months")
            if price is not None and not formatting.is_missing(price["value"])
            else _("not known for this view"),
            meaning=meanings.get("cost_per_lead"),
        ),
    ]


def _months_chart(frame: shell.Frame, rows: pd.DataFrame, groups: pd.DataFrame, by: str) -> Chart:
    """Net new leads by month, the largest groups apart."""
    largest = dict(groups.head(STACKED_CHANNELS)[["dimension_value", "label"]].itertuples(index=False))
    other = _("all others")
    starts = sorted(rows["month_start_date"].unique())
    named = rows.assign(series=[largest.get(value, other) for value in rows["dimension_value"]])
    counted = named.groupby(["month_start_date", "series"])["net_new_count"].sum()
    partial = set(rows[rows["is_partial_period"].astype(bool)]["month_start_date"])
    series = [*largest.values(), *([other] if len(groups) > len(largest) else [])]
    codes = {label: value for value, label in largest.items()} | {other: OTHER}
    shown = pd.DataFrame(
        {
            charts.CODE: f"{start:%Y-%m-%d} {codes[name]}",
            "position": position,
            "month": formatting.month(start),
            "series": name,
            "value": float(counted.get((start, name), 0)),
            "is_partial": start in partial,
            "detail": n_("{count} lead", "{count} leads", counted.get((start, name), 0)),
        }
        for position, start in enumerate(starts)
        for name in series
    )
    high = float(shown.groupby("position")["value"].sum().max()) or 1.0
    colours = (*charts.CATEGORICAL[: len(largest)], charts.GREY)
    period = frame.period

    def behind(code: str) -> Block:
        month, value = code.split(" ", 1)
        is_other = value == OTHER
        leads = queries.net_new_behind(
            frame.file,
            period.from_date,
            period.to_date,
            frame.selection,
            by,
            month,
            tuple(largest) if is_other else (value,),
            is_other,
            records.LISTED,
        )
        mark = f"{formatting.month(date.fromisoformat(month))}, {other if is_other else largest[value]}"
        return records.leads_table(frame, "months_behind", mark, leads)

    return Chart(
        "months_card",
        _("Net new leads by month"),
        _("unit: leads by month of creation · pale: the month is not over"),
        charts.stacked_columns(shown, series, charts.ticks(0, high, formatting.count), colours),
        alt="; ".join(
            f"{formatting.month(start)}: {n_('{count} lead', '{count} leads', counted.loc[start].sum())}"
            for start in starts
        ),
        rows=rows,
        width=34,
        behind=behind,
    )


def _fit_chart(frame: shell.Frame, groups: pd.DataFrame, totals: pd.Series, by: str) -> Block:
    """How many of each group's leads fit."""
    title = _("Who brings leads that fit")
    note = _("share of the judged leads in the ideal customer profile, the largest groups · dashed: all together")
    shown = groups.head(SHOWN_CHANNELS)
    if not totals["judged_count"] or shown["icp_rate"].isna().all():
        return Words("fit_card", title, note, _("The fit of too few leads can be judged."))
    shown = shown.sort_values("icp_rate", ascending=False, na_position="last")
    bars = pd.DataFrame(
        {
            charts.CODE: shown["dimension_value"],
            "label": shown["label"],
            "rate": shown["icp_rate"],
            "rate_text": ["" if pd.isna(value) else formatting.rate(value) for value in shown["icp_rate"]],
            "size_text": [n_("{count} lead", "{count} leads", value) for value in shown["judged_count"]],
            "detail": [
                _("{part} of {whole}", part=formatting.count(part), whole=formatting.count(whole))
                for part, whole in zip(shown["icp_count"], shown["judged_count"], strict=True)
            ],
        }
    )
    labels, period = dict(zip(shown["dimension_value"], shown["label"], strict=True)), frame.period

    def behind(value: str) -> Block:
        leads = queries.judged_behind(
            frame.file, period.from_date, period.to_date, frame.selection, by, value, records.LISTED
        )
        return records.leads_table(frame, "fit_behind", labels[value], leads)

    return Chart(
        "fit_card",
        title,
        note,
        charts.rate_bars(bars, benchmark=float(totals["icp_count"] / totals["judged_count"])),
        alt="; ".join(f"{row.label} {row.rate_text} ({row.size_text})" for row in bars.itertuples()),
        rows=groups,
        behind=behind,
    )


def _price_chart(frame: shell.Frame, groups: pd.DataFrame) -> Block:
    """Price against what becomes of the leads."""
    title = _("Ad cost per lead against how many qualify")
    note = _(
        "each point a channel or campaign with ad cost, sized by its leads · right and low: dear and of little use"
    )
    shown = groups[groups["cost_per_lead"].notna() & groups["qualified_rate"].notna()].head(30)
    if shown.empty:
        text = _("Not connected: needs ad cost by channel or campaign, and enough leads that are old enough.")
        return Words("price_card", title, note, text)
    named = set(shown.head(6)["dimension_value"])
    rows = pd.DataFrame(
        {
            "x": shown["cost_per_lead"],
            "y": shown["qualified_rate"],
            "size": shown["net_new_count"].astype(float),
            "name": shown["label"],
            "label": [row.label if row.dimension_value in named else "" for row in shown.itertuples()],
            "detail": [
                _(
                    "{price} per lead, {rate} qualify in time, {leads} leads",
                    price=formatting.money(row.cost_per_lead, frame.currency),
                    rate=formatting.rate(row.qualified_rate),
                    leads=formatting.count(row.net_new_count),
                )
                for row in shown.itertuples()
            ],
            "is_marked": False,
        }
    )
    return Chart(
        "price_card",
        title,
        note,
        charts.scatter(
            rows,
            charts.ticks(0, float(rows["x"].max()), lambda value: formatting.money(value, frame.currency)),
            charts.ticks(0, float(rows["y"].max()) or 1.0, formatting.percent),
            _("Ad cost per net new lead"),
            _("Qualified in time"),
        ),
        alt="; ".join(f"{row.name}: {row.detail}" for row in rows.itertuples()),
        rows=shown,
    )


def _groups_table(frame: shell.Frame, groups: pd.DataFrame) -> Table:
    """The numbers behind."""
    shown = groups.head(25)
    texts = pd.DataFrame(
        {
            _("Name"): [f"**{formatting.plain(value)}**" for value in shown["label"]],
            _("Net new leads"): [formatting.count(value) for value in shown["net_new_count"]],
            _("In the ideal profile"): [formatting.rate(value) for value in shown["icp_rate"]],
            _("Qualified in time"): [formatting.rate(value) for value in shown["qualified_rate"]],
            _("Ad cost"): [frame.money(value) for value in shown["cost_amount"]],
            _("Ad cost per lead"): [frame.money(value) for value in shown["cost_per_lead"]],
            _("Ad cost per lead that fits"): [frame.money(value) for value in shown["cost_per_icp_lead"]],
        }
    )
    hidden = len(groups) - len(shown)
    return Table(
        "groups_card",
        _("Where leads come from"),
        _(
            "most net new leads first · rates of groups under {count} leads are left out",
            count=frame.build.least_group_count,
        ),
        texts,
        rows=groups,
        alt=_("Leads, fit and price by origin"),
        numbers=tuple(texts.columns[1:]),
        unbroken=(texts.columns[0],),
        footnote=n_("{count} more not shown", "{count} more not shown", hidden) if hidden > 0 else "",
    )


if __name__ == "__main__":
    shell.show(content)
