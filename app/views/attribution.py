"""Attribution: what built pipeline, and does the model matter?"""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from app import charts, data, formatting, records, shell
from app.content import Block, Card, Chart, NextStep, Page, State, Table, Words
from app.languages import N_, _, n_
from app.queries import attribution as queries
from app.queries.attribution import UNATTRIBUTED

SHOWN_CHANNELS = 10
LINEAR = "linear"
CONVERSIONS = {
    "opportunity": N_("Pipeline"),
    "won": N_("Revenue won"),
    "lead": N_("Leads"),
    "mql": N_("MQLs"),
    "sql": N_("SQLs"),
}
WITH_AMOUNT = ("opportunity", "won")


def content(frame: shell.Frame) -> Page | State:
    """The page from top to bottom."""
    models = data.attribution_models(frame.file)
    kind = frame.choose("of", _("Credit for"), {code: _(name) for code, name in CONVERSIONS.items()})
    first, last = frame.period.months
    rows = queries.by_channel(frame.file, first, last, frame.selection, kind)
    rows = rows[rows["attribution_model"].isin(models)]
    if rows.empty:
        return shell.nothing_matches()
    table = rows.pivot_table(
        index="channel", columns="attribution_model", values=measure_of(kind), aggfunc="sum"
    ).fillna(0.0)
    table = table.reindex(columns=[model for model in models if model in table.columns])
    if frame.chosen.model not in table.columns:
        return shell.nothing_matches()
    labels = queries.channel_labels(frame.file) | {UNATTRIBUTED: _("not attributed")}
    view = View(frame, table, models, labels, frame.chosen.model, kind)
    return Page(
        sentence=sentence(view),
        choices=("of",),
        cards=_cards(view),
        rows=lambda: [
            [(3, _dots(view)), (2, _difference(view))],
            _models_table(view),
            [(1, _coverage_chart(view)), (1, _data_driven(view))],
        ],
        next_steps=[NextStep(_("See what each channel and campaign brought back for its cost"), "roi")],
        remarks=[_("Whole months: {months}.", months=_months(frame))],
    )


def measure_of(kind: str) -> str:
    """What is divided among the channels: money, or conversions where they have none."""
    return "amount" if kind in WITH_AMOUNT else "credit"


@dataclass(frozen=True)
class View:
    """The credits of the period by channel and model, and how they are said.

    `table` has a row a channel and a column a model, in the playbook's order, the chosen one among them.
    """

    frame: shell.Frame
    table: pd.DataFrame
    models: Mapping[str, str]
    labels: Mapping[str, str]
    model: str
    kind: str

    @property
    def name(self) -> str:
        """What the credit is for."""
        return _(CONVERSIONS[self.kind])

    @property
    def channels(self) -> pd.DataFrame:
        """The channels that have credit, the largest under the chosen model first."""
        channels = self.table.drop(index=UNATTRIBUTED, errors="ignore")
        return channels.sort_values([self.model], ascending=False, kind="stable")

    def said(self, value: float) -> str:
        """An amount of money, or a number of conversions."""
        if self.kind in WITH_AMOUNT:
            return formatting.money(value, self.frame.currency)
        return formatting.number(value) if value < 100 else formatting.count(round(value))

    def label(self, channel: str) -> str:
        """What the company calls a channel."""
        return self.labels.get(channel, channel)


def _months(frame: shell.Frame) -> str:
    first, last = frame.period.months
    if first is None or last is None:
        return _("all")
    return formatting.month(first) if first == last else f"{formatting.month(first)} – {formatting.month(last)}"


def sentence(view: View) -> str:
    """Which channel built most, whether other models say so, and on which channel they disagree most."""
    channels = view.channels
    if channels.empty or channels[view.model].max() <= 0:
        return _(
            "Under {model}, nothing is owed to a channel.",
            model=formatting.plain(view.models[view.model]),
        )
    top = channels.index[0]
    first = _(
        "Under {model}, {channel} built most: {amount} ({share} of all)",
        model=formatting.plain(view.models[view.model]),
        channel=formatting.plain(view.label(top)),
        amount=formatting.plain(view.said(channels[view.model].iloc[0])),
        share=formatting.rate(channels[view.model].iloc[0] / view.table[view.model].sum()),
    )
    leaders = channels.idxmax()
    agreeing = int((leaders == top).sum())
    if agreeing == len(leaders):
        second = n_("the only model there is", "all {count} models say so", len(leaders))
    else:
        others = leaders[leaders != top]
        rival = others.value_counts().index[0]
        second = n_(
            "{agreeing} of {count} model says so, others name {rival}",
            "{agreeing} of {count} models say so, others name {rival}",
            len(leaders),
            agreeing=formatting.count(agreeing),
            rival=formatting.plain(view.label(rival)),
        )
    widest = (channels.max(axis=1) - channels.min(axis=1)).idxmax()
    third = _(
        "They disagree most on {channel}: {low} to {high}",
        channel=formatting.plain(view.label(widest)),
        low=formatting.plain(view.said(channels.loc[widest].min())),
        high=formatting.plain(view.said(channels.loc[widest].max())),
    )
    return f"{first}; {second}. {third}."


