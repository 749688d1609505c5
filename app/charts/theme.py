"""How every chart looks, in the light and in the dark, on the screen and as a picture.

Blue is the measure, orange the one thing to look at, pale blue what lies below the benchmark, grey context.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from struct import unpack

import pandas as pd
import vl_convert

INK, MUTED, GRID = "#172033", "#5B6575", "#E6EAF0"
BLUE, ORANGE, TEAL, PLUM, SKY, BROWN = "#1F4E9E", "#E8710A", "#0F9D84", "#7A1F5C", "#4C9BE0", "#6B4E16"
CATEGORICAL = (BLUE, ORANGE, TEAL, PLUM, SKY, BROWN)
GREY, PALE_BLUE, PALE_ORANGE, GHOST = "#9AA4B2", "#A3BFE6", "#FBD7B4", "#EEF1F6"
ORANGE_INK, GOOD, WHITE = "#B3390B", "#0B7A5E", "#FFFFFF"
SEQUENTIAL = ["#E4ECF7", "#BFD3EE", "#7BA3D8", "#3D6DB5", "#143A7B"]
TOO_YOUNG = "#F7F9FC"
# On colours that are bright in both themes.
ALWAYS_DARK = "#10161F"
# What each of these is on a dark page. Sequences run the other way: what is much is bright.
DARK = {
    INK: "#E8ECF3",
    MUTED: "#A7B1C2",
    GRID: "#2A3344",
    BLUE: "#6C9FEA",
    ORANGE: "#F59B4B",
    TEAL: "#3CC4A9",
    PLUM: "#D48AC0",
    SKY: "#A9D2FA",
    BROWN: "#C9A866",
    GREY: "#7C879A",
    PALE_BLUE: "#33507F",
    PALE_ORANGE: "#5E3B17",
    GHOST: "#1D2534",
    ORANGE_INK: "#FFAE66",
    GOOD: "#4CCBA0",
    WHITE: "#0E1420",
    TOO_YOUNG: "#161D2A",
    "#E4ECF7": "#1B2740",
    "#BFD3EE": "#2A4473",
    "#7BA3D8": "#3F6BB0",
    "#3D6DB5": "#7FADEB",
    "#143A7B": "#C5DDFB",
}
FONT = "Source Sans Pro"
# The layer whose marks can be chosen, what the choice is called, and the field that tells the marks apart.
MARKS, PICKED, CODE = "marks", "picked", "code"

CONFIG = {
    "background": "transparent",
    "padding": 2,
    "font": "Source Sans, Source Sans Pro, sans-serif",
    "view": {"stroke": None},
    # The chart's own text says it to who hears the page; hundreds of marks that read out their fields would not.
    "aria": False,
    "mark": {"aria": False},
    "axis": {
        "labelColor": INK,
        "labelFontSize": 13,
        "titleColor": MUTED,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "gridColor": GRID,
        "domain": False,
        "ticks": False,
        "labelPadding": 6,
        "labelLimit": 150,
    },
    "legend": {"symbolOpacity": 1, "labelColor": INK, "titleColor": MUTED, "labelLimit": 240},
    "text": {"fontSize": 13, "color": INK},
}

Ticks = Sequence[tuple[float, str]]


def key(position: int, name: str = "") -> str:
    """What tells a row apart on an axis, in order: two rows may bear one name."""
    return f"{position:04}{name}"


def records(rows: pd.DataFrame) -> list[dict]:
    """Rows as Vega reads them: missing values are null."""
    return [{name: None if pd.isna(value) else value for name, value in row.items()} for row in rows.to_dict("records")]


def chart(rows: pd.DataFrame, layers: Sequence[Mapping], height: float, **more: object) -> dict:
    """A Vega-Lite chart of some layers on one table, in the house style, as wide as there is room."""
    return {
        "data": {"values": records(rows)},
        "layer": list(layers),
        "width": "container",
        "height": round(height),
        "config": CONFIG,
        **more,
    }


def named_axis(keys: Sequence[str], **more: object) -> dict:
    """A discrete axis over `key`s, in their order, that shows their names."""
    axis = {"title": None, "labelExpr": "slice(datum.value, 4)", "labelLimit": 170, "grid": False} | dict(
        more.pop("axis", {})
    )
    return {
        "type": "nominal",
        "sort": list(keys),
        "title": None,
        "axis": axis,
        "scale": {"domain": list(keys), "paddingInner": 0.25, "paddingOuter": 0.1} | dict(more.pop("scale", {})),
        **more,
    }


def value_axis(ticks: Ticks | None, low: float | None = None, high: float | None = None, **more: object) -> dict:
    """A continuous axis whose ticks are finished texts; without ticks it has no axis."""
    scale: dict[str, object] = {"nice": False, "zero": False}
    if low is not None and high is not None:
        scale["domain"] = [low, high if high > low else low + 1]
    return {"type": "quantitative", "title": None, "scale": scale, "axis": tick_axis(ticks), **more}


def tick_axis(ticks: Ticks | None) -> dict | None:
    """An axis of finished texts at given values."""
    if not ticks:
        return None
    values, texts = json.dumps([value for value, _text in ticks]), json.dumps([text for _value, text in ticks])
    return {
        "title": None,
        "values": [value for value, _text in ticks],
        "labelExpr": f"{texts}[indexof({values}, datum.value)]",
        "labelColor": MUTED,
        "labelFontSize": 12,
        "labelOverlap": True,
    }


def ticks(low: float, high: float, text: Callable[[float], str], most: int = 5) -> list[tuple[float, str]]:
    """Round values from `low` to `high`, at most so many, each with its text."""
    span = (high - low) or abs(high) or 1.0
    size = 10 ** math.floor(math.log10(span / most))
    step = next(size * factor for factor in (1, 2, 2.5, 5, 10, 20) if span / (size * factor) <= most)
    first = math.ceil(low / step - 1e-9)
    values = [round(number * step, 10) for number in range(first, math.floor(high / step + 1e-9) + 1)]
    return [(value + 0.0, text(value)) for value in values]


def pickable(spec: Mapping) -> dict:
    """A chart whose main marks can be chosen, each by the `code` of its row."""
    picked = {"name": PICKED, "select": {"type": "point", "fields": [CODE]}}
    layers = [
        layer | {"mark": layer["mark"] | {"cursor": "pointer"}, "params": [picked]}
        if layer.get("name") == MARKS
        else layer
        for layer in spec["layer"]
    ]
    return dict(spec) | {"layer": layers}


def tooltip(*fields: tuple[str, str]) -> list[dict]:
    """What a mark says when it is pointed at: fields with their names, both finished texts."""
    return [{"field": name, "type": "nominal", "title": title} for name, title in fields]


def in_theme(spec: Mapping, is_dark: bool) -> dict:
    """A chart as a page in that theme shows it."""
    return _recoloured(dict(spec)) if is_dark else dict(spec)


def _recoloured(part: object) -> object:
    if isinstance(part, dict):
        return {
            name: value if name == "values" and _is_data(value) else _recoloured(value) for name, value in part.items()
        }
    if isinstance(part, list):
        return [_recoloured(value) for value in part]
    return DARK.get(part, part) if isinstance(part, str) else part


def _is_data(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def png(spec: Mapping, title: str, note: str, width: int = 720) -> bytes:
    """A chart as a picture on white, with its title and how to read it above."""
    _register_font()
    whole = _fixed(dict(spec), width)
    whole |= {
        "background": WHITE,
        "padding": 12,
        "title": {
            "text": title,
            "subtitle": _wrapped(note, width),
            "anchor": "start",
            "font": FONT,
            "fontSize": 17,
            "color": INK,
            "subtitleFont": FONT,
            "subtitleFontSize": 12,
            "subtitleColor": MUTED,
            "offset": 12,
        },
        "config": CONFIG | {"font": FONT},
    }
    return vl_convert.vegalite_to_png(whole, scale=2)


def png_size(picture: bytes) -> tuple[int, int]:
    """Width and height of a picture in pixels, from its header."""
    return unpack(">II", picture[16:24])


def font_folder() -> Path:
    """Where the house font lies, with Polish and German letters."""
    return Path(next(iter(find_spec("font_source_sans_pro").submodule_search_locations))) / "files"


@cache
def _register_font() -> None:
    vl_convert.register_font_directory(str(font_folder()))


def _fixed(spec: dict, width: int) -> dict:
    return spec | {"width": width} if spec.get("width") == "container" else spec


def _wrapped(text: str, width: int) -> list[str]:
    """A text in lines that fit a picture of so many pixels."""
    lines: list[str] = [""]
    for word in text.split():
        if lines[-1] and (len(lines[-1]) + len(word)) * 5.9 > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
