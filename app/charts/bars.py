"""Bars that lie: ranked, stacked, against a target, adding up to a total."""

import json
import math
from collections.abc import Sequence

import pandas as pd

from app.charts.theme import (
    ALWAYS_DARK,
    BLUE,
    CATEGORICAL,
    GHOST,
    GREY,
    INK,
    MARKS,
    MUTED,
    ORANGE,
    PALE_BLUE,
    SKY,
    TEAL,
    WHITE,
    chart,
    key,
    named_axis,
    tooltip,
    value_axis,
)

ROW_HEIGHT = 34
KIND_COLOURS = {"plus": BLUE, "other": TEAL, "minus": ORANGE, "total": INK, "context": GREY}


def _keyed(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(row=[key(position, str(label)) for position, label in enumerate(rows["label"])])


def _height(count: int, row_height: int = ROW_HEIGHT) -> int:
    return max(count, 1) * row_height


def ranked_bars(rows: pd.DataFrame, benchmark: float | None = None) -> dict:
    """One bar a row, to the right of 0 or to its left, its text beside it.

    `rows`, in order: label, value (null for none), text, detail; `is_marked` (orange) and `is_pale` may be there.
    `benchmark` is a dashed rule.
    """
    rows = _keyed(rows)
    for column in ("is_marked", "is_pale"):
        if column not in rows:
            rows[column] = False
    values = rows["value"].astype(float)
    edges = [0.0, *values.dropna(), *([benchmark] if benchmark is not None else [])]
    low, high = min(edges), max(edges)
    room = 0.3 * ((high - low) or 1)
    rows["edge"] = values.where(values >= 0, 0.0).fillna(0.0)
    x = value_axis(None, low - (room if low < 0 else 0), high + room)
    y = named_axis(rows["row"])
    colour = {
        "condition": [
            {"test": "datum.is_marked || datum.value < 0", "value": ORANGE},
            {"test": "datum.is_pale", "value": PALE_BLUE},
        ],
        "value": BLUE,
    }
    tips = tooltip(("label", " "), ("detail", "  "))
    layers = [
        {
            "name": MARKS,
            "mark": {"type": "bar", "cornerRadius": 2},
            "encoding": {
                "x": x | {"field": "value"},
                "x2": {"datum": 0},
                "y": y | {"field": "row"},
                "color": colour,
                "tooltip": tips,
            },
        },
        {
            "mark": {"type": "text", "align": "left", "dx": 6, "fontSize": 12.5},
            "encoding": {
                "x": x | {"field": "edge"},
                "y": y | {"field": "row"},
                "text": {"field": "text"},
                "tooltip": tips,
            },
        },
    ]
    if low < 0:
        layers.append(
            {"data": {"values": [{}]}, "mark": {"type": "rule", "color": MUTED}, "encoding": {"x": x | {"datum": 0}}}
        )
    if benchmark is not None:
        layers.append(
            {
                "data": {"values": [{}]},
                "mark": {"type": "rule", "strokeDash": [5, 4], "color": INK, "strokeWidth": 1.2},
                "encoding": {"x": x | {"datum": benchmark}},
            }
        )
    return chart(rows, layers, _height(len(rows)))


def stacked_bars(rows: pd.DataFrame, series: Sequence[str], colours: Sequence[str] = CATEGORICAL) -> dict:
    """One bar a row, its parts side by side in the order of `series`, named on top.

    `rows`: label, series, value, text (within the part, empty where it is small), detail; labels in their order.
    """
    labels = list(dict.fromkeys(rows["label"]))
    rows = rows.assign(
        row=[key(labels.index(label), str(label)) for label in rows["label"]],
        order=[list(series).index(name) for name in rows["series"]],
    ).sort_values(["row", "order"])
    rows["end"] = rows.groupby("row")["value"].cumsum()
    rows["begin"] = rows["end"] - rows["value"]
    rows["middle"] = (rows["begin"] + rows["end"]) / 2
    y = named_axis(sorted(rows["row"].unique()))
    x = value_axis(None, 0, float(rows["end"].max() or 1))
    bars = {
        "name": MARKS,
        "mark": {"type": "bar", "cornerRadius": 1, "stroke": WHITE, "strokeWidth": 1},
        "encoding": {
            "x": x | {"field": "begin"},
            "x2": {"field": "end"},
            "y": y | {"field": "row"},
            "color": _legend(series, colours),
            "tooltip": tooltip(("label", " "), ("series", "  "), ("detail", "   ")),
        },
    }
    texts = {
        "mark": {"type": "text", "fontSize": 12},
        "encoding": {
            "x": x | {"field": "middle"},
            "y": y | {"field": "row"},
            "text": {"field": "text"},
            "color": _text_on(list(series), colours),
        },
    }
    # The names of the parts stand above, three in a line.
    return chart(rows, [bars, texts], _height(len(labels), 38) + 26 * math.ceil(len(series) / 3))


def _text_on(series: Sequence[str], colours: Sequence[str]) -> dict:
    """The colour of a text within a part: what can be read on the part's own."""

    def has(which: Sequence[str]) -> str:
        named = [name for name, colour in zip(series, colours, strict=False) if colour in which]
        return f"indexof({json.dumps(named)}, datum.series) >= 0"

    pale = {"test": has((PALE_BLUE, GHOST)), "value": INK}
    bright = {"test": has((ORANGE, TEAL, SKY, GREY)), "value": ALWAYS_DARK}
    return {"condition": [pale, bright], "value": WHITE}


def _legend(series: Sequence[str], colours: Sequence[str]) -> dict:
    return {
        "field": "series",
        "type": "nominal",
        "sort": list(series),
        "scale": {"domain": list(series), "range": list(colours[: len(series)])},
        "legend": {"orient": "top", "title": None, "labelFontSize": 13, "symbolType": "square", "columns": 3},
    }


def bullets(rows: pd.DataFrame) -> dict:
    """What is against what was to be: a bar, and a tick where its target lies; each row on a scale of its own.

    `rows`, in order: label, share (of the target; null without), text, detail, is_good.
    """
    rows = _keyed(rows)
    rows["shown"] = rows["share"].astype(float).clip(0, 1.6).fillna(0)
    y = named_axis(rows["row"])
    x = value_axis(None, 0, 2.4)
    tips = tooltip(("label", " "), ("detail", "  "))
    colour = {"condition": {"test": "datum.is_good", "value": BLUE}, "value": ORANGE}
    layers = [
        {
            "mark": {"type": "bar", "color": GHOST, "cornerRadius": 2, "height": 20},
            "encoding": {"x": x | {"datum": 1.6}, "y": y | {"field": "row"}},
        },
        {
            "mark": {"type": "bar", "cornerRadius": 2, "height": 12},
            "encoding": {"x": x | {"field": "shown"}, "y": y | {"field": "row"}, "color": colour, "tooltip": tips},
        },
        {
            "mark": {"type": "tick", "color": INK, "thickness": 2.5, "height": 24},
            "encoding": {"x": x | {"datum": 1}, "y": y | {"field": "row"}},
        },
        {
            "mark": {"type": "text", "align": "left", "dx": 6, "fontSize": 12.5},
            "encoding": {
                "x": x | {"datum": 1.6},
                "y": y | {"field": "row"},
                "text": {"field": "text"},
                "tooltip": tips,
            },
        },
    ]
    return chart(rows, layers, _height(len(rows), 36))


def waterfall(rows: pd.DataFrame) -> dict:
    """What adds up to a total, from the first row to the last.

    `rows`, in order: label, begin, end, kind (plus, other, minus, total, context), text, detail.
    """
    rows = _keyed(rows)
    rows["edge"] = rows[["begin", "end"]].max(axis=1)
    low, high = min(0.0, rows[["begin", "end"]].min().min()), max(rows["edge"].max(), 1e-9)
    x = value_axis(None, low, high + 0.18 * (high - low))
    y = named_axis(rows["row"], axis={"labelLimit": 230})
    kinds = list(KIND_COLOURS)
    colour = {
        "field": "kind",
        "type": "nominal",
        "scale": {"domain": kinds, "range": [KIND_COLOURS[kind] for kind in kinds]},
        "legend": None,
    }
    tips = tooltip(("label", " "), ("detail", "  "))
    layers = [
        {
            "mark": {"type": "bar", "cornerRadius": 2},
            "encoding": {
                "x": x | {"field": "begin"},
                "x2": {"field": "end"},
                "y": y | {"field": "row"},
                "color": colour,
                "tooltip": tips,
            },
        },
        {
            "mark": {"type": "text", "align": "left", "dx": 6, "fontSize": 12.5, "fontWeight": 600},
            "encoding": {"x": x | {"field": "edge"}, "y": y | {"field": "row"}, "text": {"field": "text"}},
        },
    ]
    return chart(rows, layers, _height(len(rows), 30))
