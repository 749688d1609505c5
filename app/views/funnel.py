"""Funnel and leaks: how far did the leads of a period get, and at which step is most money lost?"""

from datetime import date

import pandas as pd

from app import charts, filters, formatting, narrative, records, shell
from app.content import Block, Card, Chart, NextStep, Page, Row, State, Table, Words
from app.languages import _, n_
from app.queries import funnel as queries

LARGEST_GROUPS = 10
LATEST_MONTHS = 18
SHOWN_LEAKS = 10
WEAKEST = "weakest"
WHOLE_WAY = "whole"


def content(frame: shell.Frame) -> Page | State:
    """The page from top to bottom."""
    period, before = frame.period, frame.period_before
    funnel = queries.funnel(frame.file, period.from_date, period.to_date, frame.selection)
    if not narrative.cohort_size(funnel):
        return shell.nothing_matches()
    funnel_before = queries.funnel(frame.file, before.from_date, before.to_date, frame.selection) if before else None
    stages = queries.stages(frame.file)
    least = frame.build.least_group_count
    dimension = frame.choose("by", _("By"), filters.dimension_names())
    leaks = queries.leaks(frame.file, period.from_date, period.to_date, frame.selection, dimension)
    costliest = leaks[leaks["leak_rank"] == 1]
    has_steps = len(funnel) > 1
    sentence = narrative.funnel_sentence(funnel, period, least)
    if len(costliest):
        sentence += " " + _leak_sentence(frame, costliest.iloc[0], funnel, dimension)
    return Page(
        sentence=sentence,
        cards=_cards(frame, funnel, funnel_before, stages, costliest, dimension),
        rows=lambda: [
            *(_of_steps(frame, funnel, stages, leaks, dimension) if has_steps else []),
            _stage_table(frame, funnel, funnel_before, stages),
        ],
        next_steps=[NextStep(_("See who waits in these stages, and for how long"), "velocity")] if has_steps else [],
    )


def _of_steps(
    frame: shell.Frame, funnel: pd.DataFrame, stages: pd.DataFrame, leaks: pd.DataFrame, dimension: str
) -> list[Row]:
    """What there is to show of a way of several stages."""
    return [
        [(3, _funnel_chart(frame, funnel, stages)), (2, _dimension_chart(frame, funnel, dimension))],
        _leaks_table(frame, leaks, funnel, dimension),
        _heat_map(frame, stages),
    ]


def _cards(
    frame: shell.Frame,
    funnel: pd.DataFrame,
    funnel_before: pd.DataFrame | None,
    stages: pd.DataFrame,
    costliest: pd.DataFrame,
    dimension: str,
) -> list[Card]:
    """The headline numbers. Only the number of leads is coloured as a rise or a fall: the leads of the period before
    have had longer to move on, so an older cohort's higher rate proves nothing."""
    before = frame.compared_period
    size = narrative.cohort_size(funnel)
    size_before = narrative.cohort_size(funnel_before) if funnel_before is not None else None
    cards = [
        Card(
            _("Leads in the cohort"),
            formatting.count(size),
            meaning=_("Unit: leads. Created {days}, all filters applied.", days=frame.period.span),
            **shell.compared(size, size_before, before),
        )
    ]
    if len(funnel) < 2:
        return cards
    older = "" if funnel_before is None else " " + _("The leads of the period before have had longer to get there.")
    last = funnel.iloc[-1]
    last_before = _stage_row(funnel_before, last["stage_order"])
    meaning = _definition(stages, last["track"], last["stage"])
    cards.append(
        Card(
            _("Reached {stage}", stage=formatting.plain(last["stage_label"])),
            formatting.count(last["lead_count"]),
            pill=_("{rate} of the cohort", rate=formatting.rate(last["entry_rate"])),
            compared=_rate_before(last_before, "entry_rate", before),
            meaning=" ".join(
                [
                    _("Cohort, unit: leads."),
                    *([f"{formatting.plain(meaning)}."] if meaning else []),
                    _("Others may still be on their way.") + older,
                ]
            ),
        )
    )
    cards.append(_weakest_card(frame, funnel, funnel_before, before, older))
    cards.append(_leak_card(frame, costliest, funnel, dimension))
    has_opportunities = not formatting.is_missing(last["opportunity_count"])
    cards.append(
        Card(
            _("{stage} amount", stage=formatting.plain(last["stage_label"])),
            frame.money(last["amount"]),
            pill=n_("{count} opportunity", "{count} opportunities", last["opportunity_count"])
            if has_opportunities
            else _("needs opportunities"),
            compared=_money_before(frame, last_before, before),
            meaning=_(
                "Unit: opportunities of the cohort's leads. A lead may have several, so their number can exceed that "
                "of the leads."
            )
            + older,
        )
    )
    return cards


