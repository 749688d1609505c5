"""Replay: what would a changed playbook have made of the past?"""

import contextlib

import pandas as pd

from app import charts, data, formatting, narrative, shell
from app.content import Block, Card, Chart, Page, State, Table, Words
from app.languages import N_, _, n_
from app.queries import replay as queries

SCENARIO_NAMES = {"published": N_("Published"), "present": N_("Present rules"), "changed": N_("Changed rules")}
RULE_TABLES = {
    "settings": N_("Setting"),
    "scoring_groups": N_("Rule group"),
    "scoring_rules": N_("Scoring rule"),
    "qualification_criteria": N_("Criterion"),
}


def content(frame: shell.Frame) -> Page | State:
    """The page from top to bottom."""
    runs = _readable(queries.replays())
    if not runs:
        return State(
            _("Nothing has been replayed yet"),
            _(
                "Copy the files of the playbook that you would change into a folder, change them, and run "
                "`make replay PLAYBOOK=folder`. It shows what the changed scoring rules would have made of the past; "
                "nothing that is published changes. Then reload this page."
            ),
        )
    names = {
        str(number): f"{run.playbook_folder} · {formatting.moment(run.replayed_at, frame.run.reporting_timezone)}"
        for number, run in enumerate(runs.values(), 1)
    }
    chosen = frame.choose("replay", _("Replay"), names) if len(names) > 1 else "1"
    file = list(runs)[int(chosen) - 1]
    run, stages, months = runs[file], queries.replayed_stages(file), queries.replayed_months(file)
    if stages.empty:
        return State(
            _("There was nothing to replay"), _("The playbook has no criteria by which a lead reaches a stage.")
        )
    totals = months[months["month_start_date"].isna()].set_index(["scenario", "stage_order"])
    first = stages.iloc[0]
    before, after = (totals.loc[(scenario, first["stage_order"])] for scenario in (run.base, "changed"))
    remarks = [formatting.plain(names[chosen])]
    if run.as_of != frame.run.as_of:
        as_of = formatting.moment(run.as_of, frame.run.reporting_timezone)
        remarks.append(
            _(
                "Replayed on the numbers as of {moment}; those published now are of another moment. Replay it again.",
                moment=as_of,
            )
        )
    return Page(
        sentence=narrative.replay_sentence(run, first, int(before["crossing_count"]), int(after["crossing_count"])),
        remarks=remarks,
        cards=_cards(run, first, before, after),
        rows=lambda: [
            _rules_table(queries.replayed_rules(file)),
            *_month_blocks(frame, run, stages, months),
            _totals_table(run, stages, totals),
            _reps_table(run, queries.replayed_reps(file)),
        ],
        choices=("replay",) if len(names) > 1 else (),
    )


def _readable(files: list[str]) -> dict[str, queries.Replay]:
    """The replays, newest first, without those of another version and those forgotten in this moment."""
    runs = {}
    for file in files:
        with contextlib.suppress(data.ServingFileUnreadable, data.ServingFileMissing):
            runs[file] = queries.replay(file)
    return runs


def _cards(run: queries.Replay, stage: pd.Series, before: pd.Series, after: pd.Series) -> list[Card]:
    """The headline numbers of the hand-over, after, and what they were before."""
    measures = [
        (
            _("Times {stage} was reached", stage=formatting.plain(stage["stage_label"])),
            "crossing_count",
            formatting.count,
            _("Each time that a lead came to meet the stage's criteria."),
        ),
        (
            _("Accepted by sales"),
            "accepted_rate",
            formatting.rate,
            _(
                "Share of these crossings after which the CRM moved the lead on beyond the stage. Sales did not know "
                "of crossings that only the changed rules make."
            ),
        ),
        (
            _("Leads with a deal"),
            "opportunity_count",
            formatting.count,
            n_(
                "Leads that crossed and opened a deal of their own within {count} day.",
                "Leads that crossed and opened a deal of their own within {count} days.",
                run.opportunity_days,
            ),
        ),
        (
            _("Load on sales"),
            "capacity_rate",
            formatting.rate,
            _(
                "Crossings a week, of those that the active reps say that they can take. Empty where no capacity is "
                "known."
            ),
        ),
    ]
    return [
        Card(
            title,
            in_words(after[column]),
            pill=_("{value} before", value=in_words(before[column])),
            meaning=meaning,
        )
        for title, column, in_words, meaning in measures
    ]


