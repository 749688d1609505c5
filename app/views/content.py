"""Content: which piece moves whom?"""

import pandas as pd

from app import charts, formatting, records, shell
from app.content import Block, Card, Chart, NextStep, Page, State, Table, Words
from app.languages import _, n_
from app.queries import content as queries
from app.queries import funnel as stage_queries

SHOWN_PIECES = 10
LISTED_PIECES = 25
SHOWN_PAGES = 15
NOT_IN_A_STAGE = "(none)"


def content(frame: shell.Frame) -> Page | State:
    """The page from top to bottom."""
    period = frame.period
    names = queries.contents(frame.file)
    rows = queries.effects(frame.file, period.from_date, period.to_date, frame.selection, "content")
    rows = rows[rows["dimension_value"] != shell.NOT_RECORDED]
    if not names:
        return State(
            _("No content is known"),
            _("Not connected: needs a list of content (spreadsheets or files) whose pages or names can be recognised."),
            icon=":material/menu_book:",
        )
    if rows.empty:
        return shell.nothing_matches()
    rows = rows.assign(
        label=[names.get(value, value) for value in rows["dimension_value"]],
        difference=rows["advanced_rate"] - rows["baseline_rate"],
    )
    unused = queries.unused(frame.file, period.from_date, period.to_date)
    all_rows = queries.effects(frame.file, period.from_date, period.to_date, frame.selection, "all")
    return Page(
        sentence=sentence(frame, rows),
        cards=_cards(frame, rows, all_rows.iloc[0], unused, len(names)),
        rows=lambda: [
            [(1, _differences(frame, rows)), (1, _stage_map(frame))],
            _pieces_table(frame, rows),
            [(1, _landing_table(frame)), (1, _unused_table(unused))],
        ],
        next_steps=[NextStep(_("See which channel brought the pipeline"), "attribution")],
    )


def sentence(frame: shell.Frame, rows: pd.DataFrame) -> str:
    """Which piece precedes progress most; told as what was observed, not as a cause."""
    judged = rows[rows["difference"].notna()]
    first = n_(
        "{count} piece of content was met {period}",
        "{count} pieces of content were met {period}",
        len(rows),
        period=frame.period.words,
    )
    sure = judged[judged["advanced_rate_lower"] > judged["baseline_rate"]]
    if judged.empty:
        return _("{opening}; too few people met any of them to compare.", opening=first)
    if sure.empty:
        return _("{opening}; after none of them did clearly more people go on than do anyway.", opening=first)
    best = sure.sort_values("difference", ascending=False).iloc[0]
    return _(
        "{opening}. {piece} precedes progress most: {rate} went on soon after, where {baseline} do anyway.",
        opening=first,
        piece=formatting.plain(best["label"]),
        rate=formatting.rate(best["advanced_rate"]),
        baseline=formatting.rate(best["baseline_rate"]),
    )


def _cards(frame: shell.Frame, rows: pd.DataFrame, whole: pd.Series, unused: pd.DataFrame, known: int) -> list[Card]:
    days = int(whole["within_days"])
    return [
        Card(
            _("People who met content"),
            formatting.count(whole["lead_count"]),
            pill=n_("{count} meeting", "{count} meetings", whole["interaction_count"]),
            meaning=_(
                "Leads that read, downloaded or attended something in the period. E-mails opened and ads shown are "
                "left out."
            ),
        ),
        Card(
            _("Went on soon after"),
            formatting.rate(whole["advanced_rate"]),
            pill=_("{rate} do anyway", rate=formatting.rate(whole["baseline_rate"])),
            meaning=n_(
                "Left their stage forward within {count} day of the meeting. Observed, not caused: who is about to "
                "buy reads more.",
                "Left their stage forward within {count} days of the meeting. Observed, not caused: who is about to "
                "buy reads more.",
                days,
            ),
        ),
        Card(
            _("Unused pieces"),
            formatting.count(len(unused)),
            pill=n_("of {count} piece", "of {count} pieces", known),
            tone="warning" if len(unused) else "good",
            meaning=_("Pieces on the list that nobody met in the period."),
        ),
    ]


def _differences(frame: shell.Frame, rows: pd.DataFrame) -> Block:
    """After which pieces more people go on than do anyway."""
    title = _("After which piece people go on")
    note = _("percentage points above those who go on anyway, with 95 % bounds · association, not cause")
    judged = rows[rows["difference"].notna()].head(SHOWN_PIECES)
    if judged.empty:
        return Words("difference_card", title, note, _("Too few people met any piece."))
    judged = judged.sort_values("difference", ascending=False)
    labels, period = dict(zip(judged["dimension_value"], judged["label"], strict=True)), frame.period

    def behind(piece: str) -> Block:
        readers = queries.readers_behind(
            frame.file, period.from_date, period.to_date, frame.selection, piece, records.LISTED
        )
        return records.leads_table(frame, "difference_behind", labels[piece], readers)

    bars = pd.DataFrame(
        {
            charts.CODE: judged["dimension_value"],
            "label": judged["label"],
            "value": judged["difference"].astype(float),
            "lower": (judged["advanced_rate_lower"] - judged["baseline_rate"]).astype(float),
            "upper": (judged["advanced_rate_upper"] - judged["baseline_rate"]).astype(float),
            "text": [
                formatting.points(now, before) or ""
                for now, before in zip(judged["advanced_rate"], judged["baseline_rate"], strict=True)
            ],
            "detail": [
                _("{part} of {whole}", part=formatting.count(part), whole=formatting.count(whole))
                for part, whole in zip(judged["advanced_count"], judged["mature_count"], strict=True)
            ],
        }
    )
    bars = bars.assign(is_decided=(bars["lower"] > 0) | (bars["upper"] < 0))
    low, high = float(bars["lower"].min()), float(bars["upper"].max())
    return Chart(
        "difference_card",
        title,
        note + " · " + _("diamonds: beyond chance"),
        charts.forest(
            bars, charts.ticks(min(low, 0), max(high, 0.01), lambda value: formatting.points(value, 0) or "0")
        ),
        alt="; ".join(f"{row.label}: {row.text} ({row.detail})" for row in bars.itertuples()),
        rows=rows,
        behind=behind,
    )


