"""How leads progress: outcomes drawn from the odds of company.py, then stages, owners and changes that follow."""

from itertools import pairwise

import numpy as np
import pandas as pd

from ingestion.simulator import company, draw
from ingestion.simulator.clock import MINUTE, NEVER, History, days, in_office_hours, seconds
from ingestion.simulator.stages import draw_routes, walk

STEPS = ("mql", "sql", "opportunity")


def log_odds(people: pd.DataFrame, step: str) -> np.ndarray:
    """Logarithm of the odds that these people take a step, against the average; see `company.Odds`."""
    result = people["intent"].to_numpy() * np.log(getattr(company.INTENT_ODDS, step))
    for column, odds_of in (
        ("channel", {name: entry.odds for name, entry in company.CHANNELS.items()}),
        ("persona", company.PERSONA_ODDS),
        ("segment", company.SEGMENT_ODDS),
    ):
        result = result + np.log(draw.attributes(people[column], odds_of, step))
    is_ideal = people["industry"].isin(company.IDEAL_INDUSTRIES).to_numpy()
    result = result + is_ideal * np.log(getattr(company.IDEAL_INDUSTRY_ODDS, step))
    result = result + people["has_consent"].to_numpy() * np.log(getattr(company.CONSENT_ODDS, step))
    for experiment in company.EXPERIMENTS:
        is_treated = (people[experiment.experiment_id] == "treatment").to_numpy()
        result = result + is_treated * np.log(getattr(experiment.odds, step))
    if step == "sql":
        result = result + _answer_log_odds(people["answer_hours"].to_numpy())
    return result


def outcomes(rng: np.random.Generator, people: pd.DataFrame) -> np.ndarray:
    """The furthest stage that each lead will reach in the end."""
    furthest = np.full(len(people), "lead", dtype=object)
    for before, step in pairwise(("lead", *STEPS)):
        candidates = np.flatnonzero(furthest == before)
        probability = draw.tilted(log_odds(people.iloc[candidates], step), getattr(company.CONVERSION_RATES, step))
        furthest[candidates[draw.chance(rng, probability, candidates.size)]] = step
    return furthest


def stage_visits(rng: np.random.Generator, history: History, people: pd.DataFrame, users: pd.DataFrame) -> pd.DataFrame:
    """One row per lead and stay in a stage, up to as-of: lead, step, stage, changed_at, left_at, answered_at, reason.

    `answered_at` is a rep's first answer to a hand-over (a stay in `mql`), NaT where there is none.
    """
    routes = draw_routes(rng, outcomes(rng, people), company.LEAD_ROUTES)
    slowness = people["segment"].map(company.SEGMENT_SLOWNESS).to_numpy()
    calendars = users["calendar"].to_numpy()[people["sdr"]]

    def settle(stage: str, travellers: np.ndarray, moments: np.ndarray) -> np.ndarray:
        # Marketing automation makes an MQL at any hour; every other change is a person's.
        return moments if stage == "mql" else in_office_hours(moments, calendars[travellers], rng)

    visits = walk(rng, "lead", people["created_at"].to_numpy(), routes, company.LEAD_LEGS, slowness, settle)
    visits = visits.rename(columns={"traveller": "lead"})
    visits["answered_at"] = _answered_at(rng, visits, people, calendars)
    visits["reason"] = None
    for stage, reasons in (("recycled", company.RECYCLE_REASONS), ("disqualified", company.DISQUALIFY_REASONS)):
        returned = visits.index[visits["stage"] == stage]
        visits.loc[returned, "reason"] = draw.pick(rng, reasons, len(returned))
    visits = visits[visits["changed_at"] <= history.as_of].reset_index(drop=True)
    for column in ("left_at", "answered_at"):
        visits[column] = visits[column].where(visits[column] <= history.as_of)
    return visits


def owner_changes(
    rng: np.random.Generator, history: History, people: pd.DataFrame, users: pd.DataFrame, visits: pd.DataFrame
) -> pd.DataFrame:
    """Lead, owner (user number) and changed_at: an SDR at the first stage of sales, an account executive at the deal.

    A few leads pass from one SDR to another in between.
    """
    to_sdr = visits[visits["stage"].isin(STEPS)].groupby("lead", as_index=False)["changed_at"].first()
    to_sdr["owner"] = people["sdr"].to_numpy()[to_sdr["lead"]]
    to_executive = visits.loc[visits["stage"] == "opportunity", ["lead", "changed_at"]]
    to_executive = to_executive.assign(owner=people["executive"].to_numpy()[to_executive["lead"]])
    handed_on = to_sdr[draw.chance(rng, company.OWNER_CHANGE_SHARE, len(to_sdr))]
    colleague = draw.pick_by(
        rng,
        people["market"].to_numpy()[handed_on["lead"]],
        {market: members.index for market, members in users[users["team"] == "SDR"].groupby("market")},
    )
    later = days(draw.leg_days(rng, company.OWNER_CHANGE_LEG, len(handed_on)))
    handed_on = handed_on.assign(owner=colleague, changed_at=handed_on["changed_at"] + later)
    handed_on = handed_on[~handed_on["lead"].isin(to_executive["lead"])]
    changes = pd.concat([to_sdr, handed_on, to_executive], ignore_index=True)
    changes["changed_at"] += seconds(rng.integers(20, 600, len(changes)))
    changes = changes[changes["changed_at"] <= history.as_of]
    changes = changes.sort_values(["lead", "changed_at"], kind="stable", ignore_index=True)
    return changes.astype({"owner": int})[changes["owner"] != changes.groupby("lead")["owner"].shift()]


