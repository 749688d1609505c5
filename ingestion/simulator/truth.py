"""What is true about the company, to grade models and the warehouse against; the warehouse never reads it.

Expectations are computed from the probabilities that were drawn for the people there are, not from what became of them:
they hold no luck. What each table holds, and how it was computed, stands in `DESCRIPTIONS`, which goes with the files.
"""

import dataclasses
import inspect
import json
from pathlib import Path

import numpy as np
import pandas as pd

from ingestion.simulator import company, decisions, draw, ideal
from ingestion.simulator.chronicle import Chronicle
from ingestion.simulator.clock import DAY
from ingestion.simulator.mess import Mess
from ingestion.simulator.systems import (
    HUBSPOT,
    SALESFORCE,
    SALESFORCE_PREFIXES,
    Setup,
    hubspot_id,
    marketo_id,
    salesforce_id,
)
from ingestion.simulator.world import World

DELAY_HOURS = (0.25, 1.0, 4.0, 8.0, 24.0, 48.0, 72.0, 168.0, np.inf)
QUANTILES = {"p25_days": 0.25, "median_days": 0.5, "p75_days": 0.75, "p90_days": 0.9}
VENDOR_IDS = ["salesforce_lead_id", "hubspot_contact_id", "marketo_lead_id"]
DESCRIPTIONS = {
    "touch_effects": """
        One row per channel and step (mql, sql, opportunity; each given the one before). `odds_per_touch` multiplies the
        odds of the step for each touch of that channel before the person made up their mind, the touch that made the
        lead aside; `log_odds_per_touch` is its logarithm, the coefficient of a correctly specified logistic model.""",
    "channel_increments": """
        One row per channel: what would be missing without it, in expectation over all people, ever. That is the leads
        that would never have come (`incremental_lead_share` of its leads) and, for everybody else, the probability that
        its touches added; the time until an answer is held as it is. `pipeline_amount` is the first deal's amount at
        its creation, `won_amount` that at its close, in EUR, without renewals and expansions. The increments of several
        channels overlap and do not add up.""",
    "totals": """
        One row: the same expectations for the company as it is.""",
    "answer_effect": """
        One row per delay from hand-over to first answer, in hours by the clock on the wall (infinite: never).
        `sql_rate` is the share of those handed over that is expected to become SQL if all were answered after just that
        delay, with nothing else changed; `odds_against_reference` compares with the reference in truth.json, where the
        odds per doubling stand too.""",
    "experiment_effects": """
        One row per experiment and step: the odds that the treatment multiplies, and the factor on the hours until the
        first answer.""",
    "people": """
        One row per person: traits, when they made up their mind, their touches until then per channel, the probability
        of each step given the one before, of ever having a deal and of ever winning it, and the amounts to be expected
        (EUR). For who opens no deal, the chance to win is averaged over the sizes of the segment's buying groups.""",
    "lead_chances": """
        One row per person and local day on which they are scored (that of creation, and the last of each month while
        they are open): the probability of a deal within 90 days for an observer who knows every law, and sees all that
        can be seen before `scored_until` and nothing else (`ideal_probability`), and for one who sees `intent` too. No
        score can rank better than the former but by luck. `is_opportunity` is what became of it, be that after the end
        of the story.""",
    "lead_records": """
        One row per record of a lead, second records among them: `person_lead_id` is the first one of the same person,
        `has_same_email` whether their addresses differ in no more than capitals. With the ids in the systems.""",
    "lead_stage_visits": """
        One row per record of a lead and stay in a stage, as the CRM's history has it at the end of the story; a stay
        that lasts longer has no `exited_at`.""",
    "opportunity_stage_visits": """
        One row per deal and stay in a stage, likewise; a change of the amount alone is no stay.""",
    "stage_durations": """
        One row per stay of a person or a deal in a stage that ends one day, be that after the end of the story: the
        whole distribution, uncensored, by segment and next stage.""",
    "stage_medians": """
        One row per track, stage and segment (`all`: all of them): how many stays begin, how many of them end, and
        quantiles of the days of those that do.""",
}


