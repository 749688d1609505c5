"""Replay: what would a changed playbook have made of the past?"""

import contextlib

import pandas as pd
import streamlit as st

from app import charts, data, filters, formatting, narrative, shell

SCENARIO_NAMES = {"published": "Published", "present": "Present rules", "changed": "Changed rules"}
RULE_TABLES = {
    "settings": "Setting",
    "scoring_groups": "Rule group",
    "scoring_rules": "Scoring rule",
    "qualification_criteria": "Criterion",
}


def draw() -> None:
    """The page from top to bottom."""
    runs = _readable(data.replays())
    if not runs:
        shell.nothing_yet(
            "Nothing has been replayed yet",
            "Copy the files of the playbook that you would change into a folder, change them, and run "
            "`make replay PLAYBOOK=folder`. It shows what the changed scoring rules would have made of the past; "
            "nothing that is published changes. Then reload this page.",
        )
        return
    frame = shell.frame()
    file = _chosen(runs, frame.run)
    run, stages, months = runs[file], data.replayed_stages(file), data.replayed_months(file)
    if stages.empty:
        st.markdown("The playbook has no criteria by which a lead reaches a stage, so there was nothing to replay.")
        return
    totals = months[months["month_start_date"].isna()].set_index(["scenario", "stage_order"])
    first = stages.iloc[0]
    before, after = (totals.loc[(scenario, first["stage_order"])] for scenario in (run.base, "changed"))
    with st.container(key="sentence"):
        st.markdown(narrative.replay_sentence(run, first, int(before["crossing_count"]), int(after["crossing_count"])))
    if run.as_of != frame.run.as_of:
        as_of = formatting.moment(run.as_of, frame.run.reporting_timezone)
        st.caption(
            f"Replayed on the numbers as of {as_of}; those published now are of another moment. Replay it again."
        )
    _cards(run, first, before, after)
    _rules_card(data.replayed_rules(file))
    _months_card(run, stages, months)
    _totals_card(run, stages, totals)
    _reps_card(run, data.replayed_reps(file))


def _readable(files: list[str]) -> dict[str, data.Replay]:
    """The replays, newest first, without those of another version and those forgotten in this moment."""
    runs = {}
    for file in files:
        with contextlib.suppress(data.ServingFileUnreadable, data.ServingFileMissing):
            runs[file] = data.replay(file)
    return runs


def _chosen(runs: dict[str, data.Replay], published: data.PublishedRun) -> str:
    """Which of the replays is shown: the newest, unless the reader asks for another."""
    names = {
        file: f"{run.playbook_folder} · {formatting.moment(run.replayed_at, published.reporting_timezone)}"
        for file, run in runs.items()
    }
    if len(names) == 1:
        st.caption(formatting.plain(next(iter(names.values()))))
        return next(iter(names))
    return st.selectbox("Replay", list(names), format_func=names.get, key="replay_choice")


def _cards(run: data.Replay, stage: pd.Series, before: pd.Series, after: pd.Series) -> None:
    """The headline numbers of the hand-over, after, and what they were before."""
    label = formatting.plain(stage["stage_label"])
    grid = st.grid(4, min_column_width=150, key="cards")
    cards = [
        (f"{label}s", "crossing_count", formatting.count, "Each time that a lead came to meet the stage's criteria."),
        (
            "Accepted by sales",
            "accepted_rate",
            formatting.rate,
            "Share of these crossings after which the CRM moved the lead on beyond the stage. Sales did not know of "
            "crossings that only the changed rules make.",
        ),
        (
            "Leads with a deal",
            "opportunity_count",
            formatting.count,
            f"Leads that crossed and opened a deal of their own within {run.opportunity_days} days.",
        ),
        (
            "Load on sales",
            "capacity_rate",
            formatting.rate,
            "Crossings a week, of those that the active reps say that they can take. Empty where no capacity is known.",
        ),
    ]
    for title, column, in_words, meaning in cards:
        grid.metric(
            title,
            in_words(after[column]),
            delta=f"{in_words(before[column])} before",
            delta_color="off",
            delta_arrow="off",
            border=True,
            height="stretch",
            help=meaning,
        )