def _weakest_card(
    frame: shell.Frame,
    funnel: pd.DataFrame,
    funnel_before: pd.DataFrame | None,
    before: filters.Period | None,
    older: str,
) -> Card:
    least = frame.build.least_group_count
    weakest = narrative.weakest_step(funnel, least)
    if not weakest:
        return Card(
            _("Weakest step"),
            formatting.MISSING,
            pill=_("none to name"),
            meaning=n_(
                "No step with at least {count} lead loses any.", "No step with at least {count} leads loses any.", least
            ),
        )
    weakest_before = _stage_row(funnel_before, weakest.to_order)
    return Card(
        _("Weakest step"),
        formatting.rate(weakest.rate),
        pill=formatting.plain(weakest.name),
        compared=_rate_before(weakest_before, "step_rate", before),
        tone="warning",
        meaning=_(
            "The step with the smallest share of leads that go on: {reached} of {entered}.",
            reached=formatting.count(weakest.reached),
            entered=formatting.count(weakest.entered),
        )
        + " "
        + n_(
            "Steps with fewer than {count} lead are not judged.",
            "Steps with fewer than {count} leads are not judged.",
            least,
        )
        + older,
    )


def _leak_card(frame: shell.Frame, costliest: pd.DataFrame, funnel: pd.DataFrame, dimension: str) -> Card:
    meaning = _(
        "What the pipeline would have gained if the group had taken the step like the best quarter of the groups. "
        "Leads old enough to be judged, unit: leads; the amounts of consecutive steps overlap and are never added up."
    )
    if costliest.empty:
        return Card(_("Costliest leak"), formatting.MISSING, pill=_("none to name"), meaning=meaning)
    leak = costliest.iloc[0]
    return Card(
        _("Costliest leak"),
        frame.money(leak["value_at_stake_amount"]),
        pill=formatting.plain(_step_name(leak, funnel)),
        compared=formatting.plain(shell.value_label(frame, dimension, leak["dimension_value"])),
        tone="warning",
        meaning=meaning,
    )


def _step_name(leak: pd.Series, funnel: pd.DataFrame) -> str:
    labels = dict(zip(funnel["stage"], funnel["stage_label"], strict=True))
    return " → ".join(labels.get(leak[column], leak[column]) for column in ("entered_stage", "reached_stage"))


def _leak_sentence(frame: shell.Frame, leak: pd.Series, funnel: pd.DataFrame, dimension: str) -> str:
    """What the costliest leak is worth, and against what; with a word of doubt where chance may make it."""
    words = _(
        "The costliest leak is {step} for {group}: {money} of pipeline, if it converted like the best quarter.",
        step=formatting.plain(_step_name(leak, funnel)),
        group=formatting.plain(shell.value_label(frame, dimension, leak["dimension_value"])),
        money=frame.money(leak["value_at_stake_amount"]),
    )
    return words if leak["lost_count_lower"] > 0 else words + " " + _("Chance alone may make it.")


def _rate_before(row: pd.Series | None, column: str, before: filters.Period | None) -> str | None:
    if row is None or before is None or formatting.is_missing(row[column]):
        return None
    return f"{formatting.rate(row[column])} {before.short}"