def _cards(view: View) -> list[Card]:
    channels = view.channels
    total = float(view.table[view.model].sum())
    attributed = float(channels[view.model].sum())
    spread = channels.max(axis=1) - channels.min(axis=1)
    meaning = queries.model_definitions(view.frame.file).get(view.model)
    return [
        Card(
            _("Attributed"),
            formatting.plain(view.said(attributed)),
            pill=formatting.plain(view.models[view.model]),
            meaning=formatting.plain(meaning),
        ),
        Card(
            _("Coverage"),
            formatting.rate(attributed / total) if total else formatting.MISSING,
            pill=_("of {total}", total=formatting.plain(view.said(total))),
            meaning=_("What is owed to some touch of marketing or sales that is on record ÷ all of it."),
        ),
        Card(
            _("Not attributed"),
            formatting.plain(view.said(total - attributed)),
            pill=_("no touch on record, or none where the model asks for one"),
            meaning=_(
                "Conversions without any touch in the look-back, or without one at the place that the model credits."
            ),
        ),
        Card(
            _("Largest disagreement"),
            formatting.plain(view.said(float(spread.max()))) if len(spread) else formatting.MISSING,
            pill=formatting.plain(view.label(spread.idxmax())) if len(spread) else None,
            tone="warning" if len(spread) else "plain",
            meaning=_("Between the model that gives a channel most and the one that gives it least."),
        ),
    ]


def _dots(view: View) -> Block:
    """Each channel under the chosen model, and under all others."""
    channels = view.channels.head(SHOWN_CHANNELS)
    title = _("What each channel built, and how much the model matters")
    if channels.empty:
        return Words(
            "dots_card", title, "", _("Nothing is owed to a channel: no touch before a conversion is on record.")
        )
    first, last = view.frame.period.months

    def behind(channel: str) -> Block:
        credits = queries.credits_behind(
            view.frame.file,
            first,
            last,
            view.frame.selection,
            view.kind,
            view.model,
            "channel",
            channel,
            records.LISTED,
        )
        return records.credits_table(view.frame, "dots_behind", f"{view.name}, {view.label(channel)}", credits)

    rows = pd.DataFrame(
        {
            charts.CODE: channels.index,
            "label": [view.label(channel) for channel in channels.index],
            "value": channels[view.model].astype(float).to_numpy(),
            "low": channels.min(axis=1).astype(float).to_numpy(),
            "high": channels.max(axis=1).astype(float).to_numpy(),
            "text": [view.said(value) for value in channels[view.model]],
            "detail": [
                _("{low} to {high}, by model", low=view.said(low), high=view.said(high))
                for low, high in zip(channels.min(axis=1), channels.max(axis=1), strict=True)
            ],
        }
    )
    others = pd.DataFrame(
        {
            "label": view.label(channel),
            "value": float(channels.loc[channel, model]),
            "detail": f"{view.models[model]}: {view.said(channels.loc[channel, model])}",
        }
        for channel in channels.index
        for model in channels.columns
        if model != view.model
    )
    if others.empty:
        others = pd.DataFrame(columns=["label", "value", "detail"])
    hidden = len(view.channels) - len(channels)
    return Chart(
        "dots_card",
        title,
        _(
            "large: {model} · small: the other models · band: their range",
            model=formatting.plain(view.models[view.model]),
        ),
        charts.range_dots(rows, others, charts.ticks(0, float(rows["high"].max()) or 1.0, view.said, most=4)),
        alt="; ".join(f"{row.label}: {row.text} ({row.detail})" for row in rows.itertuples()),
        rows=view.table.reset_index(),
        behind=behind,
        footnote=n_("{count} smaller channel not shown", "{count} smaller channels not shown", hidden)
        if hidden > 0
        else "",
    )


