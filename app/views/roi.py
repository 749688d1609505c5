"""ROI and budget: what did each euro bring back, and where should the next one go?"""

from collections.abc import Callable

import pandas as pd

from app import charts, data, formatting, records, shell
from app.content import Block, Card, Chart, NextStep, Page, State, Table, Words
from app.languages import _, n_
from app.queries import attribution as model_queries
from app.queries import overview as target_queries
from app.queries import roi as queries
from app.views.overview import targets_chart

SHOWN_CAMPAIGNS = 12
LISTED_CAMPAIGNS = 25
NOT_SPLIT = ("(none)", "unattributed")


def content(frame: shell.Frame) -> Page | State:
    """The page from top to bottom."""
    first, last = frame.period.months
    whole = queries.returns(frame.file, first, last, "all")
    chosen = whole[whole["attribution_model"] == frame.chosen.model]
    if chosen.empty or (
        formatting.is_missing(chosen["marketing_cost_amount"].iloc[0]) and not chosen["won_amount"].iloc[0]
    ):
        return State(
            _("No cost is known"),
            _("Not connected: needs what campaigns spent (an ad platform), or costs_monthly of the spreadsheets."),
            icon=":material/payments:",
        )
    per = frame.choose("per", _("Per"), {"campaign": _("Campaign"), "channel": _("Channel")})
    groups = _groups(frame, queries.returns(frame.file, first, last, per), per)
    return Page(
        sentence=sentence(frame, chosen.iloc[0], groups),
        choices=("per",),
        cards=_cards(frame, chosen.iloc[0], whole),
        rows=lambda: [
            [(1, _range_chart(frame, groups, per)), (1, _scatter(frame, groups, per))],
            *targets_chart(frame, target_queries.targets(frame.file, frame.period.from_date, frame.period.to_date)),
            _payback(frame),
            _groups_table(frame, groups),
        ],
        next_steps=[NextStep(_("See how much the attribution model matters"), "attribution")],
        remarks=[
            _(
                "Cash view: what was won in the months of the period against what was spent in them. Costs are counted "
                "once."
            ),
        ],
    )


def _groups(frame: shell.Frame, rows: pd.DataFrame, per: str) -> pd.DataFrame:
    """A row a group with ad cost: what it brought back under the chosen model, and the range over all models."""
    rows = rows[~rows["dimension_value"].isin(NOT_SPLIT) & (rows["media_cost_amount"].fillna(0) > 0)]
    names = queries.campaign_names(frame.file) if per == "campaign" else model_queries.channel_labels(frame.file)
    spread = rows.groupby("dimension_value")["roas"].agg(["min", "max"])
    chosen = rows[rows["attribution_model"] == frame.chosen.model].merge(
        spread, left_on="dimension_value", right_index=True
    )
    labels = [names.get(value, value) for value in chosen["dimension_value"]]
    return chosen.assign(label=labels).sort_values("media_cost_amount", ascending=False)


def sentence(frame: shell.Frame, chosen: pd.Series, groups: pd.DataFrame) -> str:
    """What each unit of money brought back, and how many groups lose money whatever the model."""
    if formatting.is_missing(chosen["romi"]):
        first = _("What marketing brought back cannot be told: {reason}", reason=_why(chosen))
    else:
        unit, back = formatting.money(1, frame.currency), formatting.small_money(1 + chosen["romi"], frame.currency)
        first = _(
            "Each {unit} of marketing brought back {amount} of margin {period}",
            unit=formatting.plain(unit),
            amount=formatting.plain(back),
            period=frame.period.words,
        )
    losing = groups[groups["max"] < 1]
    if groups.empty:
        return _("{opening}. No ad cost is known by campaign.", opening=first)
    if losing.empty:
        return _("{opening}. Of what was advertised, nothing lost money under every model.", opening=first)
    return n_(
        "{opening}. {count} of {all} won less than its ads cost under every model: {amount} of ads.",
        "{opening}. {count} of {all} won less than their ads cost under every model: {amount} of ads.",
        len(losing),
        opening=first,
        all=formatting.count(len(groups)),
        amount=frame.money(losing["media_cost_amount"].sum()),
    )


def _why(row: pd.Series) -> str:
    return (
        formatting.plain(row["null_reason"])
        if not formatting.is_missing(row["null_reason"])
        else _("a part is missing")
    )