def tables(story: Chronicle, setup: Setup) -> dict[str, pd.DataFrame]:
    """The tables of `DESCRIPTIONS`, by name."""
    people = expectations(story.world)
    lead_records = _lead_records(story, setup)
    durations, begun = _stays(story.world)
    return {
        "touch_effects": touch_effects(),
        "channel_increments": channel_increments(story.world),
        "totals": _sums(people).to_frame().T,
        "answer_effect": answer_effect(story.world),
        "experiment_effects": _experiment_effects(),
        "people": _people(story.world, people).merge(lead_records[["lead_id", *VENDOR_IDS]], on="lead_id"),
        "lead_chances": lead_chances(story),
        "lead_records": lead_records,
        "lead_stage_visits": _visits(story.entities["lead_stage_changes"], "lead_id").merge(
            lead_records[["lead_id", *VENDOR_IDS]], on="lead_id"
        ),
        "opportunity_stage_visits": _deal_visits(story, setup),
        "stage_durations": durations,
        "stage_medians": _medians(durations, begun),
    }


def write(story: Chronicle, setup: Setup, mess: Mess, arguments: dict[str, object], folder: Path) -> None:
    """Write the tables as parquet, `truth.json` with the numbers behind them, and a README.md that explains each."""
    folder.mkdir(parents=True, exist_ok=True)
    written = tables(story, setup)
    for name, rows in written.items():
        rows.to_parquet(folder / f"{name}.parquet", index=False)
    (folder / "truth.json").write_text(json.dumps(_numbers(story, mess, arguments), indent=2) + "\n", encoding="utf-8")
    lines = [
        f"## {name}.parquet\n{inspect.cleandoc(DESCRIPTIONS[name])}\n\nColumns: {', '.join(rows)}.\n"
        for name, rows in written.items()
    ]
    head = "# The truth about a made-up company\nNever to be read by the warehouse. Times are UTC, naive.\n"
    head += "\n## truth.json\nThe arguments, and the numbers of `ingestion/simulator/company.py` that decide.\n"
    (folder / "README.md").write_text("\n".join([head, *lines]), encoding="utf-8")


# ---------------------------------------------------------------------------------------------------------------------
# Effects


def touch_effects() -> pd.DataFrame:
    """Table `touch_effects`."""
    rows = [
        (channel, step, getattr(odds, step))
        for channel, odds in company.TOUCH_EFFECTS.items()
        for step in decisions.STEPS
    ]
    effects = pd.DataFrame(rows, columns=["channel", "step", "odds_per_touch"])
    return effects.assign(log_odds_per_touch=np.log(effects["odds_per_touch"]))


def expectations(world: World, without_touches_of: str | None = None) -> pd.DataFrame:
    """What is to be expected of each person: `mql`, `sql`, `opportunity`, `won` (probabilities of ever getting there).

    And `pipeline_amount` and `won_amount` in EUR. `without_touches_of` a channel: had they not had these touches.
    """
    reached, chance = {}, np.ones(len(world.people))
    for step in decisions.STEPS:
        probability = world.progress.fates[step].to_numpy()
        if without_touches_of is not None:
            odds = getattr(company.TOUCH_EFFECTS[without_touches_of], step)
            touches = world.progress.touches[without_touches_of].to_numpy()
            probability = probability / (probability + (1 - probability) * odds**touches)
        chance = chance * probability
        reached[step] = chance
    reached["won"] = chance * chance_to_win(world)
    value = contract_values(world.people)
    return pd.DataFrame(
        reached
        | {
            "pipeline_amount": reached["opportunity"] * value,
            "won_amount": reached["won"] * value * amount_growth(),
        },
        index=world.people.index,
    )


