"""Experiments: which change works?"""

import pandas as pd

from app import charts, formatting, shell
from app.content import Block, Card, Chart, NextStep, Page, State, Table, Words
from app.languages import N_, _, n_
from app.queries import experiments as queries

# What was found, and what follows from it.
DECISIONS = {
    "better": (N_("better"), N_("Keep the change")),
    "worse": (N_("worse"), N_("Take the change back")),
    "no_relevant_effect": (N_("no effect worth having"), N_("Take what costs less")),
    "inconclusive": (N_("not decided by the data"), N_("Repeat it with more units, or try a larger change")),
    "too_few": (N_("too few units"), N_("Repeat it with more units")),
    "not_comparable": (N_("cannot be compared"), N_("Look at what was measured: nothing varies")),
    "sample_ratio_mismatch": (N_("not to be trusted"), N_("Find out why the shares are uneven and begin anew")),
    "running": (N_("running"), N_("Wait: who stops at the first good week finds effects that are not there")),
}
CERTAIN = ("better", "worse", "no_relevant_effect")
AMOUNTS = {"pipeline_amount": N_("Pipeline per unit"), "won_amount": N_("Revenue won per unit")}
BADGES = {"better": "green", "worse": "red", "sample_ratio_mismatch": "red", "running": "blue"}


def content(frame: shell.Frame) -> Page | State:
    """The page from top to bottom."""
    experiments = queries.experiments(frame.file)
    if experiments.empty:
        return State(
            _("No experiment is known"),
            _(
                "Not connected: needs a list of experiments and who was in which variant (entities `experiments` and "
                "`experiment_assignments` of the files)."
            ),
            icon=":material/science:",
        )
    names = dict(zip(experiments["experiment_id"], experiments["experiment_name"], strict=True))
    results = queries.results(frame.file)
    results = results.assign(experiment_name=results["experiment_id"].map(names))
    # The experiments' own order.
    rank = {experiment_id: place for place, experiment_id in enumerate(names)}
    results = results.sort_values("experiment_id", key=lambda ids: ids.map(rank), kind="stable")
    primary = results[results["is_primary"]]
    return Page(
        sentence=sentence(frame, experiments, primary),
        cards=_cards(experiments, primary),
        rows=lambda: [
            [(1, _forest(primary)), (1, _metrics_forest(frame, results, names))],
            _table(frame, experiments, primary),
            _amounts_table(frame, results),
        ],
        next_steps=[NextStep(_("See where the funnel loses most money"), "funnel")],
    )


def sentence(frame: shell.Frame, experiments: pd.DataFrame, primary: pd.DataFrame) -> str:
    """What the experiment that was decided last has shown; else how many are on their way."""
    alarmed = experiments[experiments["is_srm"].astype(bool)]
    warning = (
        " "
        + n_(
            "{count} is divided so unevenly that it cannot be trusted.",
            "{count} are divided so unevenly that they cannot be trusted.",
            len(alarmed),
        )
        if len(alarmed)
        else ""
    )
    decided = primary[~primary["decision"].isin(("running", "sample_ratio_mismatch"))]
    if decided.empty:
        waiting = len(experiments) - int(experiments["is_final"].sum())
        opening = (
            n_(
                "{count} experiment is on its way; none is decided yet.",
                "{count} experiments are on their way; none is decided yet.",
                waiting,
            )
            if waiting
            else _("No experiment has an answer.")
        )
        return opening + warning
    last = decided.iloc[0]
    said = {
        "name": formatting.plain(last["experiment_name"]),
        "metric": _metric_amid(last),
    }
    if last["decision"] in ("too_few", "not_comparable"):
        return _("{name} has ended without units enough to compare {metric}.", **said) + warning
    said |= {
        "lift": _lift(frame, last).removeprefix("+"),
        "lower": _bound(frame, last, "lower"),
        "upper": _bound(frame, last, "upper"),
    }
    texts = {
        "better": _("{name} raised {metric} by {lift} ({lower} to {upper}).", **said),
        "worse": _("{name} lowered {metric}: {lift} ({lower} to {upper}).", **said),
        "no_relevant_effect": _(
            "{name} has no effect on {metric} that is worth having: {lift} ({lower} to {upper}).", **said
        ),
        "inconclusive": _("{name} moved {metric} by {lift} ({lower} to {upper}), which may be chance.", **said),
    }
    return texts[last["decision"]] + warning


def _metric(row) -> str:
    return _(AMOUNTS[row["metric"]]) if row["metric"] in AMOUNTS else row["metric_label"]


def _metric_amid(row) -> str:
    """What is measured, amid a sentence."""
    if row["metric"] in AMOUNTS:
        return formatting.amid(_metric(row))
    return _("the share that reaches {stage}", stage=formatting.plain(row["metric_label"]))


def _lift(frame: shell.Frame, row) -> str:
    """A difference with its unit: '+10.5 pp', '€1,200'."""
    if row["metric_kind"] == "rate":
        return formatting.points(row["lift"], 0) or formatting.MISSING
    return frame.money(row["lift"])


