"""What every page shares: its language and frame, how its content is drawn, and the states in which there is none."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pandas as pd
import streamlit as st

from app import charts, data, exports, filters, formatting, languages, narrative, pack
from app.content import Block, Card, Chart, NextStep, Page, State, Table, Words
from app.languages import _
from app.pages import ENTRIES, HEALTH, Entry
from app.viewer import Viewer

ASSETS = Path(__file__).parent / "assets"
# What the marts say of a record without a value in the dimension that they are grouped by.
NOT_RECORDED = "(none)"
# What a link may ask a page for.
ASKED = ("account",)
# Which publication is shown, in the URL, and the code of the newest.
PUBLISHED, NEWEST = "published", "newest"
PILL_COLOURS = {"good": "green", "bad": "red", "warning": "orange", "plain": "off"}

STYLE = """
<style>
/* The widgets that hold the URL, and the filter bar on a page without use for it: drawn, never seen. */
[data-testid="stLayoutWrapper"]:has(> .st-key-url_published),
[data-testid="stLayoutWrapper"]:has(> .st-key-url_filters),
[data-testid="stLayoutWrapper"]:has(> .st-key-url_choices),
[data-testid="stLayoutWrapper"]:has(> .st-key-filter_bar_hidden) { display: none !important; }
.stMainBlockContainer { max-width: 78rem; padding: 2.6rem 2.5rem 3rem; }
@media (max-width: 640px) { .stMainBlockContainer { padding: 4rem 1rem 2rem; } }
.st-key-page_header h1 { padding: 0; }
.st-key-sentence p { font-size: 1.07rem; font-weight: 600; line-height: 1.45; }
.stHeading h2 { padding: 0; }
.stHeading [data-testid="stMarkdownContainer"] { margin-bottom: 0; }
/* On a narrow card the comparison goes on a line of its own instead of being cut off. */
[data-testid="stMetric"] div:has(> [data-testid="stMetricDelta"]) { flex-wrap: wrap; row-gap: 0.2rem; }
[data-testid="stMetricDelta"] p, [data-testid="stMetricDeltaDescription"] p { white-space: normal; }
/* A wide table or heat map scrolls inside its card, so that the page itself never does. */
.stTable > div { overflow-x: auto; }
[data-testid="stElementContainer"]:has(> .stTable) { flex: none !important; height: auto !important; }
.stTable table { font-size: 0.93rem; width: 100%; }
.stTable th { white-space: nowrap; }
.stTable th p { font-weight: 600; }
.stTable td { vertical-align: top; white-space: normal; }
.stTable td [data-testid="stMarkdownContainer"], .stTable td [data-testid="stMarkdownContainer"] * {
  white-space: inherit !important;
}
[class*="st-key-scrolled_"] { overflow-x: auto; }
/* Streamlit's own paleness of what explains, or is not used here, is too pale to be read. */
[data-testid="stCaptionContainer"], [data-testid="stWidgetLabel"][disabled] {
  color: color-mix(in srgb, currentColor 72%, transparent); opacity: 1;
}
/* And so is white on the primary colour of the dark. */
.stApp button[kind="primary"] { color: light-dark(#FFFFFF, #0E1420) !important; }
[data-tag] {
  color: inherit !important; background-color: color-mix(in srgb, currentColor 12%, transparent) !important;
}
/* Heard, not seen: the icon says it to the eye. */
[class*="_away"] [data-testid="stPopoverButton"] [data-testid="stMarkdownContainer"] {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap;
}
/* What is to be hit is 24 pixels tall and wide. */
[data-testid="stDateInputField"] [role="spinbutton"], .stMultiSelect [data-rac] > button {
  min-width: 24px; min-height: 24px; text-align: center;
}
[data-testid="stDateInputField"] [data-type] { line-height: 24px; }
/* A part of a small chart that draws nothing would be a picture without a name to who hears the page. */
[data-testid="stMetricChart"] g:empty { display: none; }
/* What cannot be chosen cannot be scrolled to by keyboard either. */
[role="radiogroup"][data-disabled] { flex-wrap: wrap; }
</style>
"""


@dataclass(frozen=True)
class Choice:
    """A choice of one page's own: its name and what can be chosen, by code."""

    name: str
    options: Mapping[str, str]


@dataclass(frozen=True)
class Frame:
    """What a page is made from: the published file, the run in it, and what the reader has chosen."""

    file: str
    run: data.PublishedRun
    build: data.Build
    labels: dict[str, dict[str, str]]
    chosen: filters.Chosen
    viewer: Viewer
    # What a choice's code is, by its key: from the URL on the screen, the first option in the meeting pack.
    code_of: Callable[[str, Mapping[str, str]], str]
    # What the reader looks for, by the field's key, name and the choice that a new search begins anew.
    searched: Callable[[str, str, str], str] = lambda _key, _name, _anew: ""
    # What a page is asked for by a link, such as an account, by the parameter's name.
    parameters: Mapping[str, str | None] = field(default_factory=dict)
    # The filters that narrow the page; what is chosen in the others waits for a page that has them.
    used: Collection[str] = filters.DIMENSIONS
    choices: dict[str, Choice] = field(default_factory=dict)

    @property
    def period(self) -> filters.Period:
        """The days of the chosen period."""
        return filters.resolve_period(self.chosen.period_code, self.run.as_of_date, self.chosen.days)

    @property
    def compared_period(self) -> filters.Period | None:
        """The equally long period before it, whether the data reaches back to it or not; None for all the data."""
        return filters.resolve_period_before(self.chosen.period_code, self.run.as_of_date, self.chosen.days)

    @property
    def period_before(self) -> filters.Period | None:
        """The period to compare with; None where the data does not reach back over all of it."""
        before, first = self.compared_period, data.first_lead_date(self.file)
        return before if before and first and first <= before.from_date else None

    @property
    def selection(self) -> data.Selection:
        """The five filters, as far as they narrow the page."""
        chosen = self.chosen.selection
        return data.Selection(
            **{name: getattr(chosen, name) if name in self.used else () for name in filters.DIMENSIONS}
        )

    @property
    def currency(self) -> str:
        """In which every amount is."""
        return self.run.reporting_currency

    def is_running(self, month: object) -> bool:
        """Whether a month, by its first day, is not over yet."""
        return pd.Timestamp(month).date() >= self.run.as_of_date.replace(day=1)

    def money(self, value: float | None) -> str:
        """An amount as Markdown."""
        return formatting.plain(formatting.money(value, self.currency))

    def asked(self, name: str) -> str | None:
        """What a link asks this page for; None where it asks for nothing."""
        return self.parameters.get(name) or None

    def search(self, key: str, name: str, anew: str) -> str:
        """What the reader looks for in a field above the page; a new search forgets the choice `anew`."""
        return self.searched(key, name, anew).strip()

    def choose(self, key: str, name: str, options: Mapping[str, str]) -> str:
        """The code that the reader chose of a page's own options; the first one, unless another was.

        It is drawn where a block or the page names its key.
        """
        self.choices[key] = Choice(name, options)
        return self.code_of(key, options)


def choose_language() -> None:
    """Speak the reader's language: the one of the URL or of the switch below the pages, else the browser's."""
    preferred = languages.closest(st.context.locale)
    with st.sidebar.container(key="language_switch"):
        chosen = st.segmented_control(
            "Language · Język · Sprache",
            list(languages.LANGUAGES),
            default=preferred,
            required=True,
            key="lang",
            bind="query-params",
            label_visibility="collapsed",
        )
    languages.use(chosen or preferred)


def frame() -> Frame:
    """The frame that the running page stands in."""
    return st.session_state["frame"]


def open_frame(entry: Entry, viewer: Viewer) -> None:
    """Draw what stands above a page's content, and keep what the page is made from."""
    st.logo(str(ASSETS / "logo.svg"), size="large")
    header = st.container(
        key="page_header", horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    )
    header.title(_(entry.title), anchor=False, width="content")
    with told_in_words():
        newest = data.current_file()
        file = _choose_publication(newest)
        run = data.published_run(file)
        labels = data.dimension_labels(file)
        if file == newest:
            _say_how_old(file, run, header, entry)
        else:
            _say_that_it_is_the_past(run, header)
        chosen = filters.filter_bar(labels, data.attribution_models(file), entry.filters, run.as_of_date)
        hidden, search = st.container(key="url_choices"), st.container(key="page_search")
        st.session_state["frame"] = Frame(
            file,
            run,
            data.build(file),
            labels,
            chosen,
            viewer,
            code_of=lambda key, options: _hidden_choice(hidden, key, options),
            searched=lambda key, name, anew: _search_field(search, key, name, anew),
            parameters={name: _asked(name) for name in ASKED},
            used=entry.filters,
        )


def _choose_publication(newest: str) -> str:
    """The file whose numbers are shown: the newest one, unless the reader asked for one that was published before."""
    earlier = data.earlier_versions(newest)
    if not earlier:
        return newest
    zone = data.published_run(newest).reporting_timezone
    labels = {NEWEST: _("The newest"), **{name: formatting.moment(at, zone) for name, at in earlier.items()}}
    with st.container(key="url_published"):
        chosen = filters.url_selectbox(PUBLISHED, list(labels))
    with st.sidebar:
        filters.named_selectbox(_("Numbers published"), PUBLISHED, labels)
    return newest if chosen == NEWEST else str(Path(newest).with_name(f"{chosen}.duckdb"))


def _show_the_newest() -> None:
    st.session_state[PUBLISHED] = NEWEST


def _say_that_it_is_the_past(run: data.PublishedRun, header) -> None:
    """Say above the numbers that newer ones have been published since, and lead back to them."""
    published, as_of = (formatting.moment(at, run.reporting_timezone) for at in (run.published_at, run.as_of))
    header.badge(_("As of {moment}", moment=as_of), icon=":material/history:", color="orange")
    with st.container(key="banner", gap="xsmall"):
        st.warning(
            _(
                "You are looking at the numbers published {published}, as of {as_of}. "
                "Newer ones have been published since.",
                published=published,
                as_of=as_of,
            ),
            icon=":material/history:",
        )
        st.button(_("Show the newest numbers"), key="newest", on_click=_show_the_newest)


def _hidden_choice(container, key: str, options: Mapping[str, str]) -> str:
    with container:
        return filters.url_selectbox(key, options)


def _search_field(container, key: str, name: str, anew: str) -> str:
    with container:
        return st.text_input(
            name, key=key, bind="query-params", icon=":material/search:", on_change=_forget, args=(anew,), width=380
        )


def _forget(key: str) -> None:
    st.session_state[key] = None


def _asked(name: str) -> str | None:
    """What the reader chose last or, as a page opens, what its link says: the URL lags behind a choice by a run."""
    return st.session_state[name] if name in st.session_state else st.query_params.get(name)


def _say_how_old(file: str, run: data.PublishedRun, header, entry: Entry) -> None:
    """Say as of when the numbers are and, above them, why they or a source's part of them are not newer.

    Data health, which has no link to itself, says in its own words what is wrong with the sources.
    """
    last = data.last_run()
    is_overtaken = bool(last and last.status in ("failed", "rolled_back") and last.finished_at > run.published_at)
    sources = " ".join(narrative.source_sentences(data.source_freshness(file))) if entry != HEALTH else ""
    warnings = [*([narrative.last_run_sentence(last, run)] if is_overtaken else []), *([sources] if sources else [])]
    header.badge(
        _("As of {moment}", moment=formatting.moment(run.as_of, run.reporting_timezone)),
        icon=":material/warning:" if warnings else ":material/check_circle:",
        color="orange" if warnings else "green",
        help=_(
            "Run {run}; times are in {timezone}.",
            run=formatting.plain(run.run_id),
            timezone=formatting.plain(run.reporting_timezone),
        ),
    )
    if warnings:
        with st.container(key="banner", gap="xsmall"):
            for warning in warnings:
                st.warning(warning, icon=":material/warning:")
            if entry != HEALTH:
                st.page_link(HEALTH.path, label=_("Open Data health"), icon=":material/arrow_forward:")


@contextmanager
def told_in_words() -> Iterator[None]:
    """Turn a file that is missing or cannot be read into words with a next step, and stop there."""
    try:
        yield
    except data.ServingFileMissing:
        _draw_state(
            State(
                _("Nothing has been published yet"),
                _(
                    "Run `make demo` for a made-up company, or `make refresh` for your own sources. Then reload this "
                    "page."
                ),
            )
        )
        st.caption(_("Looked in {folder}", folder=formatting.plain(data.serving_folder())))
        st.stop()
    except data.ServingFileUnreadable as problem:
        if st.session_state.get(PUBLISHED, NEWEST) != NEWEST:
            words = _("They may come from another version of Funnelhouse. Nothing is wrong with the newest numbers.")
            _draw_state(State(_("These earlier numbers cannot be read"), words, icon=":material/history:"))
            st.button(_("Show the newest numbers"), key="newest", on_click=_show_the_newest)
            st.stop()
        _draw_state(
            State(
                _("The published file cannot be read"),
                _(
                    "Run `make rollback` to go back to the version before it, or `make refresh` to publish a new one, "
                    "then reload this page. If that does not help, the file may come from another version of "
                    "Funnelhouse."
                ),
                icon=":material/error:",
            )
        )
        reason = str(problem).splitlines()[0][:300] if str(problem) else _("No reason was given")
        st.caption(formatting.plain(reason))
        st.stop()


def compared(now: float | None, before: float | None, period: filters.Period | None, is_rise_good: bool = True) -> dict:
    """What a card says of the change since a period before: `pill`, `compared`, `tone` and `arrow` of a `Card`.

    `period` is what it is compared with, None where there is no such; `before` is None where no data reaches back.
    """
    if period is None:
        return {}
    if formatting.is_missing(before):
        return {"pill": _("no full {period}", period=period.short)}
    change = formatting.change(now, before)
    if change is None:
        return {"pill": _("none in {period}", period=period.short) if not before else None}
    is_same = round((now / before - 1) * 100) == 0
    tone = "plain" if is_same else "good" if (now > before) == is_rise_good else "bad"
    return {"pill": change, "compared": _("vs {period}", period=period.short), "tone": tone, "arrow": True}


def thinned(rows: pd.DataFrame, series: str, most: int) -> pd.DataFrame:
    """At most so many rows of each series, evenly taken, the first and the last among them: as many as the eye sees."""
    parts = []
    for _name, part in rows.groupby(series, sort=False):
        step = max((len(part) - 1) / (most - 1), 1) if len(part) > 1 else 1
        places = sorted({round(place * step) for place in range(int((len(part) - 1) / step) + 1)} | {len(part) - 1})
        parts.append(part.iloc[places])
    return pd.concat(parts)


def cells_in_words(cells: pd.DataFrame, row: str = "row", column: str = "column") -> str:
    """A heat map for who cannot see it: each cell that shows something."""
    shown = cells[cells["text"] != ""]
    return "; ".join(
        f"{row_}, {column_}: {text} ({detail})"
        for row_, column_, text, detail in zip(shown[row], shown[column], shown["text"], shown["detail"], strict=True)
    )


def value_label(frame_: Frame, dimension: str, value: str) -> str:
    """A dimension's value as the company calls it."""
    return _("not recorded") if value == NOT_RECORDED else frame_.labels[dimension].get(value, value)


def nothing_matches() -> State:
    """The filters leave nothing."""
    return State(
        _("Nothing matches"), _("Widen the period or clear a filter."), icon=":material/search_off:", can_widen=True
    )


def show(content: Callable[[Frame], Page | State]) -> None:
    """Draw the running page."""
    frame_ = frame()
    page = content(frame_)
    if isinstance(page, State):
        _draw_state(page)
        return
    _draw_choices(frame_, page.choices)
    with st.container(key="sentence"):
        st.markdown(formatting.sentence_case(page.sentence))
    for remark in page.remarks:
        st.caption(remark)
    if page.cards:
        grid = st.grid(len(page.cards), min_column_width=150, key="cards")
        for card in page.cards:
            _draw_card(grid, card)
    if page.next_steps:
        with st.container(key="next_steps", gap="xxsmall"):
            for step in page.next_steps:
                _draw_next_step(step)
    for row in page.rows():
        if isinstance(row, Block):
            chosen = [_draw_block(frame_, row)]
        else:
            chosen = []
            columns = st.columns([weight for weight, block in row])
            for column, (_weight, block) in zip(columns, row, strict=True):
                with column:
                    chosen.append(_draw_block(frame_, block, height="stretch"))
        # What lies behind a mark stands below its row, where there is room for it.
        for behind in filter(None, chosen):
            _draw_block(frame_, behind)


def offer_pack(entry: Entry) -> None:
    """The way to the meeting pack, below the pages: chosen ones as one PDF, under the filters of now."""
    frame_ = frame()
    language, labels = languages.current(), {address: _(one.title) for address, one in ENTRIES.items()}
    with st.sidebar.popover(_("Meeting pack"), icon=":material/picture_as_pdf:", key="pack", width="stretch"):
        st.caption(_("The chosen pages as one PDF, with the period and the filters of now."))
        usual = [address for address, one in ENTRIES.items() if one.filters] or [entry.address]
        chosen = st.multiselect(
            _("Pages"), list(labels), default=usual, format_func=labels.get, key="pack_pages", width="stretch"
        )
        apart = replace(frame_, code_of=partial(_code_in_pack, frame_.parameters), choices={})
        exports.download_pdf(
            _("Make the PDF"),
            # Made outside of this run, in whose language and with whose filters it is to be.
            lambda: _pack(apart, [ENTRIES[address] for address in labels if address in chosen], language),
            f"funnelhouse_{frame_.run.as_of_date.isoformat()}.pdf",
            is_possible=bool(chosen),
        )


def _pack(frame_: Frame, entries: Sequence[Entry], language: str) -> bytes:
    languages.use(language)
    parts = [frame_.period.span, *filters.badge_texts(frame_.chosen.selection, frame_.labels)]
    parts.append(_("As of {moment}", moment=formatting.moment(frame_.run.as_of, frame_.run.reporting_timezone)))
    return pack.pdf(
        [(_(entry.title), entry.content(replace(frame_, used=entry.filters))) for entry in entries], " · ".join(parts)
    )


def _code_in_pack(asked: Mapping[str, str | None], key: str, options: Mapping[str, str]) -> str:
    """What the page was asked for, else the first option."""
    code = asked.get(key)
    return code if code in options else next(iter(options))


def _draw_state(state: State) -> None:
    with st.container(border=True, key="nothing_matches" if state.can_widen else "state"):
        st.header(f"{state.icon} {state.title}", anchor=False)
        st.markdown(state.next_step)
        if state.can_widen:
            st.button(_("Show all leads"), key="widen", on_click=filters.widen, type="primary")


def _draw_choices(frame_: Frame, keys: Sequence[str]) -> None:
    """The visible halves of a page's choices, side by side."""
    if not keys:
        return
    for column, key in zip(st.columns(max(len(keys), 2)), keys, strict=False):
        with column:
            filters.named_selectbox(frame_.choices[key].name, key, frame_.choices[key].options)


def _draw_card(grid, card: Card) -> None:
    has_arrow = card.arrow and card.pill and card.tone != "plain"
    grid.metric(
        card.label,
        formatting.no_list(card.value),
        delta=card.pill,
        delta_color=PILL_COLOURS[card.tone],
        delta_arrow=("down" if card.pill.startswith("-") else "up") if has_arrow else "off",
        delta_description=card.compared,
        chart_data=list(card.trend) or None,
        chart_type="line",
        border=True,
        height="stretch",
        help=card.meaning,
    )


def _draw_next_step(step: NextStep) -> None:
    st.page_link(
        ENTRIES[step.page].path,
        label=step.text,
        icon=":material/arrow_forward:",
        query_params=_carried(),
    )


def _carried() -> dict[str, list[str]]:
    """The global parameters of this page, for a link to another one."""
    kept = ("lang", "period", "from", "to", "model", PUBLISHED, *data.DIMENSIONS)
    return {name: st.query_params.get_all(name) for name in kept if name in st.query_params}


def _draw_block(frame_: Frame, block: Block, height: str = "content") -> Block | None:
    """Draw a block; what lies behind the mark of a chart that the reader has chosen."""
    with _card(block, height):
        _draw_choices(frame_, block.choices)
        if isinstance(block, Chart):
            return _draw_chart(block)
        if isinstance(block, Table):
            _draw_table(block)
        else:
            st.markdown(block.text)
    return None


def _card(block: Block, height: str):
    """A bordered card with a heading, the line that says how to read it, and what can be taken away."""
    container = st.container(border=True, key=block.key, height=height)
    with container.container(gap="xxsmall"):
        head = st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", gap="small"
        )
        head.header(block.title, anchor=False, width="stretch")
        if not isinstance(block, Words):
            name = _("Take it away")
            with head.popover(name, icon=":material/download:", type="tertiary", help=name, key=f"{block.key}_away"):
                _draw_downloads(block)
        if block.note:
            st.caption(block.note)
    return container


def _draw_downloads(block: Chart | Table) -> None:
    exports.download(_("Table as CSV"), block.rows, f"{block.key}.csv", key=f"{block.key}_csv")
    if isinstance(block, Chart):
        exports.download_picture(
            _("Chart as PNG"), block.spec, block.title, block.note, f"{block.key}.png", key=f"{block.key}_png"
        )


def _draw_chart(block: Chart) -> Block | None:
    spec = charts.in_theme(block.spec, is_dark=st.context.theme.type == "dark")
    if block.width:
        st.html(f"<style>.st-key-scrolled_{block.key} > * {{ min-width: {block.width}rem; }}</style>")
    picked = None
    with st.container(key=f"scrolled_{block.key}" if block.width else None):
        if block.behind:
            picked = _draw_pickable(block, spec)
        else:
            st.vega_lite_chart(spec, theme=None, alt=block.alt)
    if block.behind:
        st.caption(":material/touch_app: " + _("Choose a bar or a point to see what is behind it."))
    if block.footnote:
        st.caption(block.footnote)
    # A code may be empty: that of deals lost without a reason is.
    return block.behind(picked) if block.behind and picked is not None else None


def _draw_pickable(block: Chart, spec: Mapping) -> str | None:
    """A chart whose marks open; the code of the one that is chosen, if the chart still has it."""
    event = st.vega_lite_chart(
        charts.pickable(spec),
        theme=None,
        alt=block.alt,
        on_select="rerun",
        selection_mode=charts.PICKED,
        key=f"{block.key}_marks",
    )
    shown = {row.get(charts.CODE) for row in spec["data"]["values"]}
    chosen = [mark.get(charts.CODE) for mark in event.selection.get(charts.PICKED, [])]
    return next((code for code in reversed(chosen) if code in shown), None)


def _draw_table(block: Table) -> None:
    if block.is_folded:
        # Drawn once it is opened: the checks of a run alone, 1,400 rows, keep a browser busy for five seconds.
        folded = st.expander(block.alt, key=f"{block.key}_folded", on_change="rerun")
        if folded.open:
            with folded:
                _draw_rows(block)
    else:
        _draw_rows(block)
    if block.footnote:
        st.caption(block.footnote)
    if block.next_steps:
        with st.container(horizontal=True, gap="small"):
            for step in block.next_steps:
                _draw_next_step(step)


def _draw_rows(block: Table) -> None:
    if block.opens:
        _draw_opening_rows(block)
    else:
        st.html(f"<style>.st-key-{block.key} .stTable table {{ min-width: {block.width}rem; }}</style>")
        table(block.texts, block.alt, block.numbers, block.unbroken, block.wide)


def _draw_opening_rows(block: Table) -> None:
    """Rows that lead to another page."""
    chosen = st.dataframe(
        block.texts,
        hide_index=True,
        alt=block.alt,
        height=min(36 * (len(block.texts) + 1) + 2, 440),
        on_select="rerun",
        selection_mode="single-row",
        key=f"{block.key}_rows",
    )
    if chosen.selection.rows:
        parameters = _carried() | dict(block.links[chosen.selection.rows[0]])
        st.switch_page(ENTRIES[block.opens].path, query_params=parameters)


def table(
    rows: pd.DataFrame, alt: str, numbers: Sequence[str] = (), unbroken: Sequence[str] = (), wide: Sequence[str] = ()
) -> None:
    """A table of finished texts: numbers to the right, `unbroken` columns on one line, `wide` ones with room to read.

    Streamlit aligns each cell itself, hence `!important`.
    """
    rows = rows.map(lambda cell: formatting.no_list(cell) if isinstance(cell, str) else cell)
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
    # Streamlit lets the keyboard into a table that has a height, so that it can be scrolled; STYLE undoes the height.
    st.table(styled, border="horizontal", hide_index=True, alt=alt, height=400)
