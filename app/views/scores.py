"""Scores: do they tell who will buy, and whom should sales call first?"""

import pandas as pd

from app import charts, formatting, people, records, shell
from app.content import Block, Card, Chart, NextStep, Page, State, Table, Words
from app.languages import _, n_
from app.queries import scores as queries

SHOWN_LEADS = 20
SHOWN_RULES = 12
RULES = "rules"


def content(frame: shell.Frame) -> Page | State:
    """The page from top to bottom."""
    quadrants = queries.quadrants(frame.file, frame.selection)
    if not quadrants["lead_count"].sum():
        return shell.nothing_matches()
    metrics, deciles = queries.metrics(frame.file), queries.deciles(frame.file)
    versions = _versions(deciles)
    version = frame.choose("score", _("Score"), versions) if versions else ""
    return Page(
        sentence=sentence(frame, metrics, version, quadrants),
        choices=("score",) if len(versions) > 1 else (),
        cards=_cards(frame, metrics, version, quadrants),
        rows=lambda: [
            _call_table(frame),
            [(1, _heat_map(frame)), (1, _deciles_chart(frame, deciles, version))],
            [(1, _calibration_chart(frame, deciles)), (1, _quadrants_table(quadrants))],
            _proposals_table(frame),
            *_alarms_table(frame),
        ],
        next_steps=[NextStep(_("See whether those handed over are answered in time"), "handover")],
    )


def _versions(deciles: pd.DataFrame) -> dict[str, str]:
    """The scores that were judged: the rules' own first."""
    found = list(dict.fromkeys(deciles["score_version"]))
    found.sort(key=lambda version: (not version.startswith(RULES), version))
    return {version: _version_name(version) for version in found}


def _version_name(version: str) -> str:
    if version.startswith(RULES):
        return _("Rules of the playbook, version {number}", number=version.removeprefix(RULES).strip())
    return _("Learned from outcomes") if version == "learned opportunity" else version


def _metric(metrics: pd.DataFrame, version: str, name: str) -> float | None:
    found = metrics[(metrics["score_version"] == version) & (metrics["metric"] == name)]
    return None if found.empty or formatting.is_missing(found["value"].iloc[0]) else float(found["value"].iloc[0])


def _hot(quadrants: pd.DataFrame) -> int:
    hot = quadrants[quadrants["is_good_fit"].astype(bool) & quadrants["is_high_intent"].astype(bool)]
    return int(hot["lead_count"].sum())


def sentence(frame: shell.Frame, metrics: pd.DataFrame, version: str, quadrants: pd.DataFrame) -> str:
    """What the top fifth of the scores holds, and how many leads are hot now."""
    hot = _hot(quadrants)
    waiting = n_(
        "{count} lead fits and wants to talk now",
        "{count} leads fit and want to talk now",
        hot,
    )
    share = _metric(metrics, version, "top_fifth_share")
    if share is None:
        return _("{hot}. Too few outcomes are known to tell how well the score sorts.", hot=waiting)
    return _(
        "The top fifth of the scores holds {share} of the leads that later became opportunities. {hot}.",
        share=formatting.rate(share),
        hot=waiting,
    )


def _cards(frame: shell.Frame, metrics: pd.DataFrame, version: str, quadrants: pd.DataFrame) -> list[Card]:
    share, auc = _metric(metrics, version, "top_fifth_share"), _metric(metrics, version, "auc")
    lift = _metric(metrics, version, "top_decile_lift")
    found = metrics[metrics["score_version"] == version]
    reached = int(found["reached_count"].max()) if len(found) else 0
    return [
        Card(
            _("Hot leads"),
            formatting.count(_hot(quadrants)),
            pill=_("good fit and high intent, now"),
            tone="warning",
            meaning=_("By the thresholds of score_grades.csv in the playbook."),
        ),
        Card(
            _("Held by the top fifth"),
            formatting.rate(share),
            pill=n_("of {count} that became opportunities", "of {count} that became opportunities", reached),
            meaning=_(
                "Of the leads that became opportunities later, the share that was in the fifth with the highest "
                "scores. By chance it would be 20 %. Judged on months that the score could not know."
            ),
        ),
        Card(
            _("AUC"),
            formatting.number(auc, 2),
            pill=_("0.5 is chance, 1 is perfect"),
            meaning=_(
                "Of pairs of a lead that got there and one that did not: how often the first has the higher score."
            ),
        ),
        Card(
            _("Lift of the top tenth"),
            _("{lift} times", lift=formatting.number(lift)) if lift is not None else formatting.MISSING,
            pill=_("the rate of all leads"),
            meaning=_("Rate of opportunities among the tenth with the highest scores ÷ the rate of all."),
        ),
    ]


