"""Funnel: how far did the leads of a period get, and at which step does the smallest share go on?"""

from datetime import date

import pandas as pd
import streamlit as st

from app import charts, data, filters, formatting, narrative, shell
from app.narrative import MINIMUM_GROUP

LARGEST_GROUPS = 10
LATEST_MONTHS = 18
WEAKEST = "weakest"
WHOLE_WAY = "whole"
NOT_RECORDED = "(none)"


def draw() -> None:
    """The page from top to bottom."""
    frame = shell.frame()
    period, before = frame.period, frame.period_before
    funnel = data.funnel(frame.file, period.from_date, period.to_date, frame.selection)
    if not narrative.cohort_size(funnel):
        shell.nothing_matches()
        return
    funnel_before = data.funnel(frame.file, before.from_date, before.to_date, frame.selection) if before else None
    stages = data.stages(frame.file)
    with st.container(key="sentence"):
        st.markdown(narrative.funnel_sentence(funnel, period))
    _cards(frame, funnel, funnel_before, stages)
    if len(funnel) > 1:
        left, right = st.columns([3, 2])
        with left:
            _funnel_card(frame, funnel, stages)
        with right:
            _dimension_card(frame, funnel)
        _heat_map_card(frame, stages)
    _stage_table(frame, funnel, funnel_before, stages)


def _cards(frame: shell.Frame, funnel: pd.DataFrame, funnel_before: pd.DataFrame | None, stages: pd.DataFrame) -> None:
    """The headline numbers. Only the number of leads is coloured as a rise or a fall: the leads of the period before
    have had longer to move on, so an older cohort's higher rate proves nothing."""
    period, before = frame.period, filters.resolve_period_before(frame.period_code, frame.run.as_of_date)
    size = narrative.cohort_size(funnel)
    size_before = narrative.cohort_size(funnel_before) if funnel_before is not None else None
    meaning = _definition(stages, funnel.iloc[-1]["track"], funnel.iloc[-1]["stage"])
    older = "" if funnel_before is None else " The leads of the period before have had longer to get there."
    if before is None:
        compared = None
    elif size_before is None:
        compared = f"no full {before.short}"
    else:
        compared = f"vs {before.short}" if size_before else f"none in {before.short}"
    change = formatting.change(size, size_before)
    grid = st.grid(4, min_column_width=150, key="cards")
    grid.metric(
        "Leads in the cohort",
        formatting.count(size),
        # Streamlit takes the number 0, and no text, for "unchanged".
        delta=0 if change == "0%" else change or compared,
        delta_color="normal" if change else "off",
        delta_arrow="auto" if change else "off",
        delta_description=compared if change else None,
        border=True,
        height="stretch",
        help=f"Unit: leads. Created {period.span}, all filters applied.",
    )
    if len(funnel) < 2:
        return
    last = funnel.iloc[-1]
    last_before = _stage_row(funnel_before, last["stage_order"])
    grid.metric(
        f"Reached {formatting.plain(last['stage_label'])}",
        formatting.count(last["lead_count"]),
        delta=f"{formatting.rate(last['entry_rate'])} of the cohort",
        delta_color="off",
        delta_arrow="off",
        delta_description=_before_text(last_before, "entry_rate", before),
        border=True,
        height="stretch",
        help=f"Cohort, unit: leads.{f' {formatting.plain(meaning)}.' if meaning else ''} Others may still be on their "
        f"way.{older}",
    )
    weakest = narrative.weakest_step(funnel)
    if weakest:
        weakest_before = _stage_row(funnel_before, weakest.to_order)
        grid.metric(
            "Weakest step",
            formatting.rate(weakest.rate),
            delta=formatting.plain(weakest.name),
            delta_color="orange",
            delta_arrow="off",
            delta_description=_before_text(weakest_before, "step_rate", before),
            border=True,
            height="stretch",
            help=f"The step with the smallest share of leads that go on: {formatting.count(weakest.reached)} of "
            f"{formatting.count(weakest.entered)}. Steps with fewer than {MINIMUM_GROUP} leads are not judged.{older}",
        )
    else:
        grid.metric(
            "Weakest step",
            formatting.MISSING,
            delta="none to name",
            delta_color="off",
            delta_arrow="off",
            border=True,
            height="stretch",
            help=f"No step with at least {MINIMUM_GROUP} leads loses any.",
        )
    has_opportunities = not formatting.is_missing(last["opportunity_count"])
    grid.metric(
        f"{formatting.plain(last['stage_label'])} amount",
        formatting.plain(formatting.money(last["amount"], frame.run.reporting_currency)),
        delta=formatting.counted(last["opportunity_count"], "opportunity", "opportunities")
        if has_opportunities
        else "needs opportunities",
        delta_color="off",
        delta_arrow="off",
        delta_description=_money_before(last_before, before, frame.run.reporting_currency),
        border=True,
        height="stretch",
        help="Unit: opportunities of the cohort's leads. A lead may have several, so their number can exceed that of "
        f"the leads.{older}",
    )


def _before_text(row: pd.Series | None, column: str, before: filters.Period | None) -> str | None:
    if row is None or before is None or formatting.is_missing(row[column]):
        return None
    return f"{formatting.rate(row[column])} {before.short}"