def _month_blocks(frame: shell.Frame, run: queries.Replay, stages: pd.DataFrame, months: pd.DataFrame) -> list[Block]:
    """Crossings a month, before and after."""
    names = {str(row.stage_order): str(row.stage_label) for row in stages.itertuples()}
    chosen = frame.choose("stage", _("Stage"), names)
    rows = months[months["month_start_date"].notna() & (months["stage_order"] == int(chosen))]
    rows = rows[rows["scenario"].isin([run.base, "changed"])].sort_values(["month_start_date", "scenario"])
    starts = sorted(rows["month_start_date"].unique())
    shown = rows.assign(
        month=[formatting.month(start) for start in rows["month_start_date"]],
        month_position=[starts.index(start) for start in rows["month_start_date"]],
        position=[int(scenario == "changed") for scenario in rows["scenario"]],
        rules=[_("After") if scenario == "changed" else _("Before") for scenario in rows["scenario"]],
        detail=[_detail(row) for row in rows.itertuples()],
    )
    title = _("{stage} by month, before and after", stage=formatting.plain(names[chosen]))
    note = _("crossings · unit: times that a lead came to meet the criteria")
    if rows["is_partial"].any():
        note += " · " + _("pale: the month is not over")
    if not rows["crossing_count"].sum():
        return [Words("months_card", title, note, _("By neither rules did any lead cross."), choices=("stage",))]
    columns = ["month", "month_position", "position", "rules", "crossing_count", "is_partial", "detail"]
    pairs = shown.pivot_table(index="month_position", columns="position", values="crossing_count", aggfunc="sum")
    table = _months_table(rows, starts)
    return [
        Chart(
            "months_card",
            title,
            note,
            charts.before_after_columns(shown[columns]),
            alt="; ".join(
                _(
                    "{month}: {before} before, {after} after",
                    month=formatting.month(starts[position]),
                    before=formatting.count(pair[0]),
                    after=formatting.count(pair[1]),
                )
                for position, pair in pairs.iterrows()
            ),
            rows=rows,
            choices=("stage",),
        ),
        Table(
            "months_table",
            _("Month by month"),
            _("before → after"),
            table,
            rows=rows,
            alt=_("Each month before and after"),
            numbers=tuple(table.columns[1:]),
            unbroken=(table.columns[0],),
            is_folded=True,
        ),
    ]


def _detail(row) -> str:
    words = n_(
        "crossings: {crossings}; {accepted} accepted, {count} lead with a deal",
        "crossings: {crossings}; {accepted} accepted, {count} leads with a deal",
        row.opportunity_count,
        crossings=formatting.count(row.crossing_count),
        accepted=formatting.rate(row.accepted_rate),
    )
    return _("{detail} so far", detail=words) if row.is_young else words


def _months_table(rows: pd.DataFrame, starts: list) -> pd.DataFrame:
    """What the columns of the chart stand for, with what became of the crossings."""
    measures = {
        _("Times"): ("crossing_count", formatting.count),
        _("Moved there"): ("recorded_rate", formatting.rate),
        _("Accepted"): ("accepted_rate", formatting.rate),
        _("Leads with a deal"): ("opportunity_count", formatting.count),
        _("Of capacity"): ("capacity_rate", formatting.rate),
    }
    if rows["capacity_rate"].isna().all():
        del measures[_("Of capacity")]
    after = rows[rows["scenario"] == "changed"].set_index("month_start_date")
    before = rows[rows["scenario"] != "changed"].set_index("month_start_date")
    return pd.DataFrame(
        {
            _("Month"): _("{month} so far", month=formatting.month(start))
            if after.loc[start, "is_partial"]
            else formatting.month(start)
        }
        | {
            name: " → ".join(in_words(rules.loc[start, column]) for rules in (before, after))
            for name, (column, in_words) in measures.items()
        }
        for start in starts
    )


