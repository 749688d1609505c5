"""The global filters: which leads the numbers are about. They live in the URL, so a link shows what its sender saw."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import streamlit as st

from app.data import DIMENSIONS, Selection
from app.formatting import day, plain

# The codes stand in the URL and on the buttons alike: Streamlit writes a button's text into the URL, so a translated
# one would make a link that works in one language only.
PERIODS = ("QTD", "YTD", "3M", "6M", "12M", "All")
DEFAULT_PERIOD = "12M"

DIMENSION_NAMES = {
    "channel": "Channel",
    "campaign": "Campaign",
    "persona": "Persona",
    "segment": "Segment",
    "product": "Product",
}


@dataclass(frozen=True)
class Period:
    """Two inclusive local dates of lead creation; None is without end. The words fit a sentence."""

    from_date: date | None
    to_date: date | None
    words: str
    short: str

    @property
    def span(self) -> str:
        """'21 Nov 2025 – 20 Nov 2026'."""
        if self.from_date is None or self.to_date is None:
            return self.words
        return f"{day(self.from_date)} – {day(self.to_date)}"


def add_months(start: date, months: int) -> date:
    """The same day some months on, or the month's last day where it has no such day."""
    index = start.year * 12 + start.month - 1 + months
    year, month = index // 12, index % 12 + 1
    first_of_next = date(year + month // 12, month % 12 + 1, 1)
    return min(date(year, month, 1) + timedelta(days=start.day - 1), first_of_next - timedelta(days=1))


def resolve_period(code: str, as_of_date: date) -> Period:
    """The days that a period code means. Anchored on the run's own day, so that a historic data set works."""
    if code == "QTD":
        start = as_of_date.replace(month=(as_of_date.month - 1) // 3 * 3 + 1, day=1)
        return Period(start, as_of_date, "this quarter to date", "quarter to date")
    if code == "YTD":
        return Period(as_of_date.replace(month=1, day=1), as_of_date, "this year to date", "year to date")
    if code == "All":
        return Period(None, None, "since records began", "all")
    months = int(code.removesuffix("M"))
    start = add_months(as_of_date, -months) + timedelta(days=1)
    return Period(start, as_of_date, f"in the last {months} months", f"{months}M")


def resolve_period_before(code: str, as_of_date: date) -> Period | None:
    """The equally long period to compare with; None for all the data."""
    period = resolve_period(code, as_of_date)
    if period.from_date is None or period.to_date is None:
        return None
    if code == "QTD":
        start = add_months(period.from_date, -3)
        end = min(start + (period.to_date - period.from_date), period.from_date - timedelta(days=1))
        return Period(start, end, "the same days of the quarter before", "prior quarter")
    if code == "YTD":
        start, end = add_months(period.from_date, -12), add_months(period.to_date, -12)
        return Period(start, end, "the same days of the year before", "prior year")
    months = int(code.removesuffix("M"))
    start = add_months(as_of_date, -2 * months) + timedelta(days=1)
    end = period.from_date - timedelta(days=1)
    return Period(start, end, f"the {months} months before", f"prior {months}M")


def url_multiselect(key: str, labels: Mapping[str, str]) -> tuple[str, ...]:
    """The chosen codes as the URL holds them.

    Streamlit writes into the URL what an option shows. So a hidden widget of the bare codes carries the URL, and the
    visible one, with names for the codes, is set from it on every run and writes back to it.
    """
    return tuple(st.multiselect(key, list(labels), key=key, bind="query-params"))


def url_selectbox(key: str, labels: Mapping[str, str]) -> str:
    """The chosen code as the URL holds it; the first option is the default."""
    return st.selectbox(key, list(labels), key=key, bind="query-params")


def named_multiselect(name: str, key: str, labels: Mapping[str, str]) -> None:
    """The visible half of `url_multiselect`."""
    st.session_state[f"{key}_choice"] = st.session_state[key]
    st.multiselect(
        name,
        list(labels),
        key=f"{key}_choice",
        format_func=lambda code: labels[code],
        placeholder="All" if labels else "None recorded",
        disabled=not labels,
        on_change=_write_back,
        args=(key,),
    )


def named_selectbox(name: str, key: str, labels: Mapping[str, str]) -> None:
    """The visible half of `url_selectbox`."""
    st.session_state[f"{key}_choice"] = st.session_state[key]
    st.selectbox(
        name,
        list(labels),
        key=f"{key}_choice",
        format_func=lambda code: labels[code],
        on_change=_write_back,
        args=(key,),
    )


def _write_back(key: str) -> None:
    st.session_state[key] = st.session_state[f"{key}_choice"]


def clear_filters() -> None:
    """Empty the five filters; the period stays."""
    for dimension in DIMENSIONS:
        st.session_state[dimension] = []


def widen() -> None:
    """Empty the filters and take all the data: what surely shows something."""
    clear_filters()
    st.session_state["period"] = "All"


def badge_text(dimension: str, values: Sequence[str], labels: Mapping[str, str]) -> str:
    """'Channel: Paid search, Event +2'."""
    shown = ", ".join(plain(labels[value]) for value in values[:2])
    return f"{DIMENSION_NAMES[dimension]}: {shown}{f' +{len(values) - 2}' if len(values) > 2 else ''}"


def filter_bar(labels: Mapping[str, Mapping[str, str]], is_shown: bool) -> tuple[str, Selection]:
    """Draw the bar and return the period's code and the selection.

    A page without use for it hides it instead of leaving it out: a bound widget that is not drawn leaves the URL.
    """
    with st.container(key="url_filters"):
        selection = Selection(**{dimension: url_multiselect(dimension, labels[dimension]) for dimension in DIMENSIONS})
    title = f"Filters · {selection.active_count}" if selection.active_count else "Filters"
    with st.container(
        key="filter_bar" if is_shown else "filter_bar_hidden",
        horizontal=True,
        vertical_alignment="center",
        gap="small",
    ):
        period = st.segmented_control(
            "Period",
            PERIODS,
            default=DEFAULT_PERIOD,
            required=True,
            key="period",
            bind="query-params",
            label_visibility="collapsed",
        )
        with st.popover(title, icon=":material/tune:", key="filters"):
            for dimension in DIMENSIONS:
                named_multiselect(DIMENSION_NAMES[dimension], dimension, labels[dimension])
        for dimension in DIMENSIONS:
            values = getattr(selection, dimension)
            if values:
                st.badge(badge_text(dimension, values, labels[dimension]), color="primary")
        if selection.active_count:
            st.button("Reset", key="reset", type="tertiary", icon=":material/close:", on_click=clear_filters)
    return period or DEFAULT_PERIOD, selection