def _money_before(row: pd.Series | None, before: filters.Period | None, currency: str) -> str | None:
    if row is None or before is None or formatting.is_missing(row["amount"]):
        return None
    return f"{formatting.plain(formatting.money(row['amount'], currency))} {before.short}"


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


def _funnel_card(frame: shell.Frame, funnel: pd.DataFrame, stages: pd.DataFrame) -> None:
    """Bars per stage, the share that goes on between them."""
    weakest = narrative.weakest_step(funnel)
    rows = funnel.assign(
        is_weakest=funnel["stage_order"] == (weakest.to_order if weakest else -1),
        count_text=[formatting.count(value) for value in funnel["lead_count"]],
        share_text=["" if value == 1 else formatting.rate(value) for value in funnel["entry_rate"]],
        step_text=[_step_text(row, weakest) for row in funnel.itertuples()],
        definition=[_definition(stages, row.track, row.stage) for row in funnel.itertuples()],
    )
    with shell.card(
        "How far the leads of the period got",
        f"cohort · unit: leads · created {frame.period.span} · right: share of the cohort",
        key="funnel_card",
        height="stretch",
    ):
        numbers = ["stage_label", "lead_count", "previous_lead_count", "is_weakest"]
        st.vega_lite_chart(
            charts.funnel_bars(rows[[*numbers, "count_text", "share_text", "step_text", "definition"]]),
            theme=None,
            alt="; ".join(f"{row.stage_label}: {row.count_text} leads" for row in rows.itertuples()),
        )


def _step_text(row, weakest: narrative.Step | None) -> str:
    """'↓ 42.0% go on'; counts instead of a share where the leads are few; nothing before the first stage."""
    if formatting.is_missing(row.previous_lead_count):
        return ""
    if row.previous_lead_count == 0:
        return "↓ nobody to go on"
    if row.previous_lead_count < MINIMUM_GROUP:
        return f"↓ {formatting.count(row.lead_count)} of {formatting.count(row.previous_lead_count)} go on"
    text = f"↓ {formatting.rate(row.step_rate)} go on"
    if weakest and row.stage_order == weakest.to_order:
        text += f" · the weakest step: {formatting.count(row.previous_lead_count - row.lead_count)} have not"
    return text


def _dimension_card(frame: shell.Frame, funnel: pd.DataFrame) -> None:
    """One step's rate by channel or another dimension, against all of them together."""
    steps = {f"to_{step.to_stage}": step for step in narrative.steps(funnel)}
    names = {WEAKEST: "Weakest step"} | {code: step.name for code, step in steps.items()}
    if len(steps) > 1:
        steps[WHOLE_WAY] = narrative.whole_way(funnel)
        names[WHOLE_WAY] = "Whole funnel"
    with st.container(key="url_page"):
        dimension = filters.url_selectbox("by", filters.DIMENSION_NAMES)
        chosen = filters.url_selectbox("step", names)
    # Where no step can be called the weakest, the first one is as good as any.
    step = steps.get(chosen) or narrative.weakest_step(funnel) or next(iter(steps.values()))
    groups = data.funnel(frame.file, frame.period.from_date, frame.period.to_date, frame.selection, group_by=dimension)
    rows = _groups(groups, step, chosen == WHOLE_WAY).sort_values(
        ["entered", "dimension_value"], ascending=[False, True]
    )
    shown = rows.head(LARGEST_GROUPS)
    notes = [f"the {LARGEST_GROUPS} largest of {formatting.count(len(rows))}"] if len(rows) > len(shown) else []
    if shown["rate"].isna().any():
        notes.append(f"groups under {MINIMUM_GROUP} leads are left blank")
    shown = shown.sort_values(["rate", "entered"], ascending=False, na_position="last")
    shown = shown.assign(
        label=[
            "not recorded" if value == NOT_RECORDED else frame.labels[dimension].get(value, value)
            for value in shown["dimension_value"]
        ],
        rate_text=["" if pd.isna(value) else formatting.rate(value) for value in shown["rate"]],
        size_text=[formatting.counted(value, "lead") for value in shown["entered"]],
        detail=[
            f"{formatting.count(row.lead_count)} of {formatting.count(row.entered)} reached {step.to_label}"
            for row in shown.itertuples()
        ],
    )
    note = (
        f"cohort · unit: leads · share of the {'cohort' if chosen == WHOLE_WAY else 'leads at the step'} that goes on"
    )
    with shell.card(
        f"{formatting.plain(step.name)} by {filters.DIMENSION_NAMES[dimension].lower()}",
        f"{note} · dashed: all together, {formatting.rate(step.rate)}",
        key="dimension_card",
        height="stretch",
    ):
        by, which = st.columns(2)
        with by:
            filters.named_selectbox("By", "by", filters.DIMENSION_NAMES)
        with which:
            filters.named_selectbox("Step", "step", names)
        if shown.empty:
            st.markdown(f"No lead has reached {formatting.plain(step.from_label)} yet. Choose an earlier step.")
            return
        if shown["rate"].isna().all():
            st.markdown(
                f"No {filters.DIMENSION_NAMES[dimension].lower()} has the {MINIMUM_GROUP} leads at this step that it "
                "takes to compare. Widen the period or clear a filter."
            )
            return
        st.vega_lite_chart(
            charts.rate_bars(shown[["label", "rate", "rate_text", "size_text", "detail"]], benchmark=step.rate),
            theme=None,
            alt=f"{step.name} by {dimension}: "
            + "; ".join(f"{row.label} {row.rate_text} of {row.size_text}" for row in shown.itertuples()),
        )
        if notes:
            st.caption(" · ".join(notes))