def _call_table(frame: shell.Frame) -> Block:
    """Whom to call first: with names for who may see people, with ids for others."""
    title = _("Whom to call first, and why")
    contacts = people.call_list(frame.file, frame.viewer, SHOWN_LEADS)
    if contacts is None:
        return _hot_table(frame, title)
    note = _("good fit first, then by intent · consent respected · choose a row to see the account's journey")
    if contacts.empty:
        text = _("Nobody is to be called: no lead is hot, nobody consented, or none is of your region.")
        return Words("call_card", title, note, text)
    texts = pd.DataFrame(
        {
            _("Rank"): [formatting.count(value) for value in contacts["list_rank"]],
            _("Person"): contacts["full_name"].fillna(contacts["lead_id"]),
            _("Company"): contacts["company_name"].fillna(formatting.MISSING),
            _("Why"): contacts["reason"],
            _("Due"): [formatting.moment(value, frame.run.reporting_timezone) for value in contacts["sla_due_at"]],
            _("Grade"): contacts["grade"],
            _("Phone"): contacts["phone"].fillna(formatting.MISSING),
            _("E-mail"): contacts["email"].fillna(formatting.MISSING),
        }
    )
    return Table(
        "call_card",
        title,
        note,
        texts,
        rows=contacts,
        alt=_("People to call, the first to call first"),
        opens="journeys",
        links=records.links(contacts),
    )


def _hot_table(frame: shell.Frame, title: str) -> Block:
    rows = queries.hot_leads(frame.file, frame.selection, SHOWN_LEADS)
    note = _("most intent first · without names: your role does not see people · choose a row to see the journey")
    if rows.empty:
        return Words("call_card", title, note, _("No lead fits and wants to talk now."))
    texts = pd.DataFrame(
        {
            _("Lead"): rows["lead_id"],
            _("Account"): rows["account_name"].fillna(formatting.MISSING),
            _("Grade"): rows["grade"],
            _("Fit"): [formatting.number(value, 0) for value in rows["fit_score"]],
            _("Intent"): [formatting.number(value, 0) for value in rows["intent_score"]],
            _("Learned chance"): [formatting.rate(value) for value in rows["learned_probability"]],
            _("Stage"): rows["stage_label"],
        }
    )
    hidden = int(rows["all_count"].iloc[0]) - len(rows)
    return Table(
        "call_card",
        title,
        note,
        texts,
        rows=rows.drop(columns="all_count"),
        alt=_("Hot leads, most intent first"),
        opens="journeys",
        links=records.links(rows),
        footnote=n_("{count} more lead not shown", "{count} more leads not shown", hidden) if hidden > 0 else "",
    )


def _heat_map(frame: shell.Frame) -> Block:
    """Where in fit and intent opportunities come from."""
    rows = queries.fit_by_intent(frame.file, frame.selection)
    least = frame.build.least_group_count
    title = _("Fit and intent: where opportunities are")
    note = _(
        "share of the leads of now that have an opportunity · up: intent, right: fit · cells under {count} leads are "
        "empty",
        count=formatting.count(least),
    )
    steps = [f"{20 * step}–{20 * step + 20}" for step in range(5)]
    rates = (rows["reached_count"] / rows["lead_count"]).where(rows["lead_count"] >= least)
    most = float(rates.max()) if rates.notna().any() else 0.0
    cells = pd.DataFrame(
        {
            charts.CODE: [f"{row.fit_step} {row.intent_step}" for row in rows.itertuples()],
            "row": [steps[step] for step in rows["intent_step"]],
            "column": [steps[step] for step in rows["fit_step"]],
            "shade": rates / most if most else rates,
            "text": ["" if pd.isna(value) else formatting.rate(value) for value in rates],
            "detail": [
                _("{part} of {whole}", part=formatting.count(part), whole=formatting.count(whole))
                for part, whole in zip(rows["reached_count"], rows["lead_count"], strict=True)
            ],
        }
    )
    if rates.isna().all():
        return Words("heat_card", title, note, _("No cell has enough leads."))

    def behind(code: str) -> Block:
        fit, intent = map(int, code.split(" "))
        leads = queries.cell_behind(frame.file, frame.selection, fit, intent, records.LISTED)
        mark = _("fit {fit}, intent {intent}", fit=steps[fit], intent=steps[intent])
        return records.leads_table(frame, "heat_behind", mark, leads)

    return Chart(
        "heat_card",
        title,
        note,
        charts.heat_map(cells, steps[::-1], steps, _("Fit"), _("Intent")),
        alt=shell.cells_in_words(cells),
        rows=rows,
        width=24,
        behind=behind,
    )


def _deciles_chart(frame: shell.Frame, deciles: pd.DataFrame, version: str) -> Block:
    """Whether a higher score means more opportunities."""
    title = _("Does the score sort?")
    note = _("share that became an opportunity, by tenth of the scores, months that are over · dashed: all together")
    rows = deciles[deciles["score_version"] == version]
    if rows.empty or not rows["lead_count"].sum():
        return Words("deciles_card", title, note, _("No month is old enough to tell."))
    bars = pd.DataFrame(
        {
            "label": [formatting.count(value) for value in rows["decile"]],
            "value": rows["reached_rate"].astype(float),
            "text": [formatting.rate(value) for value in rows["reached_rate"]],
            "detail": [
                _("{part} of {whole}", part=formatting.count(part), whole=formatting.count(whole))
                for part, whole in zip(rows["reached_count"], rows["lead_count"], strict=True)
            ],
            "is_marked": rows["decile"] <= 2,
        }
    )
    average = float(rows["reached_count"].sum() / rows["lead_count"].sum())
    return Chart(
        "deciles_card",
        title,
        note,
        charts.ranked_columns(bars, average, _("Tenth of the scores, 1 is best")),
        alt="; ".join(f"{row.label}: {row.text} ({row.detail})" for row in bars.itertuples()),
        rows=rows,
    )