def _bound(frame: shell.Frame, row, which: str) -> str:
    if row["metric_kind"] == "rate":
        return formatting.number(None if pd.isna(row[which]) else 100 * row[which])
    return frame.money(row[which])


def _cards(experiments: pd.DataFrame, primary: pd.DataFrame) -> list[Card]:
    running = experiments[~experiments["is_final"].astype(bool)]
    certain = primary[primary["decision"].isin(CERTAIN)]["experiment_id"].nunique()
    final = int(experiments["is_final"].sum())
    alarmed = int(experiments["is_srm"].sum())
    waiting = int(running["pending_count"].sum())
    return [
        Card(
            _("Running"),
            formatting.count(len(running)),
            pill=n_("{count} unit waits for its days", "{count} units wait for their days", waiting)
            if waiting
            else None,
            meaning=_(
                "Experiments that have not ended, or whose last units have not had their days yet. Nothing is decided "
                "before."
            ),
        ),
        Card(
            _("Decided"),
            formatting.count(certain),
            pill=n_("of {count} that ended", "of {count} that ended", final),
            tone="good" if certain else "plain",
            meaning=_(
                "Ended with an answer: better, worse, or no effect worth having. The 95 % bounds of the difference "
                "decide, for all variants of an experiment together."
            ),
        ),
        Card(
            _("Sample ratio alarms"),
            formatting.count(alarmed),
            pill=_("shares are uneven") if alarmed else _("shares are even"),
            tone="bad" if alarmed else "good",
            meaning=_(
                "Units are divided among the variants so unevenly that even shares would give it once in a thousand "
                "experiments: the assignment is broken, or some units get lost."
            ),
        ),
        Card(
            _("Units"),
            formatting.count(experiments["assigned_count"].sum()),
            pill=n_("in {count} experiment", "in {count} experiments", len(experiments)),
            meaning=_("People or companies that were assigned to a variant; who is in two experiments counts twice."),
        ),
    ]


def _rate_bars(rows: pd.DataFrame, labels: list[str]) -> pd.DataFrame:
    """Differences of rates as a forest takes them."""
    return pd.DataFrame(
        {
            "label": labels,
            "value": rows["lift"].astype(float),
            "lower": rows["lower"].astype(float),
            "upper": rows["upper"].astype(float),
            "text": [formatting.points(value, 0) or "" for value in rows["lift"]],
            "detail": [
                _(
                    "{now} of {count}, baseline {before} of {other}",
                    now=formatting.rate(row.value),
                    count=formatting.count(row.unit_count),
                    before=formatting.rate(row.baseline_value),
                    other=formatting.count(row.baseline_unit_count),
                )
                for row in rows.itertuples()
            ],
            "is_decided": rows["decision"].isin(("better", "worse")),
        }
    )


def _forest_chart(key: str, title: str, note: str, bars: pd.DataFrame, rows: pd.DataFrame, choices=()) -> Chart:
    known = [float(value) for column in ("lower", "upper") for value in bars[column].dropna()]
    axis = charts.ticks(min([0.0, *known]), max([0.01, *known]), lambda value: formatting.points(value, 0) or "0")
    return Chart(
        key,
        title,
        note,
        charts.forest(bars, axis),
        alt="; ".join(f"{row.label}: {row.text} ({row.detail})" for row in bars.itertuples()),
        rows=rows,
        choices=choices,
    )


def _forest(primary: pd.DataFrame) -> Block:
    """What each experiment did to what it is decided by."""
    title = _("What each experiment changed")
    note = _("percentage points above the baseline, with 95 % bounds · diamonds: final and beyond chance")
    rows = primary[(primary["metric_kind"] == "rate") & primary["lift"].notna()]
    if rows.empty:
        return Words("experiments_card", title, note, _("No experiment has units that can be judged yet."))
    several = rows["experiment_id"].duplicated(keep=False)
    labels = [
        " · ".join([row.experiment_name, row.variant if is_one_of_several else row.metric_label])
        for row, is_one_of_several in zip(rows.itertuples(), several, strict=True)
    ]
    bars = _rate_bars(rows, labels).assign(
        detail=lambda bars: [
            f"{detail} · {_(DECISIONS[decision][0])}"
            for detail, decision in zip(bars["detail"], rows["decision"], strict=True)
        ]
    )
    return _forest_chart("experiments_card", title, note, bars, rows)


def _metrics_forest(frame: shell.Frame, results: pd.DataFrame, names: dict[str, str]) -> Block:
    """What else went along in one experiment, stage by stage."""
    experiment = frame.choose("experiment", _("Experiment"), names)
    title = _("What else went along")
    note = _("share of units that reached each stage in time, above the baseline · told, not decided by")
    rows = results[
        (results["experiment_id"] == experiment) & (results["metric_kind"] == "rate") & results["lift"].notna()
    ]
    if rows.empty:
        return Words("metrics_card", title, note, _("It has no units that can be judged yet."), choices=("experiment",))
    several = rows["variant"].nunique() > 1
    labels = [f"{row.metric_label} · {row.variant}" if several else row.metric_label for row in rows.itertuples()]
    return _forest_chart("metrics_card", title, note, _rate_bars(rows, labels), rows, choices=("experiment",))


