"""What changes over time, or along a scale: columns, lines, curves, and what happened on one time axis."""

from collections.abc import Sequence

import pandas as pd

from app.charts.theme import (
    BLUE,
    CATEGORICAL,
    GREY,
    INK,
    MARKS,
    MUTED,
    ORANGE,
    PALE_BLUE,
    WHITE,
    Ticks,
    chart,
    key,
    named_axis,
    tick_axis,
    tooltip,
    value_axis,
)

HEIGHT = 280


def _legend(series: Sequence[str], colours: Sequence[str], symbol: str) -> dict:
    return {
        "field": "series",
        "type": "nominal",
        "sort": list(series),
        "scale": {"domain": list(series), "range": list(colours[: len(series)])},
        "legend": {"orient": "top", "title": None, "labelFontSize": 13, "symbolType": symbol, "columns": 4}
        if len(series) > 1
        else None,
    }


def _month_axis(columns: Sequence[str]) -> dict:
    return named_axis(
        columns,
        axis={"labelAngle": 0, "labelColor": MUTED, "labelFontSize": 12, "labelOverlap": True},
        scale={"paddingInner": 0.25},
    )


def stacked_columns(
    rows: pd.DataFrame, series: Sequence[str], ticks: Ticks, colours: Sequence[str] = (*CATEGORICAL, GREY)
) -> dict:
    """One column a month, its parts on each other in the order of `series`; a month that is not over is pale.

    `rows`: position, month (text), series, value, is_partial, detail.
    """
    rows = rows.assign(
        column=[key(int(position), month) for position, month in zip(rows["position"], rows["month"], strict=True)],
        order=[list(series).index(name) for name in rows["series"]],
    ).sort_values(["column", "order"])
    rows["end"] = rows.groupby("column")["value"].cumsum()
    rows["begin"] = rows["end"] - rows["value"]
    high = max(float(rows["end"].max()), ticks[-1][0] if ticks else 0.0)
    y = value_axis(ticks, 0, high)
    bars = {
        "name": MARKS,
        "mark": {"type": "bar", "stroke": WHITE, "strokeWidth": 0.6},
        "encoding": {
            "x": _month_axis(sorted(rows["column"].unique())) | {"field": "column"},
            "y": y | {"field": "begin"},
            "y2": {"field": "end"},
            "color": _legend(series, colours, "square"),
            "opacity": {"condition": {"test": "datum.is_partial", "value": 0.45}, "value": 1},
            "tooltip": tooltip(("month", " "), ("series", "  "), ("detail", "   ")),
        },
    }
    return chart(rows, [bars], HEIGHT)