def _money_before(frame: shell.Frame, row: pd.Series | None, before: filters.Period | None) -> str | None:
    if row is None or before is None or formatting.is_missing(row["amount"]):
        return None
    return f"{frame.money(row['amount'])} {before.short}"


def _stage_row(funnel: pd.DataFrame | None, stage_order: int) -> pd.Series | None:
    """A stage's row of a funnel; None where the cohort is empty."""
    if funnel is None or not narrative.cohort_size(funnel):
        return None
    rows = funnel[funnel["stage_order"] == stage_order]
    return None if rows.empty else rows.iloc[0]


def _definition(stages: pd.DataFrame, track: str, stage: str) -> str:
    """What a stage means, in the playbook's words; empty where it says nothing."""
    found = stages[(stages["track"] == track) & (stages["stage"] == stage)]["definition"]
    return "" if found.empty or formatting.is_missing(found.iloc[0]) else str(found.iloc[0]).rstrip(".")


def _funnel_chart(frame: shell.Frame, funnel: pd.DataFrame, stages: pd.DataFrame) -> Chart:
    """Bars per stage, the share that goes on between them."""
    least = frame.build.least_group_count
    weakest = narrative.weakest_step(funnel, least)
    labels = {str(row.stage_order): row.stage_label for row in funnel.itertuples()}
    period = frame.period

    def behind(order: str) -> Block:
        leads = queries.reached_behind(
            frame.file, period.from_date, period.to_date, frame.selection, int(order), records.LISTED
        )
        return records.leads_table(frame, "funnel_behind", labels[order], leads)

    rows = funnel.assign(
        code=list(labels),
        is_weakest=funnel["stage_order"] == (weakest.to_order if weakest else -1),
        count_text=[formatting.count(value) for value in funnel["lead_count"]],
        share_text=["" if value == 1 else formatting.rate(value) for value in funnel["entry_rate"]],
        step_text=[_step_text(row, weakest, least) for row in funnel.itertuples()],
        definition=[_definition(stages, row.track, row.stage) for row in funnel.itertuples()],
    )
    numbers = ["stage_label", "lead_count", "previous_lead_count", "is_weakest"]
    return Chart(
        key="funnel_card",
        title=_("How far the leads of the period got"),
        note=_("cohort · unit: leads · created {days} · right: share of the cohort", days=frame.period.span),
        spec=charts.funnel_bars(rows[[charts.CODE, *numbers, "count_text", "share_text", "step_text", "definition"]]),
        alt="; ".join(
            f"{row.stage_label}: {n_('{count} lead', '{count} leads', row.lead_count)}" for row in rows.itertuples()
        ),
        rows=funnel,
        behind=behind,
    )


def _step_text(row, weakest: narrative.Step | None, least: int) -> str:
    """'↓ 42.0% go on'; counts instead of a share where the leads are few; nothing before the first stage."""
    if formatting.is_missing(row.previous_lead_count):
        return ""
    if row.previous_lead_count == 0:
        return _("↓ nobody to go on")
    if row.previous_lead_count < least:
        return _(
            "↓ {reached} of {entered} go on",
            reached=formatting.count(row.lead_count),
            entered=formatting.count(row.previous_lead_count),
        )
    rate = formatting.rate(row.step_rate)
    if weakest and row.stage_order == weakest.to_order:
        lost = formatting.count(row.previous_lead_count - row.lead_count)
        return _("↓ {rate} go on · the weakest step: {lost} have not", rate=rate, lost=lost)
    return _("↓ {rate} go on", rate=rate)


