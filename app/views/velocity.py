"""Velocity and stuck: how long does it take, and who is stuck?"""

import pandas as pd

from app import charts, filters, formatting, records, shell
from app.content import Block, Card, Chart, NextStep, Page, State, Table, Words
from app.languages import _, n_
from app.queries import funnel as stage_queries
from app.queries import velocity as queries

MOST_GROUPS = 4
MOST_DAYS = 180
# Of a group's durations, which may be as many as its stays: more than the chart shows, few enough to be saved.
MOST_DURATIONS = 1000
SHOWN_LEADS = 15


def content(frame: shell.Frame) -> Page | State:
    """The page from top to bottom."""
    stages = stage_queries.stages(frame.file)
    stages = stages[stages["stage_order"] > 0].drop_duplicates("stage")
    period = frame.period
    visited = queries.visited(frame.file, period.from_date, period.to_date, frame.selection)
    stages = stages.merge(visited, on=["track", "stage"]).sort_values("stage_order")
    if stages.empty:
        return shell.nothing_matches()
    labels = dict(zip(stages["stage"], stages["stage_label"], strict=True))
    # The stage before the first one tells least: everybody begins there.
    first = stages["stage"].iloc[min(1, len(stages) - 1)]
    options = {first: labels[first]} | labels
    stage = frame.choose("stage", _("Stage"), options)
    dimension = frame.choose("by", _("By"), _dimensions())
    track = stages[stages["stage"] == stage]["track"].iloc[0]
    asked = (frame.file, period.from_date, period.to_date, frame.selection)
    row = queries.durations(*asked, track=track, stage=stage).assign(stage_label=labels[stage]).iloc[0]
    groups = queries.durations(*asked, dimension, track, stage)
    groups = groups.assign(label=[shell.value_label(frame, dimension, value) for value in groups["dimension_value"]])
    stuck = queries.stuck(frame.file, frame.selection, stage)
    return Page(
        sentence=sentence(labels[stage], row, _judged(groups, frame.build.least_group_count), int(stuck["lead_count"])),
        choices=("stage", "by"),
        cards=_cards(frame, labels[stage], row, stuck),
        rows=lambda: [
            [(3, _curves(frame, row, groups, dimension)), (2, _ranges(frame, stages))],
            _stuck_table(frame, stage, labels),
        ],
        next_steps=[NextStep(_("See whether leads are answered in time"), "handover")],
    )


def _dimensions() -> dict[str, str]:
    names = filters.dimension_names()
    return {"segment": names["segment"]} | names


def _judged(groups: pd.DataFrame, least: int) -> pd.DataFrame:
    return groups[groups["stay_count"] >= least].sort_values("median_days", ascending=False, na_position="first")


def sentence(stage: str, row: pd.Series, groups: pd.DataFrame, stuck_count: int) -> str:
    """Which group is slowest, and how many are stuck. `groups` are those with enough stays, the slowest first."""
    stage = formatting.plain(stage)
    if formatting.is_missing(row["median_days"]):
        first = _("In {stage}, fewer than half have left so far, so there is no median yet", stage=stage)
    else:
        first = _(
            "Half of those who come to {stage} have left it after {days}",
            stage=stage,
            days=formatting.days(row["median_days"]),
        )
    known = groups[groups["median_days"].notna()]
    if len(known) > 1 and known["median_days"].iloc[0] > known["median_days"].iloc[-1]:
        slowest, quickest = known.iloc[0], known.iloc[-1]
        first = _(
            "{opening}; {slowest} is slowest with {slow_days}, {quickest} quickest with {quick_days}",
            opening=first,
            slowest=formatting.plain(slowest["label"]),
            slow_days=formatting.days(slowest["median_days"]),
            quickest=formatting.plain(quickest["label"]),
            quick_days=formatting.days(quickest["median_days"]),
        )
    if not stuck_count:
        return _("{opening}. No lead is stuck there.", opening=first)
    return n_(
        "{opening}. {count} lead is stuck there.",
        "{opening}. {count} leads are stuck there.",
        stuck_count,
        opening=first,
    )


def _cards(frame: shell.Frame, stage: str, row: pd.Series, stuck: pd.Series) -> list[Card]:
    median = formatting.days(row["median_days"])
    bounds = f"{formatting.days(row['median_days_lower'])} – {formatting.days(row['median_days_upper'])}"
    return [
        Card(
            _("Stuck in {stage}", stage=formatting.plain(stage)),
            formatting.count(stuck["lead_count"]),
            pill=_("now, whatever the period"),
            tone="warning" if stuck["lead_count"] else "good",
            meaning=_(
                "Leads that stand in the stage longer than three quarters of their peers, or than the playbook allows."
            ),
        ),
        Card(
            _("Value at stake"),
            frame.money(stuck["value_at_stake_amount"]),
            pill=_("if they went on like fresh ones"),
            meaning=_(
                "Per stuck lead: what a lead brings that goes on, times by how much a fresh one is likelier to go on."
            ),
        ),
        Card(
            _("Median stay"),
            median,
            pill=_("between {bounds}", bounds=bounds),
            meaning=_(
                "Half of the stays are over by then. Stays that last are counted too (Kaplan–Meier), so quick ones do "
                "not make it look better; 95 % bounds."
            ),
        ),
        Card(
            _("Mean of finished stays"),
            formatting.days(row["finished_mean_days"]),
            pill=n_(
                "{count} stay, {exited} finished",
                "{count} stays, {exited} finished",
                row["stay_count"],
                exited=formatting.count(row["exited_count"]),
            ),
            meaning=_("What other tools show: it leaves out who is still there, and so comes out too short."),
        ),
    ]


