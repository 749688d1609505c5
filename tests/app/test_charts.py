"""Every chart compiles and draws, with the odd data too; rendering needs neither a browser nor a network."""

import json

import pandas as pd
import pytest
import vl_convert

from app import charts
from app.charts import theme


def funnel_rows(counts: list[int], labels: list[str]) -> pd.DataFrame:
    previous = [None, *counts[:-1]]
    return pd.DataFrame(
        {
            "stage_label": labels,
            "lead_count": counts,
            "previous_lead_count": pd.array(previous, dtype="Int64"),
            "is_weakest": [False, *[True] * (len(counts) - 1)],
            "count_text": [str(count) for count in counts],
            "share_text": ["", *["5%"] * (len(counts) - 1)],
            "step_text": ["", *["↓ 5% go on"] * (len(counts) - 1)],
            "definition": "What it means",
        }
    )


def drawn(chart: dict) -> str:
    """The chart as SVG; fails where Vega cannot draw it."""
    # Streamlit and an export both send a chart as JSON, which knows no NaN.
    text = json.dumps(chart | {"width": 500}, allow_nan=False)
    svg = vl_convert.vegalite_to_svg(text)
    assert "undefined" not in svg
    assert "NaN" not in svg
    return svg


@pytest.mark.parametrize(
    ("counts", "labels"),
    [
        ([100, 40, 10], ["Prospect", "Talks", "Signed"]),
        ([100, 0, 0], ["Prospect", "Talks", "Signed"]),
        ([100, 40, 10], ["Same name", "Same name", "$rows"]),
        (list(range(30, 10, -1)), [f"Stage {number}" for number in range(20)]),
    ],
)
def test_the_funnel_draws_a_bar_and_a_count_per_stage(counts: list[int], labels: list[str]):
    svg = drawn(charts.funnel_bars(funnel_rows(counts, labels)))
    for label in labels:
        assert svg.count(f">{label}<") == labels.count(label)
    assert svg.count(">↓ 5% go on<") == len(counts) - 1


def rate_rows(rates: list[float | None]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "label": [f"Group {number}" for number in range(len(rates))],
            "rate": pd.Series(rates, dtype=float),
            "rate_text": ["" if rate is None else f"{rate:.1%}" for rate in rates],
            "size_text": "25 leads",
            "detail": "detail",
        }
    )


@pytest.mark.parametrize("rates", [[0.5, 0.2, None], [0.0, 0.0], [0.9, 0.001], [None], [1.0]])
def test_each_group_shows_its_size_and_a_judged_one_its_rate(rates: list[float | None]):
    svg = drawn(charts.rate_bars(rate_rows(rates), benchmark=0.25))
    assert svg.count(">25 leads<") == len(rates)
    for rate in rates:
        assert rate is None or f">{rate:.1%}<" in svg


@pytest.mark.parametrize("shades", [[0.0, 1.0, None], [None, None, None], [0.5, 0.5, 0.5]])
def test_the_heat_map_draws_every_month_of_every_stage(shades: list[float | None]):
    cells = pd.DataFrame(
        {
            "stage_order": [2, 2, 2, 3, 3, 3],
            "stage_label": ["Talks"] * 3 + ["Signed"] * 3,
            "month": ["Dec 25", "Jan 26", "Feb 26"] * 2,
            "month_position": [0, 1, 2] * 2,
            "shade": pd.Series(shades * 2, dtype=float),
            "text": ["1%", "2%", ""] * 2,
            "is_young": [False, False, True] * 2,
            "detail": "detail",
        }
    )
    svg = drawn(charts.cohort_heat_map(cells))
    positions = [svg.index(f">{month}<") for month in ("Dec 25", "Jan 26", "Feb 26")]
    assert positions == sorted(positions), "months stand in order of time"
    assert svg.count(">1%<") == 2


def rows(labels: list[str], **columns: object) -> pd.DataFrame:
    return pd.DataFrame({"label": labels, "text": "text", "detail": "detail"} | columns)