def month_lines(rows: pd.DataFrame, series: Sequence[str], ticks: Ticks, colours: Sequence[str] = CATEGORICAL) -> dict:
    """A line a series; the way to a month that is not over is dashed, its point hollow; pale bands are bounds.

    `rows`: position, month (text), series, value (null where unknown), is_partial, detail. There may be lower and
    upper, and target, which is a short rule across its month.
    """
    rows = rows.assign(
        column=[key(int(position), month) for position, month in zip(rows["position"], rows["month"], strict=True)]
    ).sort_values(["series", "position"])
    for column in ("lower", "upper", "target"):
        if column not in rows:
            rows[column] = None
    # The way into a month that is not over begins at the month before.
    rows["before"] = rows.groupby("series")["value"].shift(1)
    rows["column_before"] = rows.groupby("series")["column"].shift(1)
    known = [float(value) for column in ("value", "upper", "target") for value in rows[column].dropna()]
    lows = [float(value) for column in ("value", "lower") for value in rows[column].dropna()]
    low, high = min([0.0, *lows]), max([*known, ticks[-1][0] if ticks else 0.0, 1e-9])
    x = _month_axis(sorted(rows["column"].unique()))
    y = value_axis(ticks, low, high)
    colour = _legend(series, colours, "circle")
    tips = tooltip(("month", " "), ("series", "  "), ("detail", "   "))
    layers = [
        {
            "transform": [{"filter": "isValid(datum.lower) && isValid(datum.upper)"}],
            "mark": {"type": "area", "opacity": 0.16},
            "encoding": {
                "x": x | {"field": "column"},
                "y": y | {"field": "lower"},
                "y2": {"field": "upper"},
                "color": colour,
            },
        },
        {
            "transform": [{"filter": "isValid(datum.target)"}],
            "mark": {"type": "tick", "color": INK, "thickness": 2, "width": 16},
            "encoding": {"x": x | {"field": "column"}, "y": y | {"field": "target"}, "tooltip": tips},
        },
        {
            "transform": [{"filter": "!datum.is_partial"}],
            "mark": {"type": "line", "strokeWidth": 2.5},
            "encoding": {"x": x | {"field": "column"}, "y": y | {"field": "value"}, "color": colour},
        },
        {
            "transform": [
                {"filter": "datum.is_partial && isValid(datum.before) && isValid(datum.value)"},
                {
                    "calculate": "[{'at': datum.column_before, 'v': datum.before},"
                    " {'at': datum.column, 'v': datum.value}]",
                    "as": "way",
                },
                {"flatten": ["way"]},
                {"calculate": "datum.way.at", "as": "at"},
                {"calculate": "datum.way.v", "as": "v"},
            ],
            "mark": {"type": "line", "strokeWidth": 2, "strokeDash": [3, 3]},
            "encoding": {"x": x | {"field": "at"}, "y": y | {"field": "v"}, "color": colour},
        },
        {
            "transform": [{"filter": "isValid(datum.value)"}],
            "name": MARKS,
            "mark": {"type": "point", "size": 42, "filled": True},
            "encoding": {
                "x": x | {"field": "column"},
                "y": y | {"field": "value"},
                "color": colour,
                "fillOpacity": {"condition": {"test": "datum.is_partial", "value": 0}, "value": 1},
                "strokeWidth": {"value": 1.6},
                "stroke": {k: v for k, v in colour.items() if k != "legend"} | {"legend": None},
                "tooltip": tips,
            },
        },
    ]
    return chart(rows, layers, HEIGHT)


def curves(
    rows: pd.DataFrame,
    series: Sequence[str],
    x_ticks: Ticks,
    y_ticks: Ticks,
    x_title: str,
    level: float | None = None,
    colours: Sequence[str] = CATEGORICAL,
    at: float | None = None,
) -> dict:
    """Steps from 0 on, a curve a series, with pale bounds; dashed are a `level`, and a moment `at` on the way.

    `rows`: x, value, series, detail; lower and upper may be there.
    """
    for column in ("lower", "upper"):
        if column not in rows:
            rows = rows.assign(**{column: None})
    high = max(float(rows["x"].max()), x_ticks[-1][0] if x_ticks else 0.0)
    x = value_axis(x_ticks, 0, high)
    x = x | {"axis": (x["axis"] or {}) | {"title": x_title, "grid": False}, "title": x_title}
    y = value_axis(y_ticks, 0, 1)
    colour = _legend(series, colours, "circle")
    layers: list[dict] = [
        {
            "transform": [{"filter": "isValid(datum.lower) && isValid(datum.upper)"}],
            "mark": {"type": "area", "opacity": 0.14, "interpolate": "step-after"},
            "encoding": {
                "x": x | {"field": "x"},
                "y": y | {"field": "lower"},
                "y2": {"field": "upper"},
                "color": colour,
            },
        },
        {
            "mark": {"type": "line", "strokeWidth": 2.4, "interpolate": "step-after"},
            "encoding": {
                "x": x | {"field": "x"},
                "y": y | {"field": "value"},
                "color": colour,
                "tooltip": tooltip(("series", " "), ("detail", "  ")),
            },
        },
    ]
    dashed = {"type": "rule", "strokeDash": [5, 4], "color": GREY, "strokeWidth": 1.4}
    if level is not None:
        layers.append({"data": {"values": [{}]}, "mark": dashed, "encoding": {"y": y | {"datum": level}}})
    if at is not None:
        layers.append(
            {"data": {"values": [{}]}, "mark": dashed | {"color": ORANGE}, "encoding": {"x": x | {"datum": at}}}
        )
    return chart(rows, layers, HEIGHT)