def _totals_table(run: queries.Replay, stages: pd.DataFrame, totals: pd.DataFrame) -> Table:
    """All of the period, by each of the rules."""
    measures = [
        (_("times"), "crossing_count", formatting.count),
        (_("leads"), "lead_count", formatting.count),
        (_("moved there by the CRM"), "recorded_rate", formatting.rate),
        (_("accepted: went on beyond it"), "accepted_rate", formatting.rate),
        (
            n_("leads with a deal within {count} day", "leads with a deal within {count} days", run.opportunity_days),
            "opportunity_count",
            formatting.count,
        ),
        (_("of the leads"), "opportunity_rate", formatting.rate),
        (_("of what the active reps can take"), "capacity_rate", formatting.rate),
    ]
    rows = []
    for stage in stages.itertuples():
        for name, column, in_words in measures:
            if column == "capacity_rate" and not stage.is_handover:
                continue
            cells = {
                _(SCENARIO_NAMES[scenario]): in_words(totals.loc[(scenario, stage.stage_order)][column])
                for scenario in run.scenarios
            }
            rows.append({_("In total"): f"**{formatting.plain(stage.stage_label)}**, {name}", **cells})
    notes = [
        _("{first} to {last}", first=formatting.day(run.from_date), last=formatting.day(run.to_date)),
        _("the changed rules hold for all of it, whenever they are to begin"),
    ]
    if "present" in run.scenarios:
        notes.append(_("published: by the rules of their time; before is the present rules, replayed likewise"))
    notes.append(
        _("sales worked on the leads that it was given then; what it would have done with others nobody knows")
    )
    return Table(
        "totals_card",
        _("Before and after"),
        " · ".join(notes),
        pd.DataFrame(rows),
        rows=totals.reset_index().drop(columns="month_start_date"),
        alt=_("Crossings, acceptance, deals and load by each of the rules"),
        numbers=tuple(_(SCENARIO_NAMES[scenario]) for scenario in run.scenarios),
        wide=(_("In total"),),
    )


def _reps_table(run: queries.Replay, reps: pd.DataFrame) -> Table | Words:
    """Each rep's load before and after."""
    title = _("Load by rep")
    note = _("leads a week that came to the first of these stages · of what the rep can take a week")
    if reps.empty:
        return Words("reps_card", title, note, _("Nobody is known to whom leads were given."))
    rows = []
    for _owner, pair in reps.groupby("owner_id", dropna=False, sort=False):
        by_rules = pair.set_index("scenario")
        before, after = by_rules.loc[run.base], by_rules.loc["changed"]
        rows.append(
            {
                _("Rep"): _rep_name(after),
                _("Can take"): formatting.count(after["capacity_per_week"]),
                _("Before"): formatting.number(before["crossings_per_week"]),
                _("After"): formatting.number(after["crossings_per_week"]),
                _("Of capacity"): _change(before, after, "capacity_rate"),
                _("Busiest month"): _change(before, after, "busiest_capacity_rate"),
            }
        )
    table = pd.DataFrame(rows)
    return Table(
        "reps_card",
        title,
        note,
        table,
        rows=reps,
        alt=_("Load by rep before and after"),
        numbers=tuple(table.columns[1:]),
        unbroken=(table.columns[0],),
    )


def _change(before: pd.Series, after: pd.Series, column: str) -> str:
    return f"{formatting.rate(before[column])} → {formatting.rate(after[column])}"


def _rep_name(rep: pd.Series) -> str:
    if formatting.is_missing(rep["owner_id"]):
        return _("given to none of them")
    team = "" if formatting.is_missing(rep["team"]) else f", {formatting.plain(rep['team'])}"
    name = f"{formatting.plain(rep['owner_id'])}{team}"
    return name if rep["is_active"] else _("{rep} (no longer active)", rep=name)


def _rules_table(rules: pd.DataFrame) -> Table | Words:
    """What the changed playbook says otherwise."""
    title, note = _("What was changed"), _("the playbook in force → the changed one")
    if rules.empty:
        return Words("rules_card", title, note, _("No scoring rule differs from the playbook in force."))
    rows = []
    for rule in rules.itertuples():
        if formatting.is_missing(rule.column_name):
            change = _("new") if formatting.is_missing(rule.before) else _("gone")
        else:
            change = f"{formatting.plain(rule.column_name)}: {_cell(rule.before)} → {_cell(rule.after)}"
        rows.append(
            {_("Rule"): f"{_(RULE_TABLES[rule.table_name])} {formatting.plain(rule.rule)}", _("Change"): change}
        )
    texts = pd.DataFrame(rows)
    return Table("rules_card", title, note, texts, rows=rules, alt=_("Rules that differ"), wide=tuple(texts.columns))


def _cell(value: str | None) -> str:
    return _("(empty)") if formatting.is_missing(value) else formatting.plain(value)


if __name__ == "__main__":
    shell.show(content)