def _dimension_chart(frame: shell.Frame, funnel: pd.DataFrame, dimension: str) -> Chart | Words:
    """One step's rate by channel or another dimension, against all of them together."""
    least = frame.build.least_group_count
    steps = {f"to_{step.to_stage}": step for step in narrative.steps(funnel)}
    names = {WEAKEST: _("Weakest step")} | {code: step.name for code, step in steps.items()}
    if len(steps) > 1:
        steps[WHOLE_WAY] = narrative.whole_way(funnel)
        names[WHOLE_WAY] = _("Whole funnel")
    chosen = frame.choose("step", _("Step"), names)
    # Where no step can be called the weakest, the first one is as good as any.
    step = steps.get(chosen) or narrative.weakest_step(funnel, least) or next(iter(steps.values()))
    is_whole_way = chosen == WHOLE_WAY
    name = filters.dimension_names()[dimension]
    groups = queries.funnel(
        frame.file, frame.period.from_date, frame.period.to_date, frame.selection, group_by=dimension
    )
    rows = _groups(groups, step, is_whole_way, least).sort_values(
        ["entered", "dimension_value"], ascending=[False, True]
    )
    shown = rows.head(LARGEST_GROUPS)
    title = _("{step} by {dimension}", step=formatting.plain(step.name), dimension=formatting.amid(name))
    kind = (
        _("cohort · unit: leads · share of the cohort that goes on")
        if is_whole_way
        else _("cohort · unit: leads · share of the leads at the step that goes on")
    )
    note = f"{kind} · {_('dashed: all together, {rate}', rate=formatting.rate(step.rate))}"
    if shown.empty:
        text = _("No lead has reached {stage} yet. Choose an earlier step.", stage=formatting.plain(step.from_label))
        return Words("dimension_card", title, note, text, choices=("by", "step"))
    if shown["rate"].isna().all():
        text = _(
            "No group has the {count} leads at this step that it takes to compare. Widen the period or clear a filter.",
            count=formatting.count(least),
        )
        return Words("dimension_card", title, note, text, choices=("by", "step"))
    notes = []
    if len(rows) > len(shown):
        notes.append(_("the {shown} largest of {all}", shown=len(shown), all=formatting.count(len(rows))))
    if shown["rate"].isna().any():
        notes.append(_("groups under {count} leads are left blank", count=formatting.count(least)))
    shown = shown.sort_values(["rate", "entered"], ascending=False, na_position="last")
    period = frame.period

    def behind(value: str) -> Block:
        leads = queries.reached_behind(
            frame.file,
            period.from_date,
            period.to_date,
            frame.selection,
            step.from_order,
            records.LISTED,
            dimension,
            value,
        )
        mark = f"{shell.value_label(frame, dimension, value)}, {step.from_label}"
        return records.leads_table(frame, "dimension_behind", mark, leads)

    columns = [charts.CODE, "label", "rate", "rate_text", "size_text", "detail"]
    shown = shown.assign(
        code=shown["dimension_value"],
        label=[shell.value_label(frame, dimension, value) for value in shown["dimension_value"]],
        rate_text=["" if pd.isna(value) else formatting.rate(value) for value in shown["rate"]],
        size_text=[n_("{count} lead", "{count} leads", value) for value in shown["entered"]],
        detail=[
            _(
                "{reached} of {entered} reached {stage}",
                reached=formatting.count(row.lead_count),
                entered=formatting.count(row.entered),
                stage=step.to_label,
            )
            for row in shown.itertuples()
        ],
    )
    return Chart(
        key="dimension_card",
        title=title,
        note=note,
        spec=charts.rate_bars(shown[columns], benchmark=step.rate),
        alt=f"{step.name}: "
        + "; ".join(f"{row.label} {row.rate_text} ({row.size_text})" for row in shown.itertuples()),
        rows=rows,
        choices=("by", "step"),
        behind=behind,
        footnote=" · ".join(notes),
    )