def _difference(view: View) -> Block:
    """One channel, model by model, against the same credit to every touch."""
    options = {channel: view.label(channel) for channel in view.channels.index}
    title = _("One channel, model by model")
    note = _("difference from the linear model, which gives every touch the same")
    if LINEAR not in view.table.columns or not options:
        return Words("difference_card", title, note, _("The playbook has no linear model to compare with."))
    channel = view.frame.choose("ch", _("Channel"), options)
    credits = view.channels.loc[channel]
    base = float(credits[LINEAR])
    if not base:
        text = _("The linear model gives {channel} nothing.", channel=formatting.plain(view.label(channel)))
        return Words("difference_card", title, note, text, choices=("ch",))
    rows = pd.DataFrame(
        {
            "label": [view.models[model] for model in credits.index],
            "value": (credits / base - 1).astype(float).to_numpy(),
            "text": [formatting.change(value, base) or "" for value in credits],
            "detail": [view.said(value) for value in credits],
        }
    )
    return Chart(
        "difference_card",
        title,
        note,
        charts.ranked_bars(rows),
        alt="; ".join(f"{row.label}: {row.text}" for row in rows.itertuples()),
        rows=credits.rename("credit").reset_index(),
        choices=("ch",),
    )


def _models_table(view: View) -> Table:
    """Every channel under every model."""
    ordered = pd.concat([view.channels, view.table[view.table.index == UNATTRIBUTED]])
    texts = pd.DataFrame({_("Channel"): [f"**{formatting.plain(view.label(channel))}**" for channel in ordered.index]})
    for model in ordered.columns:
        name = formatting.plain(view.models[model])
        texts[name] = [formatting.plain(view.said(value)) for value in ordered[model]]
    return Table(
        "models_card",
        _("Every channel under every model"),
        _("{name} by channel of the touches · each column adds up to the same total", name=view.name),
        texts,
        rows=ordered.reset_index(),
        alt=_("Credit by channel and model"),
        numbers=tuple(texts.columns[1:]),
        unbroken=(texts.columns[0],),
        width=78,
    )


def _coverage_chart(view: View) -> Block:
    """How much of each month is owed to some touch."""
    first, last = view.frame.period.months
    rows = queries.coverage(view.frame.file, first, last, view.frame.selection, view.kind, view.model)
    title, note = _("Coverage by month"), _("share of the conversions of a month that is owed to some touch")
    if rows.empty:
        return Words("coverage_card", title, note, _("No conversion has a month."))
    name = _("coverage")
    shown = pd.DataFrame(
        {
            "position": range(len(rows)),
            "month": [formatting.month(value) for value in rows["month_start_date"]],
            "series": name,
            "value": (rows["attributed_credit"] / rows["credit"]).astype(float),
            "is_partial": [view.frame.is_running(value) for value in rows["month_start_date"]],
            "detail": [
                _("{part} of {whole}", part=formatting.number(part), whole=formatting.number(whole))
                for part, whole in zip(rows["attributed_credit"], rows["credit"], strict=True)
            ],
        }
    )
    return Chart(
        "coverage_card",
        title,
        note,
        charts.month_lines(shown, [name], charts.ticks(0, 1, formatting.percent)),
        alt="; ".join(f"{row.month}: {formatting.rate(row.value)}" for row in shown.itertuples()),
        rows=rows,
        width=24,
    )


def _data_driven(view: View) -> Block:
    """What Markov chains and Shapley values make of the journeys, with bounds."""
    rows = queries.data_driven(view.frame.file, view.kind)
    title = _("What the journeys themselves say")
    note = _(
        "Markov and Shapley over all journeys on record, whatever the period and filters · shares with 95 % bounds"
    )
    refusals = list(rows["refusal"].dropna().unique())
    known = rows[rows["refusal"].isna() & rows["credit"].notna()]
    if known.empty:
        text = formatting.plain("; ".join(refusals)) if refusals else _("No journey is on record.")
        return Words("journeys_card", title, note, text)
    texts = []
    for channel, part in known.groupby("channel", sort=False):
        cells = {_("Channel"): f"**{formatting.plain(view.label(channel))}**"}
        for model in ("markov", "shapley"):
            found = part[part["attribution_model"] == model]
            cells[model.capitalize()] = _share_with_bounds(found.iloc[0]) if len(found) else formatting.MISSING
        texts.append(cells)
    table = pd.DataFrame(texts).head(SHOWN_CHANNELS)
    return Table(
        "journeys_card",
        title,
        note,
        table,
        rows=rows,
        alt=_("Shares by Markov chains and Shapley values"),
        numbers=tuple(table.columns[1:]),
        unbroken=(table.columns[0],),
        width=24,
    )


def _share_with_bounds(row: pd.Series) -> str:
    share = formatting.rate(row["credit_share"])
    if formatting.is_missing(row["lower_credit"]) or not row["credit"]:
        return share
    scale = row["credit_share"] / row["credit"]
    low, high = formatting.rate(row["lower_credit"] * scale), formatting.rate(row["upper_credit"] * scale)
    return f"{share} ({low} – {high})"


if __name__ == "__main__":
    shell.show(content)
