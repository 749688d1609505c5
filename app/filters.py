"""The global filters: what the numbers are about. They live in the URL, so a link shows what its sender saw."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import streamlit as st

from app.data import DIMENSIONS, Selection
from app.formatting import day, plain
from app.languages import N_, _, n_

# The codes stand in the URL in every language; what a reader sees is translated.
CUSTOM = "custom"
DEFAULT_PERIOD = "12M"
PERIOD_NAMES = {
    "QTD": N_("QTD"),
    "LQ": N_("Last Q"),
    "YTD": N_("YTD"),
    "3M": N_("3M"),
    "6M": N_("6M"),
    "12M": N_("12M"),
    "All": N_("All"),
    CUSTOM: N_("Dates"),
}

DIMENSION_NAMES = {
    "channel": N_("Channel"),
    "campaign": N_("Campaign"),
    "persona": N_("Persona"),
    "segment": N_("Segment"),
    "product": N_("Product"),
}


def dimension_names() -> dict[str, str]:
    """The five filters by their codes, in the reader's language."""
    return {dimension: _(name) for dimension, name in DIMENSION_NAMES.items()}


@dataclass(frozen=True)
class Period:
    """Two inclusive local dates; None is without end.

    The words fit a sentence: those of a period after 'created', those of the period before it after 'compared with'.
    """

    from_date: date | None
    to_date: date | None
    words: str
    short: str

    @property
    def months(self) -> tuple[date | None, date | None]:
        """The first days of the first and the last month that begin in it; of the month it lies in, if none does."""
        if self.from_date is None or self.to_date is None:
            return None, None
        last = self.to_date.replace(day=1)
        first = self.from_date if self.from_date.day == 1 else add_months(self.from_date.replace(day=1), 1)
        return min(first, last), last

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


def _quarter_start(day: date) -> date:
    return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)


def resolve_period(code: str, as_of_date: date, days: tuple[date, date] | None = None) -> Period:
    """The days that a period code means. Anchored on the run's own day, so that a historic data set works.

    `days` are the first and last one of a period of the reader's own.
    """
    if code == CUSTOM and days:
        first, last = min(days), max(days)
        words = _("from {first} to {last}", first=day(first), last=day(last))
        return Period(first, last, words, _("these dates"))
    if code == "QTD":
        return Period(_quarter_start(as_of_date), as_of_date, _("this quarter to date"), _("quarter to date"))
    if code == "LQ":
        start = add_months(_quarter_start(as_of_date), -3)
        return Period(start, _quarter_start(as_of_date) - timedelta(days=1), _("last quarter"), _("last quarter"))
    if code == "YTD":
        return Period(as_of_date.replace(month=1, day=1), as_of_date, _("this year to date"), _("year to date"))
    if code == "All" or code == CUSTOM:
        return Period(None, None, _("since records began"), _("all"))
    months = int(code.removesuffix("M"))
    start = add_months(as_of_date, -months) + timedelta(days=1)
    words = n_("in the last month", "in the last {count} months", months)
    return Period(start, as_of_date, words, _("{months}M", months=months))


def resolve_period_before(code: str, as_of_date: date, days: tuple[date, date] | None = None) -> Period | None:
    """The equally long period to compare with; None for all the data."""
    period = resolve_period(code, as_of_date, days)
    if period.from_date is None or period.to_date is None:
        return None
    if code == CUSTOM:
        length = period.to_date - period.from_date + timedelta(days=1)
        start, end = period.from_date - length, period.from_date - timedelta(days=1)
        return Period(start, end, n_("the day before", "the {count} days before", length.days), _("prior days"))
    if code == "LQ":
        start, end = add_months(period.from_date, -3), period.from_date - timedelta(days=1)
        return Period(start, end, _("the quarter before"), _("prior quarter"))
    if code == "QTD":
        start = add_months(period.from_date, -3)
        end = min(start + (period.to_date - period.from_date), period.from_date - timedelta(days=1))
        return Period(start, end, _("the same days of the quarter before"), _("prior quarter"))
    if code == "YTD":
        start, end = add_months(period.from_date, -12), add_months(period.to_date, -12)
        return Period(start, end, _("the same days of the year before"), _("prior year"))
    months = int(code.removesuffix("M"))
    start = add_months(as_of_date, -2 * months) + timedelta(days=1)
    end = period.from_date - timedelta(days=1)
    return Period(
        start, end, n_("the month before", "the {count} months before", months), _("prior {months}M", months=months)
    )


def url_multiselect(key: str, labels: Mapping[str, str]) -> tuple[str, ...]:
    """The chosen codes as the URL holds them.

    Streamlit writes into the URL what an option shows. So a hidden widget of the bare codes carries the URL, and the
    visible one, with names for the codes, is set from it on every run and writes back to it.
    """
    return tuple(st.multiselect(key, list(labels), key=key, bind="query-params"))


def url_selectbox(key: str, codes: Collection[str]) -> str:
    """The chosen code as the URL holds it; the first one is the default, also where the chosen one is no more."""
    options = list(codes)
    if key in st.session_state and st.session_state[key] not in options:
        st.session_state[key] = next(iter(options), None)
    return st.selectbox(key, options, key=key, bind="query-params")