def _groups(groups: pd.DataFrame, step: narrative.Step, is_whole_way: bool, least: int) -> pd.DataFrame:
    """Per value of a dimension: who stood before the step, who took it, and the rate where enough stood there."""
    rows = groups[groups["stage_order"] == step.to_order]
    if is_whole_way:
        sizes = {value: narrative.cohort_size(funnel) for value, funnel in groups.groupby("dimension_value")}
        rows = rows.assign(entered=rows["dimension_value"].map(sizes), rate=rows["entry_rate"])
    else:
        rows = rows.assign(entered=rows["previous_lead_count"].fillna(0), rate=rows["step_rate"])
    rows = rows.assign(entered=rows["entered"].astype(int), rate=rows["rate"].astype(float))
    rows = rows[rows["entered"] > 0]
    rows = rows.assign(rate=rows["rate"].where(rows["entered"] >= least))
    return rows[["dimension_value", "lead_count", "entered", "rate"]]


def _leaks_table(frame: shell.Frame, leaks: pd.DataFrame, funnel: pd.DataFrame, dimension: str) -> Table | Words:
    """The steps and groups that lose most money, the costliest first."""
    ranked = leaks[leaks["leak_rank"].notna()].head(SHOWN_LEAKS)
    title = _("Where most money is lost")
    within = leaks["within_days"].iloc[0] if len(leaks) else frame.build.conversion_horizon_days
    note = _(
        "cohort · unit: leads followed for {days} · held against the best quarter of the groups · amounts of "
        "consecutive steps overlap",
        days=formatting.days(within),
    )
    if ranked.empty:
        text = _("No group converts worse than the best quarter, or too few leads are old enough to tell.")
        return Words("leaks_card", title, note, text)
    texts = pd.DataFrame(
        {
            _("Step"): [formatting.plain(_step_name(row, funnel)) for _index, row in ranked.iterrows()],
            filters.dimension_names()[dimension]: [
                f"**{formatting.plain(shell.value_label(frame, dimension, value))}**"
                for value in ranked["dimension_value"]
            ],
            _("Goes on"): [formatting.rate(value) for value in ranked["conversion_rate"]],
            _("Best quarter"): [formatting.rate(value) for value in ranked["benchmark_rate"]],
            _("Lost leads"): [formatting.number(value) for value in ranked["lost_count"]],
            _("At stake"): [frame.money(value) for value in ranked["value_at_stake_amount"]],
            _("Between"): [
                f"{frame.money(row.value_at_stake_amount_lower)} – {frame.money(row.value_at_stake_amount_upper)}"
                for row in ranked.itertuples()
            ],
        }
    )
    return Table(
        key="leaks_card",
        title=title,
        note=note,
        texts=texts,
        rows=leaks,
        alt=_("Steps and groups by the pipeline that they lose"),
        numbers=tuple(texts.columns[2:]),
        unbroken=(texts.columns[0],),
    )


def _heat_map(frame: shell.Frame, stages: pd.DataFrame) -> Chart | Words:
    """Month of creation by stage: the share of that month's leads which has got there so far."""
    least = frame.build.least_group_count
    months = queries.funnel(frame.file, frame.period.from_date, frame.period.to_date, frame.selection, "month")
    months = months[months["dimension_value"] != shell.NOT_RECORDED]
    starts = _months_between(months["dimension_value"].min(), months["dimension_value"].max())
    shown = starts[-LATEST_MONTHS:]
    cells = _cells(months, shown, stages, frame.run.as_of_date, least)
    notes = [
        _("cohort · unit: leads"),
        _("share of the month's leads that has reached the stage so far"),
        _("colour compares the months of one stage"),
    ]
    if cells["is_young"].any():
        notes.append(_("pale: young, leads may still be on their way"))
    if cells["is_small"].any():
        notes.append(_("blank: under {count} leads", count=formatting.count(least)))
    if len(starts) > len(shown):
        notes.append(_("the latest {shown} of {all} months", shown=len(shown), all=formatting.count(len(starts))))
    title, note = _("Reached so far, by month of creation"), " · ".join(notes)
    if cells["is_small"].all():
        text = _(
            "No month has the {count} leads it takes to compare. Widen the period or clear a filter.",
            count=formatting.count(least),
        )
        return Words("heat_map_card", title, note, text)
    return Chart(
        key="heat_map_card",
        title=title,
        note=note,
        spec=charts.cohort_heat_map(cells.drop(columns="is_small")),
        alt=shell.cells_in_words(cells, "stage_label", "month"),
        rows=months,
        width=54,
    )


