"""The funnel's own charts, and rates of groups beside it.

A chart is designed once, in Altair, as a template whose data, order and limits are placeholders; drawing fills them in.
Altair validates every part it builds, which costs 0.1 s a chart: too much to spend on each change of a filter.
"""

from collections.abc import Mapping
from functools import cache

import altair as alt
import pandas as pd

from app.charts.theme import (
    BLUE,
    CONFIG,
    GHOST,
    GREY,
    INK,
    MARKS,
    MUTED,
    ORANGE_INK,
    PALE_BLUE,
    PALE_ORANGE,
    SEQUENTIAL,
    TOO_YOUNG,
    key,
    records,
)

# Two charts side by side look alike in height whether a company has three stages or ten.
PANEL_HEIGHT = 384

# Placeholders: each stands where the value of the same name is filled in.
ROWS, BARS, COLUMNS, END, BENCHMARK = "$rows", "$bars", "$columns", "$end", "$benchmark"

# Without a name Altair gives each layer a data set of its own, an empty one.
DATA = alt.NamedData("rows")

# An axis shows a row's name without the position that its key begins with: two rows may bear one name.
NAME_OF_KEY = "slice(datum.value, 4)"


def _themed(chart: alt.LayerChart) -> dict:
    """The finished template in the house style, which it carries itself so that an export looks the same."""
    return chart.to_dict() | {"config": CONFIG}


def _filled(template: object, values: Mapping[str, object]) -> object:
    """A copy of a template with its placeholders replaced; a list of one placeholder becomes the whole list."""
    if isinstance(template, dict):
        return {key: _filled(value, values) for key, value in template.items()}
    if isinstance(template, list):
        if len(template) == 1 and isinstance(template[0], str) and isinstance(values.get(template[0]), list):
            return values[template[0]]
        return [_filled(value, values) for value in template]
    return values.get(template, template) if isinstance(template, str) else template


def _drawn(template: dict, data: pd.DataFrame, height: float, **values: object) -> dict:
    """A Vega-Lite chart: the template, its placeholders and its data filled in."""
    chart = _filled(template, {f"${name}": value for name, value in values.items()})
    return chart | {"data": {"values": records(data)}, "height": round(height)}


@cache
def _funnel_template() -> dict:
    x = {"scale": alt.Scale(domain=[0, END], nice=False), "axis": None}
    y = alt.Y(
        "row:N",
        sort=[ROWS],
        title=None,
        axis=alt.Axis(values=[BARS], labelExpr=NAME_OF_KEY),
        scale=alt.Scale(domain=[ROWS], paddingInner=0.04, paddingOuter=0),
    )
    step_y = alt.Y("step_row:N", sort=[ROWS], title=None)
    tooltip = [
        alt.Tooltip("stage_label:N", title=" "),
        alt.Tooltip("count_text:N", title="  "),
        alt.Tooltip("definition:N", title="   "),
    ]
    lost = (
        alt.Chart(DATA)
        .transform_filter("isValid(datum.previous_lead_count)")
        .mark_bar(cornerRadius=2)
        .encode(
            x=alt.X("lead_count:Q", **x),
            x2="previous_lead_count:Q",
            y=y,
            color=alt.when("datum.is_weakest").then(alt.value(PALE_ORANGE)).otherwise(alt.value(GHOST)),
            tooltip=tooltip,
        )
    )
    kept = (
        alt.Chart(DATA, name=MARKS)
        .mark_bar(cornerRadius=2, color=BLUE)
        .encode(x=alt.X("lead_count:Q", **x), y=y, tooltip=tooltip)
    )
    counts = (
        alt.Chart(DATA)
        .mark_text(align="left", dx=7, fontWeight=600)
        .encode(x=alt.X("lead_count:Q", **x), y=y, text="count_text:N")
    )
    shares = (
        alt.Chart(DATA)
        .mark_text(align="right", fontSize=12.5, color=MUTED)
        .encode(x=alt.datum(END, type="quantitative", **x), y=y, text="share_text:N")
    )
    rates = (
        alt.Chart(DATA)
        .transform_filter("datum.step_text != ''")
        .mark_text(align="left", dx=4, fontSize=12.5)
        .encode(
            x=alt.datum(0, type="quantitative", **x),
            y=step_y,
            text="step_text:N",
            color=alt.when("datum.is_weakest").then(alt.value(ORANGE_INK)).otherwise(alt.value(MUTED)),
        )
    )
    return _themed(alt.layer(lost, kept, counts, shares, rates))