def _cards(frame: shell.Frame, chosen: pd.Series, whole: pd.DataFrame) -> list[Card]:
    first, last = frame.period.months
    kpis = queries.kpis(frame.file, first, last, ("cac", "cost_per_lead")).set_index("kpi")
    meanings = target_queries.kpi_definitions(frame.file)
    romi = whole["romi"].dropna().astype(float)
    spread = f"{formatting.rate_of_change(romi.min())} – {formatting.rate_of_change(romi.max())}" if len(romi) else None
    clv = queries.latest(frame.file, "clv_to_cac")
    cards = [
        Card(
            _("ROMI"),
            formatting.rate_of_change(chosen["romi"]),
            pill=_("by model: {spread}", spread=spread) if spread else _why(chosen),
            meaning=meanings.get("romi"),
            tone="plain" if formatting.is_missing(chosen["romi"]) else "good" if chosen["romi"] > 0 else "bad",
        ),
        Card(
            _("Marketing cost"),
            frame.money(chosen["marketing_cost_amount"]),
            pill=_("ads: {amount}", amount=frame.money(chosen["media_cost_amount"])),
            meaning=meanings.get("marketing_cost_amount"),
        ),
    ]
    for name in ("cac", "cost_per_lead"):
        row = kpis.loc[name] if name in kpis.index else None
        value = None if row is None else row["value"]
        cards.append(
            Card(
                formatting.plain(row["kpi_label"]) if row is not None else name,
                frame.money(value),
                pill=None
                if row is None
                else _("not known for every month")
                if formatting.is_missing(value)
                else _(
                    "{amount} ÷ {count}",
                    amount=frame.money(row["numerator"]),
                    count=formatting.count(row["denominator"]),
                ),
                meaning=meanings.get(name),
            )
        )
    cards.append(
        Card(
            _("CLV to CAC"),
            formatting.number(None if clv is None else clv["value"]),
            pill=_("of {month}", month=formatting.month(clv["month_start_date"]))
            if clv is not None
            else _("not known"),
            meaning=meanings.get("clv_to_cac"),
        )
    )
    return cards


def _behind(
    frame: shell.Frame, groups: pd.DataFrame, per: str, key: str, conversion_type: str
) -> Callable[[str], Block]:
    """The deals that owe something to a campaign or channel, under the chosen model."""
    labels = dict(zip(groups["dimension_value"], groups["label"], strict=True))
    first, last = frame.period.months

    def behind(value: str) -> Block:
        credits = model_queries.credits_behind(
            frame.file,
            first,
            last,
            data.Selection(),
            conversion_type,
            frame.chosen.model,
            per,
            value,
            records.LISTED,
        )
        return records.credits_table(frame, key, labels[value], credits)

    return behind


def _range_chart(frame: shell.Frame, groups: pd.DataFrame, per: str) -> Block:
    """What was won for each unit of ad cost, with the range over all models."""
    title = _("What came back for the ad cost")
    note = _(
        "won ÷ ad cost (ROAS) · large: the chosen model · band: from the least to the most kind model · below 1: loses"
    )
    shown = groups.head(SHOWN_CAMPAIGNS)
    if shown.empty:
        return Words("range_card", title, note, _("No ad cost is known by campaign or channel."))
    rows = pd.DataFrame(
        {
            charts.CODE: shown["dimension_value"],
            "label": shown["label"],
            "value": shown["roas"].astype(float),
            "low": shown["min"].astype(float),
            "high": shown["max"].astype(float),
            "text": [formatting.number(value) for value in shown["roas"]],
            "detail": [
                _("{low} to {high}, by model", low=formatting.number(low), high=formatting.number(high))
                for low, high in zip(shown["min"], shown["max"], strict=True)
            ],
            "is_marked": shown["max"].astype(float) < 1,
        }
    )
    high = float(rows["high"].max()) or 1.0
    others = pd.DataFrame({"label": rows["label"], "value": 1.0, "detail": _("as much as it cost")})
    return Chart(
        "range_card",
        title,
        note + " · " + _("small: as much as it cost"),
        charts.range_dots(rows, others, charts.ticks(0, high, formatting.number, most=4)),
        alt="; ".join(f"{row.label}: {row.text} ({row.detail})" for row in rows.itertuples()),
        rows=groups,
        behind=_behind(frame, groups, per, "range_behind", "won"),
        footnote=n_(
            "{count} with less ad cost not shown", "{count} with less ad cost not shown", len(groups) - len(shown)
        )
        if len(groups) > len(shown)
        else "",
    )