def chance_to_win(world: World) -> np.ndarray:
    """The probability that each person's first deal is won: of the deal there is, else over the segment's groups."""
    first = world.deals.opportunities["opportunity_type"].ne("renewal") & world.deals.opportunities["lead"].notna()
    sizes = world.deals.contacts.groupby("opportunity").size()
    deals = world.deals.opportunities[first].drop_duplicates("lead").assign(size=sizes)
    log_odds = world.deals.won_baseline + decisions.log_odds(world.people, "won")
    chance = np.zeros(len(world.people))
    for segment in company.SEGMENTS:
        members = np.flatnonzero(world.people["segment"] == segment)
        groups = deals.loc[deals["segment"] == segment, "size"]
        shares = (groups if len(groups) else deals["size"]).value_counts(normalize=True)
        for size, share in shares.items():
            together = log_odds[members] + (size - 1) * np.log(company.CONTACT_ODDS)
            chance[members] += share * draw.probabilities(together)
    chance[deals["lead"]] = deals["won_probability"]
    return chance


def contract_values(people: pd.DataFrame) -> np.ndarray:
    """The expected amount, in EUR, of a deal that each person opens."""
    medians = {
        (product, segment): value
        for product, entry in company.PRODUCTS.items()
        for segment, value in entry.contract_value.items()
    }
    median = [medians[pair] for pair in zip(people["product"], people["segment"], strict=True)]
    return np.array(median) * np.exp(company.CONTRACT_VALUE_SPREAD**2 / 2)


def amount_growth() -> float:
    """The expected amount of a won deal at its close, as a share of that at its creation."""

    def mean(median: float, spread: float) -> float:
        return median * np.exp(spread**2 / 2)

    revised = 1 + company.AMOUNT_REVISION_SHARE * (mean(1.0, company.AMOUNT_REVISION_SPREAD) - 1)
    growth = 0.0
    for route, share in company.OPPORTUNITY_ROUTES["won"].items():
        factors = [mean(*company.AMOUNT_FACTORS[stage]) for stage in route]
        # Every stay but the last, and the first one before the route begins, may see a revision.
        growth += share * np.prod(factors) * revised ** len(route)
    return growth


def missing_without(world: World, channel: str, factual: pd.DataFrame) -> pd.DataFrame:
    """What of `expectations` would be missing of each person without a channel.

    Those whom it made known might never have come; all others would have lacked its touches.
    """
    is_own = (world.people["channel"] == channel).to_numpy()
    stays = np.where(is_own, 1 - company.INCREMENTAL_LEAD_SHARES[channel], 1.0)
    return factual - expectations(world, channel).mul(stays, axis=0)


def channel_increments(world: World) -> pd.DataFrame:
    """Table `channel_increments`."""
    factual = expectations(world)
    rows = []
    for channel, share in company.INCREMENTAL_LEAD_SHARES.items():
        lead_count = (world.people["channel"] == channel).sum()
        counts = {
            "channel": channel,
            "lead_count": lead_count,
            "touch_count": world.progress.touches[channel].sum(),
            "incremental_lead_share": share,
            "incremental_leads": lead_count * share,
        }
        missing = missing_without(world, channel, factual)
        rows.append(counts | _sums(missing).drop("leads").add_prefix("incremental_").to_dict())
    return pd.DataFrame(rows)


def answer_effect(world: World) -> pd.DataFrame:
    """Table `answer_effect`."""
    fates = world.progress.fates
    handed_over = fates[fates["furthest"] != "lead"]
    sql = handed_over["sql"].to_numpy()
    others = np.log(sql / (1 - sql)) - decisions.answer_log_odds(handed_over["answer_hours"].to_numpy())
    effects = [decisions.answer_log_odds(np.array([hours])) for hours in DELAY_HOURS]
    return pd.DataFrame(
        {
            "answer_hours": DELAY_HOURS,
            "odds_against_reference": [np.exp(effect[0]) for effect in effects],
            "sql_rate": [draw.probabilities(others + effect).mean() for effect in effects],
        }
    )


