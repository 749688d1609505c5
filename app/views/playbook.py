"""Playbook: what does each word mean, and which rules are in force?"""

import pandas as pd

from app import formatting, shell
from app.content import Block, Card, Page, Table, Words
from app.languages import N_, _, n_
from app.queries import playbook as queries

TRACKS = {"lead": N_("leads"), "opportunity": N_("deals")}
UNITS = {"count": N_("number"), "amount": N_("money"), "rate": N_("share"), "ratio": N_("ratio")}


def content(frame: shell.Frame) -> Page:
    """The page from top to bottom."""
    stages, kpis = queries.table(frame.file, queries.STAGES), queries.table(frame.file, queries.KPIS)
    scoring, criteria = queries.table(frame.file, queries.SCORING), queries.table(frame.file, queries.CRITERIA)
    slas, models = queries.table(frame.file, queries.SLAS), queries.table(frame.file, queries.MODELS)
    channels, settings = queries.table(frame.file, queries.CHANNELS), queries.table(frame.file, queries.SETTINGS)
    definitions = len(stages) + len(kpis) + len(models)
    return Page(
        sentence=n_(
            "{count} word is defined; the numbers shown were made by these rules.",
            "{count} words are defined; the numbers shown were made by these rules.",
            definitions,
        ),
        remarks=[
            _(
                "The rules are rows of CSV files that you edit; the next refresh follows them. `make replay` shows "
                "what a change would have made of the past."
            )
        ],
        cards=[
            Card(_("Stages"), formatting.count(len(stages))),
            Card(_("KPIs"), formatting.count(len(kpis))),
            Card(_("Scoring rules"), formatting.count(len(scoring))),
            Card(_("Attribution models"), formatting.count(len(models))),
        ],
        rows=lambda: [
            _stages(stages),
            _criteria(criteria),
            _kpis(kpis),
            _scoring(scoring),
            _slas(slas),
            _models(models),
            _channels(channels),
            _settings(settings),
        ],
    )


def _plain(values: pd.Series) -> list[str]:
    return [formatting.plain(value) for value in values]


def _bold(values: pd.Series) -> list[str]:
    return [f"**{formatting.plain(value)}**" for value in values]


def _block(
    key: str, title: str, note: str, texts: pd.DataFrame, rows: pd.DataFrame, numbers: tuple[str, ...] = ()
) -> Block:
    if rows.empty:
        return Words(key, title, note, _("The playbook says nothing of it."))
    return Table(
        key,
        title,
        note,
        texts,
        rows=rows,
        alt=title,
        numbers=numbers,
        unbroken=(texts.columns[0],),
        wide=(texts.columns[-1],),
    )


def _stages(rows: pd.DataFrame) -> Block:
    texts = pd.DataFrame(
        {
            _("Stage"): _bold(rows["stage_label"]),
            _("Of"): [_(TRACKS[value]) if value in TRACKS else value for value in rows["track"]],
            _("Owned by"): _plain(rows["owner_team"]),
            _("Stuck after"): [formatting.days(value) for value in rows["stuck_after_days"]],
            _("What it means"): _plain(rows["definition"]),
        }
    )
    note = _("lifecycle_stages.csv · in their order, leads and deals")
    return _block("stages_card", _("Stages"), note, texts, rows, (_("Stuck after"),))


def _criteria(rows: pd.DataFrame) -> Block:
    texts = pd.DataFrame(
        {
            _("Stage role"): _bold(rows["stage_role"]),
            _("Segment"): [
                _("all") if formatting.is_missing(value) else formatting.plain(value) for value in rows["segment"]
            ],
            _("Activity"): _plain(rows["activity_type"]),
            _("Least fit"): [formatting.number(value, 0) for value in rows["least_fit"]],
            _("Least intent"): [formatting.number(value, 0) for value in rows["least_intent"]],
            _("Why"): _plain(rows["rationale"]),
        }
    )
    note = _("qualification_criteria.csv · any one of them is enough")
    return _block(
        "criteria_card", _("When a lead has reached a stage"), note, texts, rows, (_("Least fit"), _("Least intent"))
    )


def _kpis(rows: pd.DataFrame) -> Block:
    texts = pd.DataFrame(
        {
            _("KPI"): _bold(rows["kpi_label"]),
            _("Unit"): [_(UNITS[value]) if value in UNITS else value for value in rows["unit"]],
            _("Better is"): [_("higher") if value == "higher" else _("lower") for value in rows["direction"]],
            _("What it means"): _plain(rows["definition"]),
        }
    )
    return _block("kpis_card", _("KPIs"), _("kpis.csv · each is computed in one place"), texts, rows)


def _scoring(rows: pd.DataFrame) -> Block:
    texts = pd.DataFrame(
        {
            _("Rule"): _bold(rows["rule_id"]),
            _("For"): [_("fit") if value == "fit" else _("intent") for value in rows["dimension"]],
            _("Points"): [formatting.number(value, 0) for value in rows["points"]],
            _("Half after"): [formatting.days(value) for value in rows["half_life_days"]],
            _("Why"): _plain(rows["rationale"]),
        }
    )
    note = _("scoring_rules.csv and scoring_groups.csv · points of intent fade by their half-life")
    return _block("scoring_card", _("What gives points"), note, texts, rows, (_("Points"), _("Half after")))


def _slas(rows: pd.DataFrame) -> Block:
    texts = pd.DataFrame(
        {
            _("Clock"): _bold(rows["clock"]),
            _("Segment"): [
                _("all") if formatting.is_missing(value) else formatting.plain(value) for value in rows["segment"]
            ],
            _("Within"): [
                _("{hours} business hours", hours=formatting.number(row.target_hours, 0))
                if row.are_business_hours
                else _("{hours} hours", hours=formatting.number(row.target_hours, 0))
                for row in rows.itertuples()
            ],
            _("Why"): _plain(rows["rationale"]),
        }
    )
    return _block("slas_card", _("How soon a lead is to be answered"), _("sla_rules.csv"), texts, rows)


def _models(rows: pd.DataFrame) -> Block:
    texts = pd.DataFrame(
        {_("Model"): _bold(rows["attribution_model_label"]), _("What it means"): _plain(rows["definition"])}
    )
    note = _("attribution_models.csv and attribution_model_weights.csv")
    return _block("models_card", _("Attribution models"), note, texts, rows)


def _channels(rows: pd.DataFrame) -> Block:
    texts = pd.DataFrame(
        {
            _("Channel"): _bold(rows["channel_label"]),
            _("Group"): _plain(rows["channel_group"]),
            _("Paid"): [_("yes") if value else _("no") for value in rows["is_paid"]],
            _("Marketing"): [_("yes") if value else _("no") for value in rows["is_marketing"]],
        }
    )
    return _block(
        "channels_card", _("Channels"), _("channels.csv; channel_rules.csv says what falls into each"), texts, rows
    )


def _settings(rows: pd.DataFrame) -> Block:
    texts = pd.DataFrame(
        {
            _("Setting"): _bold(rows["setting"]),
            _("Value"): _plain(rows["value"]),
            _("What it means"): _plain(rows["description"]),
        }
    )
    return _block("settings_card", _("Settings"), _("settings.csv"), texts, rows)


if __name__ == "__main__":
    shell.show(content)