def _scatter(frame: shell.Frame, groups: pd.DataFrame, per: str) -> Block:
    """Ad cost against the pipeline that it built."""
    title = _("Ad cost against pipeline built")
    note = _(
        "each point a campaign or channel, under the chosen model · below the dashed line: less pipeline than cost"
    )
    if groups.empty:
        return Words("scatter_card", title, note, _("No ad cost is known by campaign or channel."))
    largest = set(groups.nlargest(4, "pipeline_amount")["dimension_value"])
    rows = pd.DataFrame(
        {
            charts.CODE: groups["dimension_value"],
            "x": groups["media_cost_amount"].astype(float),
            "y": groups["pipeline_amount"].fillna(0).astype(float),
            "size": 1.0,
            "name": groups["label"],
            "label": [row.label if row.dimension_value in largest else "" for row in groups.itertuples()],
            "detail": [
                _(
                    "{cost} of ads, {pipeline} of pipeline",
                    cost=formatting.money(row.media_cost_amount, frame.currency),
                    pipeline=formatting.money(row.pipeline_amount, frame.currency),
                )
                for row in groups.itertuples()
            ],
            "is_marked": groups["pipeline_amount"].fillna(0).astype(float) < groups["media_cost_amount"].astype(float),
        }
    )

    def money(value: float) -> str:
        return formatting.money(value, frame.currency)

    return Chart(
        "scatter_card",
        title,
        note,
        charts.scatter(
            rows,
            charts.ticks(0, float(rows["x"].max()), money, most=4),
            charts.ticks(0, float(rows["y"].max()) or 1.0, money, most=4),
            _("Ad cost"),
            _("Pipeline"),
            line=(float(rows["x"].max()), float(rows["x"].max())),
        ),
        alt="; ".join(f"{row.name}: {row.detail}" for row in rows.head(20).itertuples()),
        rows=groups,
        behind=_behind(frame, groups, per, "scatter_behind", "opportunity"),
    )


def _payback(frame: shell.Frame) -> Block:
    """What the spend of each month has brought back so far."""
    first, last = frame.period.months
    rows = queries.returns(frame.file, first, last, "all", by_date_of="touch", by_month=True)
    rows = rows[(rows["attribution_model"] == frame.chosen.model) & rows["month_start_date"].notna()]
    title = _("Payback: what each month's spend has brought back so far")
    note = _(
        "margin of what the touches of a month have won since ÷ marketing cost of that month · young months grow on"
    )
    known = rows[rows["marketing_cost_amount"].fillna(0) > 0]
    if len(known) < 2:
        return Words("payback_card", title, note, _("Too few months have a cost."))
    name = _("back per unit spent")
    shown = pd.DataFrame(
        {
            "position": range(len(known)),
            "month": [formatting.month(value) for value in known["month_start_date"]],
            "series": name,
            "value": (known["margin_amount"].fillna(0) / known["marketing_cost_amount"]).astype(float),
            "is_partial": known["is_partial_period"].fillna(False).astype(bool),
            "detail": [
                _(
                    "{back} for {cost}",
                    back=formatting.money(row.margin_amount, frame.currency),
                    cost=formatting.money(row.marketing_cost_amount, frame.currency),
                )
                for row in known.itertuples()
            ],
        }
    )
    high = float(shown["value"].max()) or 1.0
    return Chart(
        "payback_card",
        title,
        note,
        charts.month_lines(shown.assign(target=1.0), [name], charts.ticks(0, high, formatting.number)),
        alt="; ".join(f"{row.month}: {row.detail}" for row in shown.itertuples()),
        rows=known,
        footnote=_("The ticks are 1: as much margin as it cost."),
        width=30,
    )


def _groups_table(frame: shell.Frame, groups: pd.DataFrame) -> Block:
    """What was advertised, and what to make of it."""
    title, note = _("What was advertised"), _("by ad cost · a verdict only where every model agrees")
    if groups.empty:
        return Words("groups_card", title, note, _("No ad cost is known by campaign or channel."))
    shown = groups.head(LISTED_CAMPAIGNS)
    texts = pd.DataFrame(
        {
            _("Name"): [f"**{formatting.plain(value)}**" for value in shown["label"]],
            _("Ad cost"): [frame.money(value) for value in shown["media_cost_amount"]],
            _("Pipeline"): [frame.money(value) for value in shown["pipeline_amount"]],
            _("Won"): [frame.money(value) for value in shown["won_amount"]],
            _("ROAS"): [formatting.number(value) for value in shown["roas"]],
            _("By model"): [
                f"{formatting.number(low)} – {formatting.number(high)}"
                for low, high in zip(shown["min"], shown["max"], strict=True)
            ],
            _("Verdict"): [_verdict(low, high) for low, high in zip(shown["min"], shown["max"], strict=True)],
        }
    )
    hidden = len(groups) - len(shown)
    return Table(
        "groups_card",
        title,
        note,
        texts,
        rows=groups,
        alt=_("Ad cost and what came back"),
        numbers=tuple(texts.columns[1:-1]),
        unbroken=(texts.columns[0],),
        footnote=n_("{count} more not shown", "{count} more not shown", hidden) if hidden > 0 else "",
    )


def _verdict(low: float, high: float) -> str:
    if formatting.is_missing(low):
        return formatting.MISSING
    if high < 1:
        return f":orange-badge[:material/trending_down: {_('less than it cost')}]"
    if low > 1:
        return f":green-badge[:material/trending_up: {_('more than it cost')}]"
    return _("depends on the model")


if __name__ == "__main__":
    shell.show(content)