def named_multiselect(name: str, key: str, labels: Mapping[str, str], is_used: bool = True) -> None:
    """The visible half of `url_multiselect`."""
    st.session_state[f"{key}_choice"] = st.session_state[key]
    st.multiselect(
        name,
        list(labels),
        key=f"{key}_choice",
        format_func=lambda code: labels[code],
        placeholder=_("All") if labels else _("None recorded"),
        disabled=not labels or not is_used,
        on_change=_write_back,
        args=(key,),
    )


def named_selectbox(name: str, key: str, labels: Mapping[str, str], is_used: bool = True) -> None:
    """The visible half of `url_selectbox`."""
    st.session_state[f"{key}_choice"] = st.session_state[key]
    st.selectbox(
        name,
        list(labels),
        key=f"{key}_choice",
        format_func=lambda code: labels[code],
        disabled=not is_used,
        on_change=_write_back,
        args=(key,),
    )


def _write_back(key: str) -> None:
    st.session_state[key] = st.session_state[f"{key}_choice"]


def clear_filters() -> None:
    """Empty the five filters and take the usual attribution model; the period stays."""
    for dimension in DIMENSIONS:
        st.session_state[dimension] = []
    st.session_state.pop("model", None)


def widen() -> None:
    """Empty the filters and take all the data: what surely shows something."""
    clear_filters()
    st.session_state["period"] = "All"


def badge_text(dimension: str, values: Sequence[str], labels: Mapping[str, str]) -> str:
    """'Channel: Paid search, Event +2'."""
    shown = ", ".join(plain(labels[value]) for value in values[:2])
    return f"{_(DIMENSION_NAMES[dimension])}: {shown}{f' +{len(values) - 2}' if len(values) > 2 else ''}"


def badge_texts(selection: Selection, labels: Mapping[str, Mapping[str, str]]) -> list[str]:
    """What narrows the numbers, a text a filter."""
    chosen = {dimension: getattr(selection, dimension) for dimension in DIMENSIONS}
    return [badge_text(dimension, values, labels[dimension]) for dimension, values in chosen.items() if values]


@dataclass(frozen=True)
class Chosen:
    """What the bar says: the period's code, its own days where it has such, the five filters, the attribution model."""

    period_code: str
    days: tuple[date, date] | None
    selection: Selection
    model: str


def filter_bar(
    labels: Mapping[str, Mapping[str, str]], models: Mapping[str, str], used: Collection[str], as_of_date: date
) -> Chosen:
    """Draw the bar and return what is chosen. `models` are the attribution models by code, the usual one first.

    `used` names the filters that narrow the page: the others are kept and cannot be changed here. A page without any
    hides the bar instead of leaving it out: a bound widget that is not drawn leaves the URL.
    """
    usual_model = next(iter(models), "")
    with st.container(key="url_filters"):
        selection = Selection(**{dimension: url_multiselect(dimension, labels[dimension]) for dimension in DIMENSIONS})
        period = url_selectbox("period", (DEFAULT_PERIOD, *(code for code in PERIOD_NAMES if code != DEFAULT_PERIOD)))
        model = url_selectbox("model", tuple(models)) or usual_model
    active = {dimension for dimension in DIMENSIONS if getattr(selection, dimension)}
    if model != usual_model:
        active.add("model")
    shown = active & set(used)
    bar = st.container(
        key="filter_bar" if used else "filter_bar_hidden", horizontal=True, vertical_alignment="center", gap="small"
    )
    days = None
    with bar:
        st.session_state["period_choice"] = period
        st.segmented_control(
            _("Period"),
            list(PERIOD_NAMES),
            required=True,
            key="period_choice",
            format_func=lambda code: _(PERIOD_NAMES[code]),
            on_change=_write_back,
            args=("period",),
            label_visibility="collapsed",
            disabled="period" not in used,
        )
        if period == CUSTOM:
            days = _custom_days(as_of_date)
        title = _("Filters · {count}", count=len(shown)) if shown else _("Filters")
        with st.popover(title, icon=":material/tune:", key="filters"):
            for dimension, name in dimension_names().items():
                named_multiselect(name, dimension, labels[dimension], is_used=dimension in used)
            if models:
                named_selectbox(_("Attribution model"), "model", models, is_used="model" in used)
            if active - shown:
                st.caption(_("What is greyed out does not narrow this page."))
        for dimension in DIMENSIONS:
            if dimension in shown:
                values = getattr(selection, dimension)
                st.badge(badge_text(dimension, values, labels[dimension]), color="primary")
        if "model" in shown:
            st.badge(_("Model: {model}", model=plain(models[model])), color="primary")
        if shown:
            st.button(_("Reset"), key="reset", type="tertiary", icon=":material/close:", on_click=clear_filters)
    return Chosen(period, days, selection, model)


def _custom_days(as_of_date: date) -> tuple[date, date]:
    """The first and last day of a period of the reader's own; at first the last 30."""
    first = st.date_input(
        _("From"),
        value=as_of_date - timedelta(days=29),
        max_value=as_of_date,
        key="from",
        bind="query-params",
        format="YYYY-MM-DD",
        label_visibility="collapsed",
        width=130,
    )
    last = st.date_input(
        _("To"),
        value=as_of_date,
        max_value=as_of_date,
        key="to",
        bind="query-params",
        format="YYYY-MM-DD",
        label_visibility="collapsed",
        width=130,
    )
    return first, last