MONTHS = pd.DataFrame(
    {
        "position": [0, 0, 1, 1],
        "month": ["Jan 26", "Jan 26", "Feb 26", "Feb 26"],
        "series": ["A", "B"] * 2,
        "value": [1.0, 2.0, None, 4.0],
        "is_partial": [False, False, True, True],
        "detail": "detail",
    }
)
TICKS = [(0.0, "none"), (2.0, "it's two"), (4.0, '"four"')]
NAMES = ["Same", "Same", "Ü" * 60]
KINDS = {
    "ranked_bars": charts.ranked_bars(rows(NAMES, value=[1e15, -2.0, None]), benchmark=3.0),
    "stacked_bars": charts.stacked_bars(
        pd.DataFrame({"label": ["T", "T"], "series": ["A", "B"], "value": [0.0, 0.0], "text": "", "detail": ""}),
        ["A", "B"],
    ),
    "bullets": charts.bullets(rows(NAMES, share=[0.5, None, 9.0], is_good=[False, True, True])),
    "waterfall": charts.waterfall(
        rows(NAMES, begin=[0.0, 3.0, 0.0], end=[3.0, 1.0, 0.0], kind=["plus", "minus", "total"])
    ),
    "stacked_columns": charts.stacked_columns(MONTHS.fillna(0.0), ["A", "B"], TICKS),
    "month_lines": charts.month_lines(MONTHS, ["A", "B"], TICKS),
    "curves": charts.curves(
        pd.DataFrame({"x": [0.0, 5.0], "value": [1.0, 0.2], "series": "A", "detail": ""}),
        ["A"],
        TICKS,
        TICKS,
        "Days",
        0.5,
    ),
    "ranked_columns": charts.ranked_columns(rows(["1", "2"], value=[0.0, None], is_marked=[True, False]), 0.1, "Tenth"),
    "range_dots": charts.range_dots(
        rows(["A", "B"], value=[1.0, None], low=[0.0, 0.0], high=[2.0, 0.0]),
        pd.DataFrame({"label": ["A", "gone"], "value": [0.5, 1.0], "detail": ""}),
        TICKS,
    ),
    "scatter": charts.scatter(
        pd.DataFrame(
            {"x": [0.0], "y": [0.0], "size": [1.0], "name": "A", "label": "A", "detail": "", "is_marked": False}
        ),
        TICKS,
        TICKS,
        "X",
        "Y",
        (1.0, 1.0),
    ),
    "forest": charts.forest(
        rows(NAMES, value=[0.1, -0.1, 0.0], lower=[0.0, None, 0.0], upper=[0.2, None, 0.0], is_decided=True), TICKS
    ),
    "quartile_ranges": charts.quartile_ranges(
        rows(NAMES, lower=[1.0, 2.0, None], middle=[2.0, None, None], upper=None), TICKS, "Days"
    ),
    "calibration": charts.calibration(
        pd.DataFrame({"x": [0.1], "y": [0.2], "size": [9.0], "series": "A", "detail": ""}), ["A"], TICKS, "X", "Y"
    ),
    "heat_map": charts.heat_map(
        pd.DataFrame({"row": ["r", "r"], "column": ["c", "d"], "shade": [0.4, None], "text": ["1", ""], "detail": ""}),
        ["r"],
        ["c", "d"],
    ),
    "lanes": charts.lanes(
        pd.DataFrame({"lane": ["L"], "from": [0.0], "to": [9.0], "label": ["S"], "shade": [0.1], "detail": [""]}),
        pd.DataFrame({"lane": ["P"], "at": [3.0], "kind": ["strong"], "label": [""], "detail": [""]}),
        ["L", "P"],
        [(0.0, "begin"), (9.0, "end")],
        0.0,
        9.0,
    ),
}


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_chart_draws_odd_data_in_both_themes(kind: str, is_dark: bool):
    svg = drawn(charts.in_theme(KINDS[kind], is_dark))
    assert "<path" in svg or "<text" in svg


def test_every_kind_of_chart_is_tried():
    tools = {"font_folder", "in_theme", "pickable", "png", "png_size", "ticks"}
    earlier = {"funnel_bars", "rate_bars", "cohort_heat_map", "before_after_columns"}
    assert KINDS.keys() == {name for name in charts.__all__ if name.islower()} - tools - earlier


def test_an_axis_shows_the_texts_that_it_is_given():
    svg = drawn(KINDS["range_dots"])
    for text in ("none", "it's two"):
        assert text in svg


def test_two_rows_of_one_name_stay_two():
    assert drawn(KINDS["bullets"]).count(">Same<") == 2


def contrast(one: str, other: str) -> float:
    """The contrast of two colours: WCAG 2.2, 1.4.3."""

    def luminance(colour: str) -> float:
        channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
def test_texts_and_marks_stand_out_from_the_page(is_dark: bool):
    def shown(colour: str) -> str:
        return theme.DARK[colour] if is_dark else colour

    page = shown(theme.WHITE)
    for text in (theme.INK, theme.MUTED, theme.ORANGE_INK, theme.GOOD):
        assert contrast(shown(text), page) >= 4.5, text
    for mark in (theme.BLUE, theme.TEAL, theme.PLUM, theme.BROWN):
        assert contrast(shown(mark), page) >= 3, mark