def persona_changes(rng: np.random.Generator, history: History, people: pd.DataFrame) -> pd.DataFrame:
    """Entity `lead_attribute_changes`: people who were taken for somebody else at first, then corrected."""
    corrected = people[draw.chance(rng, company.ATTRIBUTE_CHANGE_SHARE, len(people))]
    corrected_at = corrected["created_at"] + days(draw.leg_days(rng, company.CORRECTION_LEG, len(corrected)))
    first = pd.DataFrame(
        {
            "lead_id": corrected["lead_id"],
            "attribute": "persona",
            "value": draw.pick_any(rng, company.PERSONA_ODDS, len(corrected)),
            "changed_at": corrected["created_at"],
        }
    )
    then = first.assign(value=corrected["persona"], changed_at=corrected_at)
    is_real = (first["value"] != then["value"]) & (corrected_at <= history.as_of)
    return pd.concat([first[is_real], then[is_real]]).sort_values(["lead_id", "changed_at"], ignore_index=True)


def growth_changes(
    rng: np.random.Generator, history: History, people: pd.DataFrame, accounts: pd.DataFrame
) -> pd.DataFrame:
    """Entity `account_attribute_changes`: companies that grew into their segment after we met them."""
    met_at = people.groupby("account")["created_at"].min()
    known = accounts.loc[met_at.index].assign(met_at=met_at)
    grown = known[(known["segment"] != "SMB") & draw.chance(rng, company.ATTRIBUTE_CHANGE_SHARE, len(known))]
    grown_at = grown["met_at"] + days(rng.uniform(20.0, 200.0, len(grown)))
    segments = list(company.SEGMENTS)
    smaller = grown["segment"].map(lambda segment: segments[segments.index(segment) - 1])
    before = grown["segment"].map(lambda segment: company.SEGMENTS[segment].employees[0] - 10)
    changes = [
        pd.DataFrame({"account_id": grown["account_id"], "attribute": attribute, "value": value, "changed_at": at})
        for attribute, value, at in (
            ("segment", smaller, grown["met_at"]),
            ("segment", grown["segment"], grown_at),
            ("employee_count", before.astype(str), grown["met_at"]),
            ("employee_count", grown["employee_count"].astype(str), grown_at),
        )
    ]
    is_over = grown_at <= history.as_of
    return pd.concat([change[is_over] for change in changes]).sort_values(
        ["account_id", "attribute", "changed_at"], ignore_index=True
    )


def experiment_rows(history: History) -> pd.DataFrame:
    """Entity `experiments`."""
    rows = []
    for experiment in company.EXPERIMENTS:
        is_running = experiment.months is None
        rows.append(
            {
                "experiment_id": experiment.experiment_id,
                "name": experiment.name,
                "hypothesis": experiment.hypothesis,
                "bottleneck_stage": experiment.bottleneck_stage,
                "started_at": history.month(experiment.first_month),
                "ended_at": NEVER if is_running else history.month(experiment.first_month + experiment.months),
                "primary_metric": experiment.primary_metric,
                "horizon_days": experiment.horizon_days,
                "minimum_effect": experiment.minimum_effect,
                "status": "running" if is_running else "finished",
                "learning": experiment.learning,
            }
        )
    return pd.DataFrame(rows)


def assignment_rows(people: pd.DataFrame) -> pd.DataFrame:
    """Entity `experiment_assignments`."""
    assignments = []
    for experiment in company.EXPERIMENTS:
        assigned = people[people[experiment.experiment_id].notna()]
        assignments.append(
            pd.DataFrame(
                {
                    "experiment_id": experiment.experiment_id,
                    "unit_type": "lead",
                    "unit_id": assigned["lead_id"],
                    "variant": assigned[experiment.experiment_id],
                    "assigned_at": assigned["created_at"],
                }
            )
        )
    return pd.concat(assignments, ignore_index=True)


def _answer_log_odds(answer_hours: np.ndarray) -> np.ndarray:
    is_answered = np.isfinite(answer_hours)
    doublings = np.log2(np.where(is_answered, answer_hours, 1.0) / company.ANSWER_HOURS_MEDIAN)
    return np.where(is_answered, doublings * np.log(company.ANSWER_DOUBLING_ODDS), np.log(company.UNANSWERED_ODDS))


def _answered_at(
    rng: np.random.Generator, visits: pd.DataFrame, people: pd.DataFrame, calendars: np.ndarray
) -> pd.Series:
    """When a rep first answered each stay in `mql`; before the stay ends, as the answer is what ends it."""
    hours = people["answer_hours"].to_numpy()[visits["lead"]]
    answered = visits.index[(visits["stage"] == "mql") & np.isfinite(hours)]
    due_at = visits["changed_at"].to_numpy()[answered] + days(hours[answered] / 24)
    answered_at = in_office_hours(due_at, calendars[visits["lead"].to_numpy()[answered]], rng)
    latest = visits["left_at"].to_numpy()[answered] - 5 * MINUTE
    return pd.Series(np.fmin(answered_at, latest), index=answered).reindex(visits.index)