def _calibration_chart(frame: shell.Frame, deciles: pd.DataFrame) -> Block:
    """Whether the learned chances come true."""
    title = _("Do the learned chances come true?")
    note = _("what was foretold against what came, by tenth of the scores · on the dashed line: as foretold")
    rows = deciles[deciles["mean_probability"].notna() & (deciles["lead_count"] > 0)]
    if rows.empty:
        return Words("calibration_card", title, note, _("No score has been learned yet: it needs more outcomes."))
    series = {version: _version_name(version) for version in dict.fromkeys(rows["score_version"])}
    shown = pd.DataFrame(
        {
            "x": rows["mean_probability"].astype(float),
            "y": rows["reached_rate"].astype(float),
            "size": rows["lead_count"].astype(float),
            "series": rows["score_version"].map(series),
            "detail": [
                _(
                    "foretold {foretold}, came {came} of {count}",
                    foretold=formatting.rate(row.mean_probability),
                    came=formatting.rate(row.reached_rate),
                    count=formatting.count(row.lead_count),
                )
                for row in rows.itertuples()
            ],
        }
    )
    high = float(max(shown["x"].max(), shown["y"].max())) or 1.0
    return Chart(
        "calibration_card",
        title,
        note,
        charts.calibration(
            shown, list(series.values()), charts.ticks(0, high, formatting.percent), _("Foretold"), _("Came")
        ),
        alt="; ".join(shown["detail"]),
        rows=rows,
    )


def _quadrants_table(quadrants: pd.DataFrame) -> Table:
    """The four cases, and what to do."""
    texts = pd.DataFrame(
        {
            _("Case"): [f"**{formatting.plain(value)}**" for value in quadrants["quadrant_label"]],
            _("Fit"): [_("good") if value else _("poor") for value in quadrants["is_good_fit"]],
            _("Intent"): [_("high") if value else _("low") for value in quadrants["is_high_intent"]],
            _("Leads"): [formatting.count(value) for value in quadrants["lead_count"]],
            _("What to do"): [formatting.plain(value) for value in quadrants["recommended_action"]],
        }
    )
    return Table(
        "quadrants_card",
        _("The four cases"),
        _("fit and intent are never merged into one number · leads of now"),
        texts,
        rows=quadrants,
        alt=_("Cases of fit and intent with what to do"),
        numbers=(_("Leads"),),
        unbroken=(_("Case"),),
        width=30,
    )


def _proposals_table(frame: shell.Frame) -> Block:
    """What the past says about the points of the rules."""
    rows = queries.proposals(frame.file)
    title = _("What the outcomes propose for the points")
    note = _("a proposal, never applied by itself · try it with make replay · the largest changes first")
    known = rows[rows["proposed_points"].notna()]
    if known.empty:
        return Words("proposals_card", title, note, _("Too few outcomes are known to propose anything."))
    shown = known.head(SHOWN_RULES)
    texts = pd.DataFrame(
        {
            _("Rule"): [f"**{formatting.plain(value)}**" for value in shown["rule_id"]],
            _("Points"): [formatting.number(value, 0) for value in shown["points"]],
            _("Proposed"): [formatting.number(value, 0) for value in shown["proposed_points"]],
            _("Leads"): [formatting.count(value) for value in shown["lead_count"]],
            _("Of these, opportunities"): [formatting.count(value) for value in shown["reached_count"]],
        }
    )
    return Table(
        "proposals_card",
        title,
        note,
        texts,
        rows=rows,
        alt=_("Points of the rules and what is proposed"),
        numbers=tuple(texts.columns[1:]),
        unbroken=(texts.columns[0],),
    )


def _alarms_table(frame: shell.Frame) -> list[Block]:
    rows = queries.alarms(frame.file)
    if rows.empty:
        return []
    texts = pd.DataFrame(
        {
            _("What"): [f"**{formatting.plain(value)}**" for value in rows["description"]],
            _("Concerns"): [formatting.plain(value) for value in rows["subject"]],
            _("What to do"): [formatting.plain(value) for value in rows["recommended_action"]],
        }
    )
    return [
        Table(
            "alarms_card",
            _("What is odd about the scores"),
            _("alarms of score_alarms.csv"),
            texts,
            rows=rows,
            alt=_("Alarms about the scores"),
            wide=(_("What"), _("What to do")),
        )
    ]


if __name__ == "__main__":
    shell.show(content)