def funnel_bars(rows: pd.DataFrame) -> dict:
    """Left-aligned bars, the share that goes on between them; what the weakest step loses is orange.

    `rows`, in order: stage_label, lead_count, previous_lead_count, is_weakest, count_text, share_text, step_text (empty
    for none), definition.
    """
    bars = [key(2 * position, label) for position, label in enumerate(rows["stage_label"])]
    between = [key(2 * position - 1) if position else "" for position in range(len(rows))]
    order = sorted([*bars, *between[1:]])
    height = min(max(PANEL_HEIGHT / len(order), 26), 52) * len(order)
    end = 1.42 * (float(rows["lead_count"].max()) or 1)
    return _drawn(_funnel_template(), rows.assign(row=bars, step_row=between), height, rows=order, bars=bars, end=end)


@cache
def _rate_template() -> dict:
    x = {"scale": alt.Scale(domain=[0, END], nice=False), "axis": None}
    y = alt.Y(
        "row:N",
        sort=[ROWS],
        title=None,
        axis=alt.Axis(labelExpr=NAME_OF_KEY, labelLimit=130),
        scale=alt.Scale(domain=[ROWS], paddingInner=0.25),
    )
    tooltip = [alt.Tooltip("label:N", title=" "), alt.Tooltip("detail:N", title="  ")]
    bars = (
        alt.Chart(DATA, name=MARKS)
        .transform_filter("isValid(datum.rate)")
        .mark_bar(cornerRadius=2)
        .encode(
            x=alt.X("rate:Q", **x),
            y=y,
            color=alt.when("datum.is_above").then(alt.value(BLUE)).otherwise(alt.value(PALE_BLUE)),
            tooltip=tooltip,
        )
    )
    # Every layer says that it has no axis: one that does not cannot be merged with the others, and nothing is drawn.
    rule = (
        alt.Chart(DATA)
        .transform_filter("datum.position == 0")
        .mark_rule(strokeDash=[5, 4], color=INK, strokeWidth=1.2)
        .encode(x=alt.datum(BENCHMARK, type="quantitative", **x))
    )
    inside = (
        alt.Chart(DATA)
        .transform_filter("datum.is_inside")
        .mark_text(align="left", dx=6, fontSize=12.5)
        .encode(
            x=alt.datum(0, type="quantitative", **x),
            y=y,
            text="rate_text:N",
            color=alt.when("datum.is_above").then(alt.value("#FFFFFF")).otherwise(alt.value(INK)),
            tooltip=tooltip,
        )
    )
    beside = (
        alt.Chart(DATA)
        .transform_filter("!datum.is_inside && isValid(datum.rate)")
        .mark_text(align="left", dx=6, fontSize=12.5)
        .encode(x=alt.X("rate:Q", **x), y=y, text="rate_text:N", tooltip=tooltip)
    )
    sizes = (
        alt.Chart(DATA)
        .mark_text(align="right", fontSize=12.5, color=MUTED)
        .encode(x=alt.datum(END, type="quantitative", **x), y=y, text="size_text:N", tooltip=tooltip)
    )
    return _themed(alt.layer(bars, rule, inside, beside, sizes))


def rate_bars(rows: pd.DataFrame, benchmark: float) -> dict:
    """One bar per group; dashed, the rate of all groups together; groups too small to judge have no bar.

    `rows`, in order: label, rate (null where too small), rate_text, size_text, detail.
    """
    highest = max([*rows["rate"].dropna(), benchmark]) or 1
    rows = rows.assign(
        position=range(len(rows)),
        row=[key(position, label) for position, label in enumerate(rows["label"])],
        is_above=rows["rate"] >= benchmark,
        # The rate stands inside its bar, or beside it where the bar is too short to hold it.
        is_inside=rows["rate"] >= 0.3 * highest,
    )
    height = min(max(0.8 * PANEL_HEIGHT / len(rows), 28), 44) * len(rows)
    return _drawn(
        _rate_template(), rows, height, rows=list(rows["row"]), end=1.55 * highest, benchmark=float(benchmark)
    )