def lead_chances(story: Chronicle) -> pd.DataFrame:
    """Table `lead_chances`; see `ideal.table`."""
    activities = story.entities["activities"]
    person = activities["lead_id"].map(story.first_records).fillna(activities["lead_id"])
    return ideal.table(story.world, activities.assign(lead_id=person))


def _sums(expected: pd.DataFrame) -> pd.Series:
    names = {"mql": "mqls", "sql": "sqls", "opportunity": "opportunities", "won": "won_deals"}
    return pd.concat([pd.Series({"leads": float(len(expected))}), expected.sum().rename(names)])


def _experiment_effects() -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "experiment_id": experiment.experiment_id,
                "step": step,
                "odds": getattr(experiment.odds, step),
                "answer_hours_factor": experiment.answer_hours_factor,
            }
            for experiment in company.EXPERIMENTS
            for step in decisions.STEPS
        ]
    )


def _people(world: World, expected: pd.DataFrame) -> pd.DataFrame:
    fates = world.progress.fates
    traits = ["lead_id", "created_at", "channel", "market", "segment", "product", "persona", "industry", "intent"]
    given = fates[[*decisions.STEPS]].assign(won=chance_to_win(world)).add_suffix("_probability")
    return pd.concat(
        [
            world.people[[*traits, "has_consent"]],
            fates[["decided_at", "answered_at", "answer_hours", "furthest"]],
            given,
            expected[["opportunity", "won"]].add_prefix("ever_").add_suffix("_probability"),
            expected[["pipeline_amount", "won_amount"]].add_prefix("expected_"),
            world.progress.touches.add_prefix("touches_"),
        ],
        axis=1,
    )


# ---------------------------------------------------------------------------------------------------------------------
# Stages


def _lead_records(story: Chronicle, setup: Setup) -> pd.DataFrame:
    leads = story.entities["leads"]
    crm = setup.crm(leads["market"])
    ids = leads["lead_id"]
    names = [
        ids.where(crm == SALESFORCE).map(lambda own: salesforce_id(SALESFORCE_PREFIXES["L"], own), "ignore"),
        ids.where(crm == HUBSPOT).map(hubspot_id, "ignore"),
        ids.where(crm == SALESFORCE).map(lambda own: str(marketo_id(own)), "ignore"),
    ]
    gone = ["merged_at", "merged_into_lead_id", "deleted_at", "erased_at"]
    person = ids.map(story.first_records).fillna(ids)
    address = leads.set_index("lead_id")["email"].str.lower()
    return leads[["lead_id"]].assign(
        person_lead_id=person,
        has_same_email=address.to_numpy() == address.loc[person].to_numpy(),
        **dict(zip(VENDOR_IDS, names, strict=True)),
        **{column: leads[column] for column in gone},
    )


def _visits(changes: pd.DataFrame, key: str) -> pd.DataFrame:
    """One row per stay; changes that repeat the stage are none."""
    changes = changes.sort_values([key, "changed_at"], kind="stable")
    is_new = (changes[key] != changes[key].shift()) | (changes["stage"] != changes["stage"].shift())
    entered = changes.loc[is_new, [key, "stage", "changed_at"]].rename(columns={"changed_at": "entered_at"})
    of_one = entered.groupby(key)
    return entered.assign(
        visit_number=of_one.cumcount() + 1,
        exited_at=of_one["entered_at"].shift(-1),
        exited_to_stage=of_one["stage"].shift(-1),
    ).reset_index(drop=True)


def _deal_visits(story: Chronicle, setup: Setup) -> pd.DataFrame:
    deals = story.entities["opportunities"]
    crm = setup.crm(deals["market"])
    ids = deals["opportunity_id"]
    records = pd.DataFrame(
        {
            "opportunity_id": ids,
            "salesforce_opportunity_id": ids.where(crm == SALESFORCE).map(
                lambda own: salesforce_id(SALESFORCE_PREFIXES["O"], own), "ignore"
            ),
            "hubspot_deal_id": ids.where(crm == HUBSPOT).map(hubspot_id, "ignore"),
            "deleted_at": deals["deleted_at"],
        }
    )
    return _visits(story.entities["opportunity_stage_changes"], "opportunity_id").merge(records, on="opportunity_id")


