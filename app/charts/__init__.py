"""The charts. Each takes prepared rows and draws; what the numbers mean, and every word and number as text, is decided
elsewhere: a chart formats nothing and has no words of its own.
"""

from app.charts.bars import bullets, ranked_bars, stacked_bars, waterfall
from app.charts.columns import curves, lanes, month_lines, ranked_columns, stacked_columns
from app.charts.funnel import before_after_columns, cohort_heat_map, funnel_bars, rate_bars
from app.charts.points import calibration, forest, heat_map, quartile_ranges, range_dots, scatter
from app.charts.theme import (
    BLUE,
    CATEGORICAL,
    CODE,
    GREY,
    ORANGE,
    PALE_BLUE,
    PICKED,
    PLUM,
    TEAL,
    font_folder,
    in_theme,
    pickable,
    png,
    png_size,
    ticks,
)

__all__ = [
    "BLUE",
    "CATEGORICAL",
    "CODE",
    "GREY",
    "ORANGE",
    "PALE_BLUE",
    "PICKED",
    "PLUM",
    "TEAL",
    "before_after_columns",
    "bullets",
    "calibration",
    "cohort_heat_map",
    "curves",
    "font_folder",
    "forest",
    "funnel_bars",
    "heat_map",
    "in_theme",
    "lanes",
    "month_lines",
    "pickable",
    "png",
    "png_size",
    "quartile_ranges",
    "range_dots",
    "ranked_bars",
    "ranked_columns",
    "rate_bars",
    "scatter",
    "stacked_bars",
    "stacked_columns",
    "ticks",
    "waterfall",
]