def _groups(groups: pd.DataFrame, step: narrative.Step, is_whole_way: bool) -> pd.DataFrame:
    """Per value of a dimension: who stood before the step, who took it, and the rate where enough stood there."""
    rows = groups[groups["stage_order"] == step.to_order]
    if is_whole_way:
        sizes = {value: narrative.cohort_size(funnel) for value, funnel in groups.groupby("dimension_value")}
        rows = rows.assign(entered=rows["dimension_value"].map(sizes), rate=rows["entry_rate"])
    else:
        rows = rows.assign(entered=rows["previous_lead_count"].fillna(0), rate=rows["step_rate"])
    rows = rows.assign(entered=rows["entered"].astype(int), rate=rows["rate"].astype(float))
    rows = rows[rows["entered"] > 0]
    rows = rows.assign(rate=rows["rate"].where(rows["entered"] >= MINIMUM_GROUP))
    return rows[["dimension_value", "lead_count", "entered", "rate"]]


def _heat_map_card(frame: shell.Frame, stages: pd.DataFrame) -> None:
    """Month of creation by stage: the share of that month's leads which has got there so far."""
    months = data.funnel(frame.file, frame.period.from_date, frame.period.to_date, frame.selection, group_by="month")
    months = months[months["dimension_value"] != NOT_RECORDED]
    starts = _months_between(months["dimension_value"].min(), months["dimension_value"].max())
    shown = starts[-LATEST_MONTHS:]
    cells = _cells(months, shown, stages, frame.run.as_of_date)
    notes = ["cohort · unit: leads", "share of the month's leads that has reached the stage so far"]
    notes.append("colour compares the months of one stage")
    if cells["is_young"].any():
        notes.append("pale: young, leads may still be on their way")
    if cells["is_small"].any():
        notes.append(f"blank: under {MINIMUM_GROUP} leads")
    if len(starts) > len(shown):
        notes.append(f"the latest {len(shown)} of {formatting.count(len(starts))} months")
    card = shell.card("Reached so far, by month of creation", " · ".join(notes), key="heat_map_card")
    if cells["is_small"].all():
        card.markdown(
            f"No month has the {MINIMUM_GROUP} leads it takes to compare. Widen the period or clear a filter."
        )
        return
    with card, st.container(key="heat_map"):
        st.vega_lite_chart(
            charts.cohort_heat_map(cells.drop(columns="is_small")),
            theme=None,
            alt="Share of each month's leads that reached each stage; the same numbers by stage are in the table",
        )


def _months_between(first: str, last: str) -> list[date]:
    """Every month from the first to the last, those without a lead too, so that the axis keeps time."""
    starts = [date.fromisoformat(first)]
    while starts[-1] < date.fromisoformat(last):
        starts.append(filters.add_months(starts[-1], 1))
    return starts


def _cells(months: pd.DataFrame, starts: list[date], stages: pd.DataFrame, as_of_date: date) -> pd.DataFrame:
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
            is_small = row is None or size < MINIMUM_GROUP
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
                    "detail": f"{formatting.count(lead_count)} of {formatting.count(size)}",
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
) -> None:
    """The numbers behind the charts, with what each stage means."""
    before = frame.period_before
    rows = []
    for row in funnel.itertuples():
        earlier = _stage_row(funnel_before, row.stage_order)
        texts = {
            "Stage": f"**{formatting.plain(row.stage_label)}**",
            "Leads": formatting.count(row.lead_count),
            "Of the cohort": formatting.rate(row.entry_rate),
            "From the stage before": formatting.rate(row.step_rate),
        }
        if before:
            texts[f"Same, {before.short}"] = (
                formatting.MISSING if earlier is None else formatting.rate(earlier["step_rate"])
            )
        texts |= {
            "Opportunities": formatting.count(row.opportunity_count),
            "Amount": formatting.plain(formatting.money(row.amount, frame.run.reporting_currency)),
            "What it means": formatting.plain(_definition(stages, row.track, row.stage) or None),
        }
        rows.append(texts)
    table = pd.DataFrame(rows)
    numbers = tuple(column for column in table.columns if column not in ("Stage", "What it means"))
    with shell.card(
        "Stage by stage",
        "leads count people of the cohort · opportunities, their amounts and what was won count deals, of which a lead "
        "may have several",
        key="stage_table_card",
    ):
        shell.table(
            table,
            alt="Leads, rates, opportunities and amounts per stage",
            numbers=numbers,
            unbroken=("Stage",),
            wide=("What it means",),
        )


draw()