def ranked_columns(rows: pd.DataFrame, average: float | None, x_title: str) -> dict:
    """One column a row in order, its text above; dashed, the average.

    `rows`: label, value (null for none), text, detail, is_marked.
    """
    rows = rows.assign(column=[key(position, str(label)) for position, label in enumerate(rows["label"])])
    high = max([float(value) for value in rows["value"].dropna()] + [average or 0.0, 1e-9])
    y = value_axis(None, 0, 1.15 * high)
    x = named_axis(rows["column"], axis={"labelAngle": 0, "title": x_title})
    colour = {"condition": {"test": "datum.is_marked", "value": BLUE}, "value": PALE_BLUE}
    tips = tooltip(("label", x_title), ("detail", " "))
    layers = [
        {
            "mark": {"type": "bar", "cornerRadius": 2},
            "encoding": {"x": x | {"field": "column"}, "y": y | {"field": "value"}, "color": colour, "tooltip": tips},
        },
        {
            "mark": {"type": "text", "dy": -9, "fontSize": 12.5},
            "encoding": {"x": x | {"field": "column"}, "y": y | {"field": "value"}, "text": {"field": "text"}},
        },
    ]
    if average is not None:
        dashed = {"type": "rule", "strokeDash": [5, 4], "color": ORANGE, "strokeWidth": 1.4}
        layers.append({"data": {"values": [{}]}, "mark": dashed, "encoding": {"y": y | {"datum": average}}})
    return chart(rows, layers, HEIGHT)


def lanes(
    bars: pd.DataFrame, points: pd.DataFrame, lane_names: Sequence[str], ticks: Ticks, begin: float, end: float
) -> dict:
    """What happened, lane by lane, on one time axis (in seconds).

    `bars`: lane, from, to, label, shade (0 to 1), detail. `points`: lane, at, kind (strong or plain), label, detail.
    """
    keys = [key(position, name) for position, name in enumerate(lane_names)]
    lane_keys = dict(zip(lane_names, keys, strict=True))
    y = named_axis(keys, scale={"paddingInner": 0.45})
    x = value_axis(ticks, begin, end)
    tips = tooltip(("label", " "), ("detail", "  "))
    bars, points = (frame.assign(row=frame["lane"].map(lane_keys)) for frame in (bars, points))
    layers = [
        {
            "data": {"values": bars.to_dict("records")},
            "mark": {"type": "bar", "cornerRadius": 3, "stroke": WHITE, "strokeWidth": 1},
            "encoding": {
                "x": x | {"field": "from"},
                "x2": {"field": "to"},
                "y": y | {"field": "row"},
                "color": {
                    "field": "shade",
                    "type": "quantitative",
                    "scale": {"domain": [0, 1], "range": ["#7BA3D8", "#143A7B"]},
                    "legend": None,
                },
                "tooltip": tips,
            },
        },
        {
            "data": {"values": bars.to_dict("records")},
            "transform": [{"filter": f"(datum.to - datum.from) > {0.07 * (end - begin)}"}],
            "mark": {"type": "text", "align": "left", "dx": 5, "fontSize": 12, "color": WHITE, "fontWeight": 600},
            "encoding": {"x": x | {"field": "from"}, "y": y | {"field": "row"}, "text": {"field": "label"}},
        },
        {
            "data": {"values": points.to_dict("records")},
            "mark": {"type": "point", "filled": True, "size": 80, "opacity": 0.9},
            "encoding": {
                "x": x | {"field": "at"},
                "y": y | {"field": "row"},
                "shape": {"condition": {"test": "datum.kind == 'strong'", "value": "diamond"}, "value": "circle"},
                "color": {"condition": {"test": "datum.kind == 'strong'", "value": ORANGE}, "value": GREY},
                "tooltip": tips,
            },
        },
    ]
    spec = chart(pd.DataFrame(), layers, 54 * len(lane_names) + 20)
    return spec | {"encoding": {"x": {"axis": tick_axis(ticks)}}}