def _months_card(run: data.Replay, stages: pd.DataFrame, months: pd.DataFrame) -> None:
    """Crossings a month, before and after."""
    names = {str(row.stage_order): str(row.stage_label) for row in stages.itertuples()}
    with st.container(key="url_page"):
        chosen = filters.url_selectbox("stage", names)
    rows = months[months["month_start_date"].notna() & (months["stage_order"] == int(chosen))]
    rows = rows[rows["scenario"].isin([run.base, "changed"])].sort_values(["month_start_date", "scenario"])
    starts = sorted(rows["month_start_date"].unique())
    rows = rows.assign(
        month=[formatting.month(start) for start in rows["month_start_date"]],
        month_position=[starts.index(start) for start in rows["month_start_date"]],
        position=[int(scenario == "changed") for scenario in rows["scenario"]],
        rules=["After" if scenario == "changed" else "Before" for scenario in rows["scenario"]],
        detail=[
            f"{formatting.count(row.crossing_count)}; {formatting.rate(row.accepted_rate)} accepted, "
            f"{formatting.counted(row.opportunity_count, 'lead')} with a deal" + (" so far" if row.is_young else "")
            for row in rows.itertuples()
        ],
    )
    note = "crossings · unit: times that a lead came to meet the criteria"
    if rows["is_partial"].any():
        note += " · pale: the month is not over"
    with shell.card(f"{formatting.plain(names[chosen])}s by month, before and after", note, key="months_card"):
        filters.named_selectbox("Stage", "stage", names)
        if not rows["crossing_count"].sum():
            st.markdown("By neither rules did any lead cross.")
            return
        columns = ["month", "month_position", "position", "rules", "crossing_count", "is_partial", "detail"]
        pairs = rows.pivot_table(index="month_position", columns="rules", values="crossing_count", aggfunc="sum")
        st.vega_lite_chart(
            charts.before_after_columns(rows[columns]),
            theme=None,
            alt="; ".join(
                f"{formatting.month(starts[position])}: {formatting.count(pair['Before'])} before, "
                f"{formatting.count(pair['After'])} after"
                for position, pair in pairs.iterrows()
            ),
        )
        with st.expander("Month by month, before → after"):
            table = _months_table(rows, starts)
            shell.table(table, alt="Each month before and after", numbers=tuple(table.columns[1:]), unbroken=("Month",))


def _months_table(rows: pd.DataFrame, starts: list) -> pd.DataFrame:
    """What the columns of the chart stand for, with what became of the crossings."""
    measures = {
        "Times": ("crossing_count", formatting.count),
        "Moved there": ("recorded_rate", formatting.rate),
        "Accepted": ("accepted_rate", formatting.rate),
        "Leads with a deal": ("opportunity_count", formatting.count),
        "Of capacity": ("capacity_rate", formatting.rate),
    }
    if rows["capacity_rate"].isna().all():
        del measures["Of capacity"]
    by_rules = {name: part.set_index("month_start_date") for name, part in rows.groupby("rules")}
    return pd.DataFrame(
        {"Month": formatting.month(start) + (" so far" if by_rules["After"].loc[start, "is_partial"] else "")}
        | {
            name: " → ".join(in_words(by_rules[rules].loc[start, column]) for rules in ("Before", "After"))
            for name, (column, in_words) in measures.items()
        }
        for start in starts
    )