def _stage_map(frame: shell.Frame) -> Block:
    """Which persona goes on after content, at which stage."""
    rows = queries.effects(
        frame.file, frame.period.from_date, frame.period.to_date, frame.selection, "persona", by_stage=True
    )
    title = _("Who goes on after content, and where")
    note = _("share that left the stage forward soon after a meeting · small groups are empty")
    rows = rows[rows["stage"] != NOT_IN_A_STAGE]
    known = rows[rows["advanced_rate"].notna()]
    if known.empty:
        return Words("stage_card", title, note, _("No group has enough people."))
    stages = stage_queries.stages(frame.file)
    stages = stages[stages["stage"].isin(known["stage"])].drop_duplicates("stage")
    rows = rows[rows["stage"].isin(stages["stage"])]
    labels = dict(zip(stages["stage"], stages["stage_label"], strict=True))
    most = float(known["advanced_rate"].max()) or 1.0
    personas = sorted(set(rows["dimension_value"]), key=lambda value: (value == shell.NOT_RECORDED, value))
    said = {value: shell.value_label(frame, "persona", value) for value in personas}
    cells = pd.DataFrame(
        {
            "row": rows["dimension_value"].map(said),
            "column": rows["stage"].map(labels).fillna(rows["stage"]),
            "shade": (rows["advanced_rate"] / most).astype(float),
            "text": ["" if pd.isna(value) else formatting.rate(value) for value in rows["advanced_rate"]],
            "detail": [
                _("{part} of {whole}", part=formatting.count(part), whole=formatting.count(whole))
                for part, whole in zip(rows["advanced_count"], rows["mature_count"], strict=True)
            ],
        }
    )
    columns = [labels[stage] for stage in stages["stage"]]
    return Chart(
        "stage_card",
        title,
        note,
        charts.heat_map(cells, [said[value] for value in personas], columns),
        alt=shell.cells_in_words(cells),
        rows=rows,
        width=30,
    )


def _pieces_table(frame: shell.Frame, rows: pd.DataFrame) -> Table:
    shown = rows.head(LISTED_PIECES)
    texts = pd.DataFrame(
        {
            _("Piece"): [f"**{formatting.plain(value)}**" for value in shown["label"]],
            _("Meetings"): [formatting.count(value) for value in shown["interaction_count"]],
            _("People"): [formatting.count(value) for value in shown["lead_count"]],
            _("Went on"): [formatting.rate(value) for value in shown["advanced_rate"]],
            _("Do anyway"): [formatting.rate(value) for value in shown["baseline_rate"]],
        }
    )
    hidden = len(rows) - len(shown)
    return Table(
        "pieces_card",
        _("What was met"),
        _("most people first · rates of small groups are left out"),
        texts,
        rows=rows,
        alt=_("Content with who met it and what came after"),
        numbers=tuple(texts.columns[1:]),
        unbroken=(texts.columns[0],),
        footnote=n_("{count} more not shown", "{count} more not shown", hidden) if hidden > 0 else "",
    )


def _landing_table(frame: shell.Frame) -> Block:
    first, last = frame.period.months
    rows = queries.landing_pages(frame.file, first, last, SHOWN_PAGES)
    title, note = _("Where visits begin"), _("whole months of the period, all the data · most leads first")
    if rows.empty:
        return Words("landing_card", title, note, _("Not connected: needs web events or visits."))
    texts = pd.DataFrame(
        {
            _("Page"): [formatting.plain(value) for value in rows["landing_page"]],
            _("Visits"): [formatting.count(value) for value in rows["session_count"]],
            _("Forms"): [formatting.count(value) for value in rows["form_count"]],
            _("Leads"): [formatting.count(value) for value in rows["lead_count"]],
            _("Qualified"): [formatting.count(value) for value in rows["qualified_lead_count"]],
        }
    )
    return Table(
        "landing_card",
        title,
        note,
        texts,
        rows=rows,
        alt=_("Landing pages with what came of them"),
        numbers=tuple(texts.columns[1:]),
        width=30,
    )


def _unused_table(unused: pd.DataFrame) -> Block:
    title, note = _("What nobody met"), _("pieces on the list without a meeting in the period")
    if unused.empty:
        text = f":green-badge[:material/check_circle: {_('Every piece was met.')}]"
        return Words("unused_card", title, note, text)
    texts = pd.DataFrame(
        {
            _("Piece"): [formatting.plain(value) for value in unused["content_name"]],
            _("Kind"): [formatting.plain(value) for value in unused["content_type"]],
            _("Topic"): [formatting.plain(value) for value in unused["topic"]],
            _("Phase"): [formatting.plain(value) for value in unused["funnel_phase"]],
        }
    )
    return Table(
        "unused_card",
        title,
        note,
        texts.head(LISTED_PIECES),
        rows=unused,
        alt=_("Content that nobody met"),
        width=30,
    )


if __name__ == "__main__":
    shell.show(content)
