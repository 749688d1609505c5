"""What every page shares: its frame, the banner above the numbers, and the states in which there are none."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from app import data, filters, formatting, narrative

ASSETS = Path(__file__).parent / "assets"
FUNNEL_PAGE = "views/funnel.py"
REPLAY_PAGE = "views/replay.py"
HEALTH_PAGE = "views/data_health.py"

STYLE = """
<style>
/* The widgets that hold the URL, and the filter bar on a page without use for it: drawn, never seen. */
[data-testid="stLayoutWrapper"]:has(> .st-key-url_filters),
[data-testid="stLayoutWrapper"]:has(> .st-key-url_page),
[data-testid="stLayoutWrapper"]:has(> .st-key-filter_bar_hidden) { display: none !important; }
.stMainBlockContainer { max-width: 78rem; padding: 2.6rem 2.5rem 3rem; }
@media (max-width: 640px) { .stMainBlockContainer { padding: 4rem 1rem 2rem; } }
.st-key-page_header h1 { padding: 0; }
.st-key-sentence p { font-size: 1.07rem; font-weight: 600; line-height: 1.45; }
.stHeading h2 { padding: 0; }
.stHeading [data-testid="stMarkdownContainer"] { margin-bottom: 0; }
[data-testid="stMetricLabel"] { color: #172033; }
/* On a narrow card the comparison goes on a line of its own instead of being cut off. */
[data-testid="stMetric"] div:has(> [data-testid="stMetricDelta"]) { flex-wrap: wrap; row-gap: 0.2rem; }
[data-testid="stMetricDelta"] p, [data-testid="stMetricDeltaDescription"] p { white-space: normal; }
/* A wide table or heat map scrolls inside its card, so that the page itself never does. */
.stTable > div { overflow-x: auto; }
.stTable table { font-size: 0.93rem; width: 100%; min-width: 46rem; }
.stTable th { white-space: nowrap; }
.stTable th p { color: #5B6575; font-weight: 600; }
.stTable td { vertical-align: top; white-space: normal; }
.stTable td [data-testid="stMarkdownContainer"], .stTable td [data-testid="stMarkdownContainer"] * {
  white-space: inherit !important;
}
.st-key-heat_map { overflow-x: auto; }
.st-key-heat_map > * { min-width: 54rem; }
</style>
"""


@dataclass(frozen=True)
class Frame:
    """What a page is drawn from: the published file, the run in it, and what the reader has chosen."""

    file: str
    run: data.PublishedRun
    labels: dict[str, dict[str, str]]
    period_code: str
    selection: data.Selection

    @property
    def period(self) -> filters.Period:
        """The days of the chosen period."""
        return filters.resolve_period(self.period_code, self.run.as_of_date)

    @property
    def period_before(self) -> filters.Period | None:
        """The period to compare with; None where the data does not reach back over all of it."""
        before = filters.resolve_period_before(self.period_code, self.run.as_of_date)
        first = data.first_lead_date(self.file)
        return before if before and first and first <= before.from_date else None


def frame() -> Frame:
    """The frame that the running page stands in."""
    return st.session_state["frame"]


def open_frame(title: str, has_filters: bool) -> None:
    """Draw what stands above a page's content, and keep what the page is drawn from."""
    st.html(STYLE)
    st.logo(str(ASSETS / "logo.svg"), size="large")
    header = st.container(
        key="page_header", horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    )
    header.title(title, anchor=False, width="content")
    with told_in_words():
        file = data.current_file()
        run = data.published_run(file)
        labels = data.dimension_labels(file)
        _say_how_old(file, run, header, links_to_health=has_filters)
        period_code, selection = filters.filter_bar(labels, is_shown=has_filters)
        st.session_state["frame"] = Frame(file, run, labels, period_code, selection)


def _say_how_old(file: str, run: data.PublishedRun, header, links_to_health: bool) -> None:
    """Say as of when the numbers are and, above them, why they or a source's part of them are not newer.

    Data health, which has no link to itself, says in its own words what is wrong with the sources.
    """
    last = data.last_run()
    is_overtaken = bool(last and last.status in ("failed", "rolled_back") and last.finished_at > run.published_at)
    sources = " ".join(narrative.source_sentences(data.source_freshness(file))) if links_to_health else ""
    warnings = [*([narrative.last_run_sentence(last, run)] if is_overtaken else []), *([sources] if sources else [])]
    header.badge(
        f"As of {formatting.moment(run.as_of, run.reporting_timezone)}",
        icon=":material/warning:" if warnings else ":material/check_circle:",
        color="orange" if warnings else "green",
        help=f"Run {formatting.plain(run.run_id)}; times are in {formatting.plain(run.reporting_timezone)}.",
    )
    if warnings:
        with st.container(key="banner", gap="xsmall"):
            for warning in warnings:
                st.warning(warning, icon=":material/warning:")
            if links_to_health:
                st.page_link(HEALTH_PAGE, label="Open Data health", icon=":material/arrow_forward:")


@contextmanager
def told_in_words() -> Iterator[None]:
    """Turn a file that is missing or cannot be read into words with a next step, and stop there."""
    try:
        yield
    except data.ServingFileMissing:
        _state(
            "Nothing has been published yet",
            "Run `make demo` for a made-up company, or `make refresh` for your own sources. Then reload this page.",
            icon=":material/hourglass_empty:",
        )
        st.caption(f"Looked in {formatting.plain(data.serving_folder())}")
        st.stop()
    except data.ServingFileUnreadable as problem:
        _state(
            "The published file cannot be read",
            "Run `make rollback` to go back to the version before it, or `make refresh` to publish a new one, then "
            "reload this page. If that does not help, the file may come from another version of Funnelhouse.",
            icon=":material/error:",
        )
        st.caption(formatting.plain(str(problem).splitlines()[0][:300] if str(problem) else "No reason was given"))
        st.stop()


def _state(title: str, next_step: str, icon: str) -> None:
    with st.container(border=True, key="state"):
        st.header(f"{icon} {title}", anchor=False)
        st.markdown(next_step)


def nothing_yet(title: str, next_step: str) -> None:
    """Say that there is nothing to show so far, and what makes it."""
    _state(title, next_step, icon=":material/hourglass_empty:")


def nothing_matches() -> None:
    """Say that the filters leave nothing, and offer the way out."""
    with st.container(border=True, key="nothing_matches"):
        st.header(":material/search_off: Nothing matches", anchor=False)
        st.markdown("Widen the period or clear a filter.")
        st.button("Show all leads", key="widen", on_click=filters.widen, type="primary")


def card(title: str, note: str, key: str, height: str = "content"):
    """A bordered card with a heading and the line that says how to read it."""
    container = st.container(border=True, key=key, height=height)
    with container.container(gap="xxsmall"):
        st.header(title, anchor=False)
        st.caption(note)
    return container


def table(
    rows: pd.DataFrame, alt: str, numbers: Sequence[str] = (), unbroken: Sequence[str] = (), wide: Sequence[str] = ()
) -> None:
    """A table of finished texts: numbers to the right, `unbroken` columns on one line, `wide` ones with room to read.

    Streamlit aligns each cell itself, hence `!important`.
    """
    styled = rows.style
    right, one_line = "right !important", "nowrap"
    if numbers:
        styled = styled.set_properties(subset=list(numbers), **{"text-align": right, "white-space": one_line})
        styled = styled.set_table_styles(
            {column: [{"selector": "th", "props": [("text-align", right)]}] for column in numbers}, overwrite=False
        )
    if unbroken:
        styled = styled.set_properties(subset=list(unbroken), **{"white-space": one_line})
    if wide:
        styled = styled.set_properties(subset=list(wide), **{"min-width": "13rem", "overflow-wrap": "anywhere"})
    st.table(styled, border="horizontal", hide_index=True, alt=alt)