def _months_between(first: str, last: str) -> list[date]:
    """Every month from the first to the last, those without a lead too, so that the axis keeps time."""
    starts = [date.fromisoformat(first)]
    while starts[-1] < date.fromisoformat(last):
        starts.append(filters.add_months(starts[-1], 1))
    return starts


def _cells(
    months: pd.DataFrame, starts: list[date], stages: pd.DataFrame, as_of_date: date, least: int
) -> pd.DataFrame:
    """The cells of the heat map. A cell is young while a lead that nowhere counts as stuck could still get there."""
    days = narrative.days_to_reach(stages)
    sizes = {value: narrative.cohort_size(rows) for value, rows in months.groupby("dimension_value")}
    reached = {(row.dimension_value, row.stage_order): row for row in months.itertuples()}
    later_stages = months.drop_duplicates("stage_order").sort_values("stage_order").iloc[1:]
    cells = []
    for stage in later_stages.itertuples():
        for position, start in enumerate(starts):
            row = reached.get((start.isoformat(), stage.stage_order))
            size = sizes.get(start.isoformat(), 0)
            is_small = row is None or size < least
            lead_count = 0 if row is None else row.lead_count
            cells.append(
                {
                    "stage_order": stage.stage_order,
                    "stage_label": stage.stage_label,
                    "month": formatting.month(start),
                    "month_position": position,
                    "value": None if is_small else float(row.entry_rate),
                    "text": "" if is_small else formatting.rate(row.entry_rate),
                    "is_young": not is_small and narrative.is_young(start, days[stage.stage_order], as_of_date),
                    "is_small": is_small,
                    "detail": _("{part} of {whole}", part=formatting.count(lead_count), whole=formatting.count(size)),
                }
            )
    table = pd.DataFrame(cells)
    judged = table["value"].astype(float).mask(table["is_young"])
    low, high = (judged.groupby(table["stage_order"]).transform(edge) for edge in ("min", "max"))
    # Where all months of a stage are alike, each takes the middle shade.
    table["shade"] = ((judged - low) / (high - low)).where(high > low, judged.where(judged.isna(), 0.5))
    return table.drop(columns="value")


def _stage_table(
    frame: shell.Frame, funnel: pd.DataFrame, funnel_before: pd.DataFrame | None, stages: pd.DataFrame
) -> Table:
    """The numbers behind the charts, with what each stage means."""
    before = frame.period_before
    rows = []
    for row in funnel.itertuples():
        earlier = _stage_row(funnel_before, row.stage_order)
        texts = {
            _("Stage"): f"**{formatting.plain(row.stage_label)}**",
            _("Leads"): formatting.count(row.lead_count),
            _("Of the cohort"): formatting.rate(row.entry_rate),
            _("From the stage before"): formatting.rate(row.step_rate),
        }
        if before:
            texts[_("Same, {period}", period=before.short)] = (
                formatting.MISSING if earlier is None else formatting.rate(earlier["step_rate"])
            )
        texts |= {
            _("Opportunities"): formatting.count(row.opportunity_count),
            _("Amount"): frame.money(row.amount),
            _("What it means"): formatting.plain(_definition(stages, row.track, row.stage) or None),
        }
        rows.append(texts)
    table = pd.DataFrame(rows)
    return Table(
        key="stage_table_card",
        title=_("Stage by stage"),
        note=_(
            "leads count people of the cohort · opportunities, their amounts and what was won count deals, of which a "
            "lead may have several"
        ),
        texts=table,
        rows=funnel,
        alt=_("Leads, rates, opportunities and amounts per stage"),
        numbers=tuple(table.columns[1:-1]),
        unbroken=(table.columns[0],),
        wide=(table.columns[-1],),
    )


if __name__ == "__main__":
    shell.show(content)