@cache
def _heat_map_template() -> dict:
    base = alt.Chart(DATA).encode(
        x=alt.X(
            "column:N",
            sort=[COLUMNS],
            title=None,
            axis=alt.Axis(orient="top", labelAngle=0, labelExpr=NAME_OF_KEY, labelColor=MUTED, labelFontSize=12),
            scale=alt.Scale(domain=[COLUMNS], paddingInner=0.03, paddingOuter=0),
        ),
        y=alt.Y(
            "row:N",
            sort=[ROWS],
            title=None,
            axis=alt.Axis(labelExpr=NAME_OF_KEY),
            scale=alt.Scale(domain=[ROWS], paddingInner=0.06, paddingOuter=0),
        ),
        tooltip=[
            alt.Tooltip("month:N", title=" "),
            alt.Tooltip("stage_label:N", title="  "),
            alt.Tooltip("detail:N", title="   "),
        ],
    )
    tiles = base.mark_rect(cornerRadius=2).encode(
        color=alt.when("isValid(datum.shade)")
        .then(alt.Color("shade:Q", scale=alt.Scale(domain=[0, 1], range=SEQUENTIAL), legend=None))
        .otherwise(alt.value(TOO_YOUNG))
    )
    texts = base.mark_text(fontSize=12).encode(
        text="text:N",
        color=alt.when("isValid(datum.shade) && datum.shade > 0.55")
        .then(alt.value("#FFFFFF"))
        .when("datum.is_young")
        .then(alt.value(MUTED))
        .otherwise(alt.value(INK)),
    )
    return _themed(alt.layer(tiles, texts))


def cohort_heat_map(cells: pd.DataFrame) -> dict:
    """Stages by month of creation. Colour compares the months of one stage; young cohorts are pale.

    `cells`: stage_order, stage_label, month (text), month_position, shade (0 to 1 within the stage; null for a young or
    small cohort), text, is_young, detail.
    """
    cells = cells.assign(
        row=[key(order, label) for order, label in zip(cells["stage_order"], cells["stage_label"], strict=True)],
        column=[key(position, month) for position, month in zip(cells["month_position"], cells["month"], strict=True)],
    )
    rows, columns = sorted(cells["row"].unique()), sorted(cells["column"].unique())
    return _drawn(_heat_map_template(), cells, 32 * len(rows) + 28, rows=rows, columns=columns)


@cache
def _before_after_template() -> dict:
    x = alt.X(
        "column:N",
        sort=[COLUMNS],
        title=None,
        axis=alt.Axis(labelExpr=NAME_OF_KEY, labelAngle=0, labelColor=MUTED, labelFontSize=12, labelOverlap=True),
        scale=alt.Scale(domain=[COLUMNS], paddingInner=0.3, paddingOuter=0.1),
    )
    tooltip = [
        alt.Tooltip("month:N", title=" "),
        alt.Tooltip("rules:N", title="  "),
        alt.Tooltip("detail:N", title="   "),
    ]
    bars = (
        alt.Chart(DATA)
        .mark_bar(cornerRadius=1)
        .encode(
            x=x,
            xOffset=alt.XOffset("position:O", scale=alt.Scale(domain=[0, 1])),
            y=alt.Y("crossing_count:Q", title=None, axis=alt.Axis(tickMinStep=1, tickCount=5)),
            color=alt.Color(
                "rules:N",
                scale=alt.Scale(domain=[BARS], range=[GREY, BLUE]),
                legend=alt.Legend(orient="top", title=None, labelFontSize=13, symbolType="square"),
            ),
            # A month that is not over counts less than a whole one.
            opacity=alt.when("datum.is_partial").then(alt.value(0.45)).otherwise(alt.value(1)),
            tooltip=tooltip,
        )
    )
    return _themed(alt.layer(bars))


def before_after_columns(rows: pd.DataFrame) -> dict:
    """Two columns a month: grey before, blue after; a month that is not over is pale.

    `rows`, by month: month (text), month_position, position (0 before, 1 after), rules (what each is called),
    crossing_count, is_partial, detail.
    """
    rows = rows.assign(
        column=[key(position, name) for position, name in zip(rows["month_position"], rows["month"], strict=True)]
    )
    names = list(rows.sort_values("position")["rules"].unique())
    return _drawn(_before_after_template(), rows, 260, columns=sorted(rows["column"].unique()), bars=names)
