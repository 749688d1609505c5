"""The ways that leads go, given how far they get: stages, owners, and what is changed about them on the way."""

import numpy as np
import pandas as pd

from ingestion.simulator import company, draw
from ingestion.simulator.clock import DAY, MINUTE, NEVER, History, days, in_office_hours, seconds
from ingestion.simulator.decisions import STEPS
from ingestion.simulator.stages import SHORTEST_STAY, draw_routes, walk


def stage_log(rng: np.random.Generator, people: pd.DataFrame, users: pd.DataFrame, fates: pd.DataFrame) -> pd.DataFrame:
    """One row per lead and stay in a stage, ever: lead, step, stage, changed_at, left_at, answered_at, reason.

    `answered_at` is a rep's first answer to a hand-over (a stay in `mql`), NaT where there is none.
    """
    routes = draw_routes(rng, fates["furthest"].to_numpy(), company.LEAD_ROUTES)
    slowness = people["segment"].map(company.SEGMENT_SLOWNESS).to_numpy()
    calendars = users["calendar"].to_numpy()[people["sdr"]]
    needed = (fates["decided_at"].to_numpy() - people["created_at"].to_numpy()) / DAY
    is_handed_over = np.array([route[:1] == ("mql",) for route in routes])
    not_before = np.where(is_handed_over, fates["answered_at"].to_numpy(), NEVER) + SHORTEST_STAY

    def stay_days(leg: tuple[str, str], travellers: np.ndarray) -> np.ndarray:
        drawn = draw.leg_days(rng, company.LEAD_LEGS[leg], len(travellers)) * slowness[travellers]
        if leg == ("lead", "disqualified"):
            return np.maximum(drawn, needed[travellers])
        return needed[travellers] if leg[0] == "lead" else drawn

    def settle(stage: str, travellers: np.ndarray, moments: np.ndarray) -> np.ndarray:
        if stage == "mql":
            # Marketing automation makes an MQL at any hour; every other change is a person's …
            return moments
        # … who has looked at the lead before.
        return in_office_hours(np.fmax(moments, not_before[travellers]), calendars[travellers], rng)

    visits = walk("lead", people["created_at"].to_numpy(), routes, company.LEAD_LEGS, stay_days, settle)
    visits = visits.rename(columns={"traveller": "lead"})
    visits["answered_at"] = _answered_at(rng, visits, fates, calendars)
    visits["reason"] = None
    for stage, reasons in (("recycled", company.RECYCLE_REASONS), ("disqualified", company.DISQUALIFY_REASONS)):
        returned = visits.index[visits["stage"] == stage]
        visits.loc[returned, "reason"] = draw.pick(rng, reasons, len(returned))
    return visits


def stage_visits(history: History, log: pd.DataFrame) -> pd.DataFrame:
    """The rows of `stage_log` as they are known at as-of."""
    visits = log[log["changed_at"] <= history.as_of].reset_index(drop=True)
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


def _answered_at(
    rng: np.random.Generator, visits: pd.DataFrame, fates: pd.DataFrame, calendars: np.ndarray
) -> pd.Series:
    """When a rep first answered each stay in `mql`; before the stay ends, as the answer is what ends it."""
    lead = visits["lead"].to_numpy()
    hours = fates["answer_hours"].to_numpy()[lead]
    is_first = (visits["stage"] == "mql") & (visits["step"] == 1)
    again = visits.index[(visits["stage"] == "mql") & ~is_first & np.isfinite(hours)]
    due_at = visits["changed_at"].to_numpy()[again] + days(hours[again] / 24)
    answered_again = in_office_hours(due_at, calendars[lead[again]], rng)
    latest = visits["left_at"].to_numpy()[again] - 5 * MINUTE
    answered_at = np.where(is_first, fates["answered_at"].to_numpy()[lead], NEVER)
    answered_at[again] = np.fmin(answered_again, latest)
    return pd.Series(answered_at, index=visits.index)