def _totals_card(run: data.Replay, stages: pd.DataFrame, totals: pd.DataFrame) -> None:
    """All of the period, by each of the rules."""
    measures = [
        ("times", "crossing_count", formatting.count),
        ("leads", "lead_count", formatting.count),
        ("moved there by the CRM", "recorded_rate", formatting.rate),
        ("accepted: went on beyond it", "accepted_rate", formatting.rate),
        (f"leads with a deal within {run.opportunity_days} days", "opportunity_count", formatting.count),
        ("of the leads", "opportunity_rate", formatting.rate),
        ("of what the active reps can take", "capacity_rate", formatting.rate),
    ]
    rows = []
    for stage in stages.itertuples():
        for name, column, in_words in measures:
            if column == "capacity_rate" and not stage.is_handover:
                continue
            values = [totals.loc[(scenario, stage.stage_order)][column] for scenario in run.scenarios]
            label = f"**{formatting.plain(stage.stage_label)}**, {name}"
            cells = dict(zip(map(SCENARIO_NAMES.get, run.scenarios), map(in_words, values), strict=True))
            rows.append({"In total": label, **cells})
    notes = [f"{formatting.day(run.from_date)} to {formatting.day(run.to_date)}"]
    notes.append("the changed rules hold for all of it, whenever they are to begin")
    if "present" in run.scenarios:
        notes.append("published: by the rules of their time; before is the present rules, replayed likewise")
    notes.append("sales worked on the leads that it was given then; what it would have done with others nobody knows")
    with shell.card("Before and after", " · ".join(notes), key="totals_card"):
        numbers = tuple(SCENARIO_NAMES[scenario] for scenario in run.scenarios)
        shell.table(
            pd.DataFrame(rows),
            alt="Crossings, acceptance, deals and load by each of the rules",
            numbers=numbers,
            wide=("In total",),
        )


def _reps_card(run: data.Replay, reps: pd.DataFrame) -> None:
    """Each rep's load before and after."""
    with shell.card(
        "Load by rep",
        "leads a week that came to the first of these stages · of what the rep can take a week",
        key="reps_card",
    ):
        if reps.empty:
            st.markdown("Nobody is known to whom leads were given.")
            return
        rows = []
        for _, pair in reps.groupby("owner_id", dropna=False, sort=False):
            by_rules = pair.set_index("scenario")
            before, after = by_rules.loc[run.base], by_rules.loc["changed"]
            rows.append(
                {
                    "Rep": _rep_name(after),
                    "Can take": formatting.count(after["capacity_per_week"]),
                    "Before": f"{before['crossings_per_week']:.1f}",
                    "After": f"{after['crossings_per_week']:.1f}",
                    "Of capacity": _change(before, after, "capacity_rate"),
                    "Busiest month": _change(before, after, "busiest_capacity_rate"),
                }
            )
        table = pd.DataFrame(rows)
        shell.table(table, alt="Load by rep before and after", numbers=tuple(table.columns[1:]), unbroken=("Rep",))


def _change(before: pd.Series, after: pd.Series, column: str) -> str:
    return f"{formatting.rate(before[column])} → {formatting.rate(after[column])}"


def _rep_name(rep: pd.Series) -> str:
    if formatting.is_missing(rep["owner_id"]):
        return "given to none of them"
    team = "" if formatting.is_missing(rep["team"]) else f", {formatting.plain(rep['team'])}"
    return f"{formatting.plain(rep['owner_id'])}{team}{'' if rep['is_active'] else ' (no longer active)'}"


def _rules_card(rules: pd.DataFrame) -> None:
    """What the changed playbook says otherwise."""
    with shell.card("What was changed", "the playbook in force → the changed one", key="rules_card"):
        if rules.empty:
            st.markdown("No scoring rule differs from the playbook in force.")
            return
        rows = []
        for rule in rules.itertuples():
            if formatting.is_missing(rule.column_name):
                change = "new" if formatting.is_missing(rule.before) else "gone"
            else:
                change = f"{formatting.plain(rule.column_name)}: {_cell(rule.before)} → {_cell(rule.after)}"
            rows.append({"Rule": f"{RULE_TABLES[rule.table_name]} {formatting.plain(rule.rule)}", "Change": change})
        shell.table(pd.DataFrame(rows), alt="Rules that differ", wide=("Rule", "Change"))


def _cell(value: str | None) -> str:
    return "(empty)" if formatting.is_missing(value) else formatting.plain(value)


draw()
