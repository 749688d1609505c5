"""Points: a value among others, one measure against another, an estimate with its bounds."""

from collections.abc import Sequence

import pandas as pd

from app.charts.theme import (
    BLUE,
    GHOST,
    GREY,
    INK,
    MARKS,
    MUTED,
    ORANGE,
    PALE_BLUE,
    SEQUENTIAL,
    TEAL,
    WHITE,
    Ticks,
    chart,
    key,
    named_axis,
    tooltip,
    value_axis,
)

HEIGHT = 320


def _keyed(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(row=[key(position, str(label)) for position, label in enumerate(rows["label"])])


def range_dots(rows: pd.DataFrame, others: pd.DataFrame, ticks: Ticks) -> dict:
    """Per row a large point, small ones of the same thing seen otherwise, and the range that they span.

    `rows`, in order: label, value (null for none), low, high, text, detail; `is_marked` may be there. `others`: label,
    value, detail; labels are unique.
    """
    rows = _keyed(rows)
    if "is_marked" not in rows:
        rows["is_marked"] = False
    keys = dict(zip(rows["label"], rows["row"], strict=True))
    others = others[others["label"].isin(keys)]
    others = others.assign(row=others["label"].map(keys))
    high = max([float(value) for value in rows["high"].dropna()] + [1e-9])
    low = min([0.0] + [float(value) for value in rows["low"].dropna()])
    x = value_axis(ticks, low, 1.22 * high)
    x["axis"] = (x["axis"] or {}) | {"orient": "top"}
    y = named_axis(rows["row"])
    tips = tooltip(("label", " "), ("detail", "  "))
    layers = [
        {
            "mark": {"type": "bar", "height": 8, "cornerRadius": 4, "color": PALE_BLUE, "opacity": 0.55},
            "encoding": {"x": x | {"field": "low"}, "x2": {"field": "high"}, "y": y | {"field": "row"}},
        },
        {
            "data": {"values": others.to_dict("records")},
            "mark": {"type": "point", "filled": True, "size": 34, "color": GREY, "opacity": 0.85},
            "encoding": {"x": x | {"field": "value"}, "y": y | {"field": "row"}, "tooltip": tips},
        },
        {
            "name": MARKS,
            "mark": {"type": "point", "filled": True, "size": 150, "opacity": 1},
            "encoding": {
                "x": x | {"field": "value"},
                "y": y | {"field": "row"},
                "color": {"condition": {"test": "datum.is_marked", "value": ORANGE}, "value": BLUE},
                "tooltip": tips,
            },
        },
        {
            "mark": {"type": "text", "align": "left", "dx": 10, "fontWeight": 600, "fontSize": 12.5},
            "encoding": {"x": x | {"field": "high"}, "y": y | {"field": "row"}, "text": {"field": "text"}},
        },
    ]
    return chart(rows, layers, 32 * max(len(rows), 1) + 16)


def scatter(
    rows: pd.DataFrame,
    x_ticks: Ticks,
    y_ticks: Ticks,
    x_title: str,
    y_title: str,
    line: tuple[float, float] | None = None,
) -> dict:
    """One measure against another; `line` goes from the origin to a point, such as where both are equal.

    `rows`: x, y, size, label (shown where not empty), name, detail, is_marked.
    """
    x_high = 1.12 * max([*map(float, rows["x"].dropna()), x_ticks[-1][0] if x_ticks else 0.0, 1e-9])
    y_high = 1.12 * max([*map(float, rows["y"].dropna()), y_ticks[-1][0] if y_ticks else 0.0, 1e-9])
    x, y = value_axis(x_ticks, 0, x_high), value_axis(y_ticks, 0, y_high)
    x = x | {"title": x_title, "axis": (x["axis"] or {}) | {"title": x_title}}
    y = y | {"title": y_title, "axis": (y["axis"] or {}) | {"title": y_title}}
    tips = tooltip(("name", " "), ("detail", "  "))
    colour = {"condition": {"test": "datum.is_marked", "value": ORANGE}, "value": BLUE}
    layers: list[dict] = []
    if line:
        share = min(x_high / line[0] if line[0] else 1.0, y_high / line[1] if line[1] else 1.0)
        ends = [{"x": 0, "y": 0}, {"x": line[0] * share, "y": line[1] * share}]
        layers.append(
            {
                "data": {"values": ends},
                "mark": {"type": "line", "strokeDash": [5, 4], "color": MUTED, "strokeWidth": 1.4},
                "encoding": {"x": x | {"field": "x"}, "y": y | {"field": "y"}},
            }
        )
    size = {"field": "size", "type": "quantitative", "scale": {"range": [40, 500], "zero": True}, "legend": None}
    layers += [
        {
            "name": MARKS,
            "mark": {"type": "point", "filled": True, "opacity": 0.75},
            "encoding": {
                "x": x | {"field": "x"},
                "y": y | {"field": "y"},
                "size": size,
                "color": colour,
                "tooltip": tips,
            },
        },
        {
            "mark": {"type": "text", "align": "left", "dx": 10, "fontSize": 12, "limit": 130},
            "encoding": {"x": x | {"field": "x"}, "y": y | {"field": "y"}, "text": {"field": "label"}},
        },
    ]
    return chart(rows, layers, HEIGHT)


def forest(rows: pd.DataFrame, ticks: Ticks, rule: float = 0.0) -> dict:
    """An estimate a row with its bounds, and a rule at which nothing changes; what is decided has a shape of its own.

    `rows`, in order: label, value, lower, upper (null where unknown), text, detail, is_decided.
    """
    rows = _keyed(rows)
    known = [float(value) for column in ("value", "lower", "upper") for value in rows[column].dropna()] + [rule]
    low, high = min(known), max(known)
    room = 0.08 * ((high - low) or 1)
    x = value_axis(ticks, low - room, high + 4 * room)
    y = named_axis(rows["row"], axis={"labelLimit": 220})
    tips = tooltip(("label", " "), ("detail", "  "))
    colour = {"condition": {"test": "datum.is_decided", "value": BLUE}, "value": GREY}
    layers = [
        {
            "data": {"values": [{}]},
            "mark": {"type": "rule", "color": INK, "strokeWidth": 1.2},
            "encoding": {"x": x | {"datum": rule}},
        },
        {
            "mark": {"type": "rule", "strokeWidth": 2.2},
            "encoding": {
                "x": x | {"field": "lower"},
                "x2": {"field": "upper"},
                "y": y | {"field": "row"},
                "color": colour,
            },
        },
        {
            "name": MARKS,
            "mark": {"type": "point", "filled": True, "size": 110, "opacity": 1},
            "encoding": {
                "x": x | {"field": "value"},
                "y": y | {"field": "row"},
                "color": colour,
                "shape": {"condition": {"test": "datum.is_decided", "value": "diamond"}, "value": "circle"},
                "tooltip": tips,
            },
        },
        {
            "mark": {"type": "text", "align": "left", "dx": 8, "dy": -11, "fontSize": 12},
            "encoding": {"x": x | {"field": "value"}, "y": y | {"field": "row"}, "text": {"field": "text"}},
        },
    ]
    return chart(rows, layers, 46 * max(len(rows), 1) + 24)


def quartile_ranges(rows: pd.DataFrame, ticks: Ticks, x_title: str) -> dict:
    """Per row the middle half as a bar, the median as a tick.

    `rows`, in order: label, lower, middle, upper (null where not reached), text, detail.
    """
    rows = _keyed(rows)
    known = [float(value) for column in ("lower", "middle", "upper") for value in rows[column].dropna()] + [1e-9]
    high = max(known)
    rows["end"] = rows["upper"].astype(float).fillna(high)
    x = value_axis(ticks, 0, 1.2 * high)
    x = x | {"title": x_title, "axis": (x["axis"] or {}) | {"title": x_title}}
    y = named_axis(rows["row"])
    tips = tooltip(("label", " "), ("detail", "  "))
    layers = [
        {
            "name": MARKS,
            "mark": {"type": "bar", "height": 14, "cornerRadius": 3, "color": PALE_BLUE},
            "encoding": {
                "x": x | {"field": "lower"},
                "x2": {"field": "end"},
                "y": y | {"field": "row"},
                "tooltip": tips,
            },
        },
        {
            "mark": {"type": "tick", "thickness": 3, "height": 22, "color": BLUE},
            "encoding": {"x": x | {"field": "middle"}, "y": y | {"field": "row"}, "tooltip": tips},
        },
        {
            "mark": {"type": "text", "align": "left", "dx": 8, "fontSize": 12.5},
            "encoding": {"x": x | {"field": "end"}, "y": y | {"field": "row"}, "text": {"field": "text"}},
        },
    ]
    return chart(rows, layers, 34 * max(len(rows), 1) + 24)


def calibration(rows: pd.DataFrame, series: Sequence[str], ticks: Ticks, x_title: str, y_title: str) -> dict:
    """What was foretold against what came, on the diagonal where both agree.

    `rows`: x, y (shares), size, series, detail.
    """
    high = 1.1 * max([*map(float, rows["x"].dropna()), *map(float, rows["y"].dropna()), 1e-9])
    x, y = value_axis(ticks, 0, high), value_axis(ticks, 0, high)
    x = x | {"title": x_title, "axis": (x["axis"] or {}) | {"title": x_title}}
    y = y | {"title": y_title, "axis": (y["axis"] or {}) | {"title": y_title}}
    layers = [
        {
            "data": {"values": [{"x": 0, "y": 0}, {"x": high, "y": high}]},
            "mark": {"type": "line", "strokeDash": [5, 4], "color": GREY},
            "encoding": {"x": x | {"field": "x"}, "y": y | {"field": "y"}},
        },
        {
            "mark": {"type": "point", "filled": True, "opacity": 0.85},
            "encoding": {
                "x": x | {"field": "x"},
                "y": y | {"field": "y"},
                "size": {"field": "size", "type": "quantitative", "scale": {"range": [40, 300]}, "legend": None},
                "color": {
                    "field": "series",
                    "type": "nominal",
                    "scale": {"domain": list(series), "range": [BLUE, TEAL][: len(series)]},
                    "legend": {"orient": "top", "title": None, "labelFontSize": 13},
                },
                "tooltip": tooltip(("series", " "), ("detail", "  ")),
            },
        },
    ]
    return chart(rows, layers, HEIGHT)


def heat_map(
    cells: pd.DataFrame,
    rows: Sequence[str],
    columns: Sequence[str],
    x_title: str | None = None,
    y_title: str | None = None,
) -> dict:
    """Rows by columns, a cell's shade from 0 to 1 (null: empty), its text within.

    `cells`: row, column (their names, unique), shade, text, detail.
    """
    row_keys = {name: key(position, name) for position, name in enumerate(rows)}
    column_keys = {name: key(position, name) for position, name in enumerate(columns)}
    cells = cells.assign(row_key=cells["row"].map(row_keys), column_key=cells["column"].map(column_keys))
    encoding = {
        "x": named_axis(
            list(column_keys.values()),
            axis={"orient": "top", "labelAngle": 0, "labelColor": MUTED, "labelFontSize": 12, "title": x_title},
            scale={"paddingInner": 0.04, "paddingOuter": 0},
        )
        | {"field": "column_key"},
        "y": named_axis(
            list(row_keys.values()), axis={"title": y_title}, scale={"paddingInner": 0.06, "paddingOuter": 0}
        )
        | {"field": "row_key"},
        "tooltip": tooltip(("row", " "), ("column", "  "), ("detail", "   ")),
    }
    layers = [
        {
            "name": MARKS,
            "mark": {"type": "rect", "cornerRadius": 2},
            "encoding": encoding
            | {
                "color": {
                    "condition": {
                        "test": "isValid(datum.shade)",
                        "field": "shade",
                        "type": "quantitative",
                        "scale": {"domain": [0, 1], "range": SEQUENTIAL},
                        "legend": None,
                    },
                    "value": GHOST,
                }
            },
        },
        {
            "mark": {"type": "text", "fontSize": 12},
            "encoding": encoding
            | {
                "text": {"field": "text"},
                "color": {
                    "condition": {"test": "isValid(datum.shade) && datum.shade > 0.55", "value": WHITE},
                    "value": INK,
                },
            },
        },
    ]
    return chart(cells, layers, 32 * max(len(rows), 1) + 28)