def _curves(frame: shell.Frame, row: pd.Series, groups: pd.DataFrame, dimension: str) -> Block:
    """How many are still there after so many days, group by group."""
    least = frame.build.least_group_count
    title = _("How long leads stay in {stage}", stage=formatting.plain(row["stage_label"]))
    note = _(
        "share still in the stage after so many days, first visits begun in the period · bands: 95 % · dashed: half"
    )
    judged = groups[groups["stay_count"] >= least].nlargest(MOST_GROUPS, "stay_count")
    if judged.empty:
        text = _("No group has the {count} stays it takes to compare. Widen the period or clear a filter.", count=least)
        return Words("curves_card", title, note, text)
    curves = queries.survival(
        frame.file,
        frame.period.from_date,
        frame.period.to_date,
        frame.selection,
        row["track"],
        row["stage"],
        dimension,
        MOST_DURATIONS,
    )
    curves = curves[curves["dimension_value"].isin(judged["dimension_value"])]
    names = dict(zip(judged["dimension_value"], judged["label"], strict=True))
    shown = pd.DataFrame(
        {
            "x": curves["duration_days"],
            "value": curves["survival"],
            "lower": curves["survival_lower"],
            "upper": curves["survival_upper"],
            "series": curves["dimension_value"].map(names),
        }
    )
    starts = pd.DataFrame({"x": 0.0, "value": 1.0, "lower": 1.0, "upper": 1.0, "series": list(names.values())})
    shown = pd.concat([starts, shown[shown["x"] <= MOST_DAYS]]).sort_values(["series", "x"])
    shown = shell.thinned(shown, "series", 60)
    shown = shown.assign(
        detail=[
            _("{rate} after {days}", rate=formatting.rate(value), days=formatting.days(days))
            for value, days in zip(shown["value"], shown["x"], strict=True)
        ]
    )
    end = max(float(shown["x"].max()), 1.0)
    blank = len(groups) - len(judged)
    return Chart(
        "curves_card",
        title,
        note,
        charts.curves(
            shown,
            list(names.values()),
            charts.ticks(0, end, formatting.count),
            charts.ticks(0, 1, formatting.percent),
            _("Days in the stage"),
            level=0.5,
        ),
        alt="; ".join(
            f"{name}: {_('median {days}', days=formatting.days(days))}"
            for name, days in zip(judged["label"], judged["median_days"], strict=True)
        ),
        rows=curves,
        footnote=n_("{count} smaller group not shown", "{count} smaller groups not shown", blank) if blank > 0 else "",
    )


def _ranges(frame: shell.Frame, stages: pd.DataFrame) -> Chart:
    """The middle half of the stays of each stage."""
    every = queries.durations(frame.file, frame.period.from_date, frame.period.to_date, frame.selection)
    every = every.merge(stages[["track", "stage", "stage_label", "stage_order"]], on=["track", "stage"])
    every = every.sort_values("stage_order")
    rows = pd.DataFrame(
        {
            "label": every["stage_label"],
            "lower": every["lower_quartile_days"],
            "middle": every["median_days"],
            "upper": every["upper_quartile_days"],
            "text": [formatting.days(value) for value in every["median_days"]],
            "detail": [
                _(
                    "a quarter has left after {first}, half after {half}, three quarters after {third}",
                    first=formatting.days(row.lower_quartile_days),
                    half=formatting.days(row.median_days),
                    third=formatting.days(row.upper_quartile_days),
                )
                for row in every.itertuples()
            ],
        }
    )
    known = rows[["lower", "middle", "upper"]].max(axis=None)
    return Chart(
        "ranges_card",
        _("Days in each stage"),
        _("bar: from a quarter to three quarters have left · line and text: half · open to the right: not reached yet"),
        charts.quartile_ranges(
            rows,
            charts.ticks(0, float(known) if not formatting.is_missing(known) else 1.0, formatting.count),
            _("Days"),
        ),
        alt="; ".join(f"{row.label}: {row.text}" for row in rows.itertuples()),
        rows=every,
    )


def _stuck_table(frame: shell.Frame, stage: str, labels: dict[str, str]) -> Block:
    """Whom to unblock first."""
    rows = queries.stuck_leads(frame.file, frame.selection, stage, SHOWN_LEADS)
    title = _("Leads to unblock first")
    note = _("now in the stage, by the value at stake · choose a row to see the account's journey")
    if rows.empty:
        return Words("stuck_card", title, note, _("No lead is stuck there."))
    texts = pd.DataFrame(
        {
            _("Lead"): rows["lead_id"],
            _("Account"): records.texts(rows["account_name"]),
            _("Segment"): records.texts(rows["segment"]),
            _("There for"): [formatting.days(value) for value in rows["age_days"]],
            _("Usual"): [formatting.days(value) for value in rows["expected_days"]],
            _("At stake"): [formatting.money(value, frame.currency) for value in rows["value_at_stake_amount"]],
            _("What to do"): rows["recommended_action"],
        }
    )
    return Table(
        "stuck_card",
        title,
        note,
        texts,
        rows=rows,
        alt=_("Stuck leads with the recommended action"),
        numbers=(_("There for"), _("Usual"), _("At stake")),
        opens="journeys",
        links=records.links(rows),
    )


if __name__ == "__main__":
    shell.show(content)