def _stays(world: World) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The stays that end (`stage_durations`), and all that begin: track, segment, stage."""
    leads, deals = world.stage_log, world.deals.log
    stays = pd.concat(
        [
            leads.assign(
                track="lead",
                id=world.people["lead_id"].to_numpy()[leads["lead"]],
                segment=world.people["segment"].to_numpy()[leads["lead"]],
                exited_to_stage=leads.groupby("lead")["stage"].shift(-1),
            ),
            deals.assign(
                track="opportunity",
                id=draw.labels("O", deals["opportunity"].to_numpy() + 1, 5),
                segment=world.deals.opportunities["segment"].to_numpy()[deals["opportunity"]],
                exited_to_stage=deals.groupby("opportunity")["stage"].shift(-1),
            ),
        ],
        ignore_index=True,
    )
    columns = ["track", "id", "segment", "stage", "exited_to_stage"]
    stays = stays[columns].assign(
        entered_at=stays["changed_at"], duration_days=(stays["left_at"] - stays["changed_at"]) / DAY
    )
    return stays[stays["duration_days"].notna()].reset_index(drop=True), stays[["track", "segment", "stage"]]


def _medians(durations: pd.DataFrame, begun: pd.DataFrame) -> pd.DataFrame:
    keys = ["track", "stage", "segment"]

    def with_all(rows: pd.DataFrame) -> pd.core.groupby.DataFrameGroupBy:
        return pd.concat([rows, rows.assign(segment="all")]).groupby(keys)

    quantiles = with_all(durations)["duration_days"].quantile(list(QUANTILES.values())).unstack()
    quantiles = quantiles.set_axis(list(QUANTILES), axis=1)
    counts = pd.DataFrame({"begun_count": with_all(begun).size(), "ended_count": with_all(durations).size()})
    return counts.fillna({"ended_count": 0}).astype(int).join(quantiles).reset_index()


def _numbers(story: Chronicle, mess: Mess, arguments: dict[str, object]) -> dict[str, object]:
    return {
        "arguments": arguments,
        "history_start": story.start.isoformat(),
        "story_end": story.until.isoformat(),
        "baseline_log_odds": story.world.progress.baselines._asdict() | {"won": story.world.deals.won_baseline},
        "conversion_rates": company.CONVERSION_RATES._asdict(),
        "answer": {
            "reference_hours": company.ANSWER_HOURS_MEDIAN,
            "odds_per_doubling": company.ANSWER_DOUBLING_ODDS,
            "odds_if_never_answered": company.UNANSWERED_ODDS,
            "queue_slowdown_at_capacity": company.QUEUE_SLOWDOWN,
        },
        "odds": {
            "intent_per_standard_deviation": company.INTENT_ODDS._asdict(),
            "ideal_industry": company.IDEAL_INDUSTRY_ODDS._asdict(),
            "consent": company.CONSENT_ODDS._asdict(),
            "contact_beyond_the_first": company.CONTACT_ODDS,
            "persona": {name: odds._asdict() for name, odds in company.PERSONA_ODDS.items()},
            "segment": {name: odds._asdict() for name, odds in company.SEGMENT_ODDS.items()},
            "people_of_channel": {name: entry.odds._asdict() for name, entry in company.CHANNELS.items()},
        },
        "legs_in_days": {
            "lead": {" > ".join(leg): days._asdict() for leg, days in company.LEAD_LEGS.items()},
            "opportunity": {" > ".join(leg): days._asdict() for leg, days in company.OPPORTUNITY_LEGS.items()},
            "segment_slowness": company.SEGMENT_SLOWNESS,
        },
        "mess": dataclasses.asdict(mess),
    }