def _table(frame: shell.Frame, experiments: pd.DataFrame, primary: pd.DataFrame) -> Table:
    """Each experiment and variant: what it is to show, what it showed, and what follows."""
    rows = experiments.merge(
        primary.drop(columns=["experiment_name", "primary_metric_label"], errors="ignore"),
        on="experiment_id",
        how="left",
        sort=False,
    )
    texts = pd.DataFrame(
        {
            _("Experiment"): [f"**{formatting.plain(value)}**" for value in rows["experiment_name"]],
            _("Hypothesis"): [formatting.plain(value) for value in rows["hypothesis"]],
            _("Result"): [_result(frame, row) for _index, row in rows.iterrows()],
            _("Found"): [_badge(row["decision"]) for _index, row in rows.iterrows()],
            _("Units"): [_units(row) for _index, row in rows.iterrows()],
            _("Ends"): [_end(frame, row) for _index, row in rows.iterrows()],
            _("What follows"): [_what_follows(row) for _index, row in rows.iterrows()],
        }
    )
    return Table(
        "list_card",
        _("What is tried out, and what was learnt"),
        _("a row per variant beside the baseline · units judged of those that the smallest effect worth having takes"),
        texts,
        rows=rows,
        alt=_("Experiments with their results and what follows"),
        numbers=(_("Units"),),
        unbroken=(_("Found"), _("Ends")),
        wide=(_("Hypothesis"), _("What follows")),
        width=56,
    )


def _result(frame: shell.Frame, row: pd.Series) -> str:
    if formatting.is_missing(row["decision"]):
        if formatting.is_missing(row["primary_metric_label"]):
            return _("its metric is none that can be measured")
        return _("no variant beside the baseline has a unit")
    if formatting.is_missing(row["lift"]):
        return _("nobody can be judged yet")
    return _(
        "{metric} {lift} ({lower} to {upper})",
        metric=formatting.plain(_metric(row)),
        lift=_lift(frame, row),
        lower=_bound(frame, row, "lower"),
        upper=_bound(frame, row, "upper"),
    )


def _badge(decision: str | None) -> str:
    if formatting.is_missing(decision):
        return formatting.MISSING
    return f":{BADGES.get(decision, 'gray')}-badge[{_(DECISIONS[decision][0])}]"


def _what_follows(row: pd.Series) -> str:
    """What the company has learnt; where it has not said so, what the result asks for."""
    if not formatting.is_missing(row["learning"]):
        return formatting.plain(row["learning"])
    if formatting.is_missing(row["primary_metric_label"]):
        return _("Name a stage, `pipeline_amount` or `won_amount` as its primary metric")
    if formatting.is_missing(row["decision"]):
        return _("Assign units to a second variant")
    return _(DECISIONS[row["decision"]][1])


def _units(row: pd.Series) -> str:
    if formatting.is_missing(row["unit_count"]):
        return formatting.MISSING
    judged = row["unit_count"] + row["baseline_unit_count"]
    if formatting.is_missing(row["needed_unit_count"]):
        return formatting.count(judged)
    needed = row["needed_unit_count"] * row["variant_count"]
    return _("{part} of {whole}", part=formatting.count(judged), whole=formatting.count(needed))


def _end(frame: shell.Frame, row: pd.Series) -> str:
    if formatting.is_missing(row["ended_at"]):
        return _("open")
    return formatting.day(formatting.local(row["ended_at"].to_pydatetime(), frame.run.reporting_timezone).date())


def _amounts_table(frame: shell.Frame, results: pd.DataFrame) -> Block:
    """The money that units brought on average."""
    title = _("What it did to money")
    note = _("mean per unit within the experiment's days, with 95 % bounds of the difference (Welch)")
    rows = results[(results["metric_kind"] == "amount") & results["lift"].notna()]
    if rows.empty:
        return Words("money_card", title, note, _("No experiment has units that can be judged yet."))
    texts = pd.DataFrame(
        {
            _("Experiment"): [f"**{formatting.plain(value)}**" for value in rows["experiment_name"]],
            _("Variant"): [formatting.plain(value) for value in rows["variant"]],
            _("Metric"): [_(AMOUNTS[value]) for value in rows["metric"]],
            _("Per unit"): [frame.money(value) for value in rows["value"]],
            _("Baseline"): [frame.money(value) for value in rows["baseline_value"]],
            _("Difference"): [frame.money(value) for value in rows["lift"]],
            _("From"): [frame.money(value) for value in rows["lower"]],
            _("To"): [frame.money(value) for value in rows["upper"]],
        }
    )
    return Table(
        "money_card",
        title,
        note,
        texts,
        rows=rows,
        alt=_("Mean pipeline and revenue per unit, by experiment and variant"),
        numbers=tuple(texts.columns[3:]),
        unbroken=tuple(texts.columns[1:3]),
    )


if __name__ == "__main__":
    shell.show(content)
