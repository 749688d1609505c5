"""Every chart compiles and draws, with the odd data too; rendering needs neither a browser nor a network."""

import json

import pandas as pd
import pytest
import vl_convert

from app import charts


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
