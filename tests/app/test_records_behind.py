"""Every mark that opens shows just the people, deals and hand-overs that its number counts."""

import pandas as pd
import pytest
from dashboard_helpers import ask

from app import charts, filters, formatting, pages, shell
from app.content import Chart, Page, Table, Words
from app.formatting import unmarked

pytestmark = pytest.mark.refresh


def money(amount) -> str:
    return formatting.money(amount, "EUR")


def whole(row) -> str:
    """Of '12 of 34' the 34."""
    return row["detail"].rsplit(" ", 1)[1]


def part(row) -> str:
    """Of '12 of 34' the 12."""
    return row["detail"].split(" ", 1)[0]


def of_rows(column: str, text):
    """What the chart's own rows say of the mark's group."""

    def said(row, chart) -> str:
        rows = chart.rows.set_index("dimension_value")
        return text(rows.loc[row[charts.CODE], column])

    return said


# By page and chart: how the number of a mark reads at the head of what is behind it.
SAID = {
    ("overview", "months_card"): lambda row, chart: row["detail"],
    ("acquisition", "months_card"): lambda row, chart: row["detail"],
    ("acquisition", "fit_card"): lambda row, chart: row["size_text"],
    ("funnel", "funnel_card"): lambda row, chart: row["count_text"],
    ("funnel", "dimension_card"): lambda row, chart: row["size_text"],
    ("scores", "heat_card"): lambda row, chart: whole(row),
    ("handover", "states_card"): lambda row, chart: part(row),
    ("handover", "reasons_card"): lambda row, chart: row["text"],
    ("opportunities", "created_card"): lambda row, chart: money(row["value"]),
    ("opportunities", "rates_card"): lambda row, chart: whole(row),
    ("opportunities", "losses_card"): lambda row, chart: f"{row['detail']}, {row['text']}",
    ("opportunities", "win_rates_card"): lambda row, chart: whole(row),
    ("opportunities", "expected_card"): lambda row, chart: row["detail"].split(" of ")[1].split(",")[0],
    ("attribution", "dots_card"): lambda row, chart: row["text"],
    ("roi", "range_card"): of_rows("won_amount", money),
    ("roi", "scatter_card"): of_rows("pipeline_amount", money),
    ("content", "difference_card"): of_rows("lead_count", formatting.count),
}
NOTHING = {"0", "0 leads", "€0", "–", "0 of 0"}


def marks(chart: Chart) -> list[dict]:
    return [row for row in chart.spec["data"]["values"] if row.get(charts.CODE) is not None]


def charts_that_open(frame) -> dict[tuple[str, str], Chart]:
    found = {}
    for address, entry in pages.ENTRIES.items():
        page = entry.content(frame)
        if isinstance(page, Page):
            found |= {(address, block.key): block for block in page.blocks if isinstance(block, Chart) and block.behind}
    return found


@pytest.mark.parametrize(
    ("period", "choices"), [("12M", {}), ("All", {"of": "mql", "per": "campaign", "by": "persona", "step": "whole"})]
)
def test_each_mark_opens_what_it_counts(published_demo, framed, period, choices):
    opening = charts_that_open(framed(published_demo, period, choices=choices))
    assert opening.keys() == SAID.keys()
    checked = 0
    for name, chart in opening.items():
        assert marks(chart), name
        for row in marks(chart):
            behind, said = chart.behind(row[charts.CODE]), SAID[name](row, chart)
            if isinstance(behind, Table):
                head = unmarked(behind.note).split(" · ")[0]
                assert said in {head, head.split()[0], head.split(", ", 1)[-1]}, (name, row[charts.CODE], said, head)
                assert len(behind.texts) == len(behind.links) == len(behind.rows)
                checked += 1
            else:
                assert said in NOTHING, (name, row[charts.CODE], said)
    assert checked > 100


def test_filters_narrow_what_is_behind_too(published_demo, framed):
    [[segment]] = ask(
        published_demo, "select segment from marts.dim_leads where segment is not null group by 1 order by 1 limit 1"
    )
    chart = charts_that_open(framed(published_demo, "All", segment=(segment,)))["funnel", "funnel_card"]
    first = marks(chart)[0]
    behind = chart.behind(first[charts.CODE])
    assert set(behind.rows["segment"]) == {segment}
    assert first["count_text"] in behind.note


def test_a_mark_says_so_where_it_opens_fewer_than_it_counts(published_demo, framed, monkeypatch):
    monkeypatch.setattr("app.records.LISTED", 5)
    chart = charts_that_open(framed(published_demo, "All"))["funnel", "funnel_card"]
    first = marks(chart)[0]
    behind = chart.behind(first[charts.CODE])
    hidden = int(first["lead_count"]) - 5
    assert len(behind.texts) == 5
    assert behind.footnote == f"{hidden:,} more leads not shown"


def test_names_are_behind_a_mark_for_who_may_see_people_alone(published_demo, framed):
    from app.viewer import Viewer

    for viewer, is_named in ((Viewer("", "engineer", None), True), (Viewer("", "leadership", ()), False)):
        chart = charts_that_open(framed(published_demo, "All", viewer=viewer))["funnel", "funnel_card"]
        behind = chart.behind(marks(chart)[-1][charts.CODE])
        assert ("Person" in behind.texts.columns) == is_named


def test_a_mark_whose_code_is_empty_opens_too(monkeypatch):
    """As that of the deals that were lost without a reason."""
    spec = {"data": {"values": [{charts.CODE: ""}]}, "layer": []}
    chart = Chart("k", "t", "n", spec, "a", pd.DataFrame(), behind=lambda code: Words("b", "t", "", f"<{code}>"))
    for picked, opened in (("", Words("b", "t", "", "<>")), (None, None)):
        monkeypatch.setattr(shell, "_draw_pickable", lambda _block, _spec, picked=picked: picked)
        assert shell._draw_chart(chart) == opened


def test_every_filter_has_its_column():
    from app.queries import records

    assert records.COLUMNS.keys() == filters.DIMENSION_NAMES.keys()
