"""Which fits there are, what each may learn from, and the weights that they give, as rows."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from scoring import fitting
from scoring.levels import MISSING, find_levels

INTERCEPT = "(intercept)"
# More rows make a fit slower, and no better.
MOST_ROWS = 40_000
# What remains of either outcome without two folds of accounts.
LEAST_COUNT_OF_PARTS = 5
# Weights are sums in SQL, where they are added as decimals so that their order does not matter.
DECIMALS = 6
COLUMNS = {
    "outcome": "object",
    "fitted_on": "datetime64[us]",
    "account_fold": "int64",
    "feature": "object",
    "level": "object",
    "from_value": "float64",
    "to_value": "float64",
    "weight": "float64",
    "row_count": "Int64",
    "positive_count": "Int64",
    "refusal": "object",
}


@dataclass(frozen=True)
class Outcome:
    """What is predicted: `name` as in the columns is_<name> and <name>_learned_from of snapshots, and in words."""

    name: str
    words: str
    horizon_days: int


def learn(
    snapshots: pd.DataFrame,
    features_of: Callable[[pd.DataFrame], pd.DataFrame],
    outcomes: list[Outcome],
    least_count: int,
) -> pd.DataFrame:
    """The weights of all fits: of each outcome at each quarter's begin, over all accounts and without each fold's.

    snapshots: lead_id, scored_date, is_today, account_fold, sample_key and, per outcome, is_<name> (null while unknown)
    and <name>_learned_from (the quarter from which on it may be learned). features_of: given lead_id and scored_date of
    some snapshots, their rows of (lead_id, scored_date, feature, text_value, number_value). A fit takes at most the
    `MOST_ROWS` with the smallest sample_key; it is refused where fewer than `least_count` leads reached the outcome, or
    did not. Rows: see `COLUMNS`; the log odds of a snapshot are the intercept's weight and those of its levels.
    """
    quarters = quarters_of(snapshots)
    rows = []
    for outcome in outcomes:
        for quarter in quarters:
            known = snapshots[
                ~snapshots["is_today"]
                & snapshots[f"is_{outcome.name}"].notna()
                & (snapshots[f"{outcome.name}_learned_from"] <= quarter)
            ]
            sample = known.sort_values("sample_key").head(MOST_ROWS)
            sample = sample.sort_values(["lead_id", "scored_date"], ignore_index=True)
            reached = sample[f"is_{outcome.name}"].astype(int).to_numpy()
            folds = sample["account_fold"].to_numpy()
            reason = refusal(sample["lead_id"], reached, folds, outcome, quarter, least_count)
            if reason:
                fits = [pd.DataFrame({"account_fold": [fitting.ALL_ACCOUNTS, *fitting.FOLDS], "refusal": reason})]
            else:
                fits = _fits(sample, reached, features_of(sample[["lead_id", "scored_date"]]))
            rows += [fit.assign(outcome=outcome.name, fitted_on=pd.Timestamp(quarter)) for fit in fits]
    weights = pd.concat(rows).reindex(columns=list(COLUMNS)).astype(COLUMNS).reset_index(drop=True)
    return weights.assign(fitted_on=weights["fitted_on"].dt.date)


def quarters_of(snapshots: pd.DataFrame) -> list[pd.Timestamp]:
    """First days of the quarters after the first score's up to the last score's, which is there in any case."""
    first, last = (pd.Timestamp(day).to_period("Q") for day in snapshots["scored_date"].agg(["min", "max"]))
    return [quarter.to_timestamp() for quarter in pd.period_range(min(first + 1, last), last, freq="Q")]


def refusal(
    leads: pd.Series, reached: np.ndarray, folds: np.ndarray, outcome: Outcome, quarter: pd.Timestamp, least_count: int
) -> str | None:
    """Why nothing can be learned from these rows, in words for whoever misses the score; None where it can."""
    day = f"{quarter:%Y-%m-%d}"
    if not len(leads):
        return (
            f"On {day} there was less history than the {outcome.horizon_days} days within which {outcome.words} counts."
        )
    with_it = leads[reached == 1].nunique()
    without = leads.nunique() - with_it
    scored = f"Of the leads known {outcome.horizon_days} days before {day}"
    if with_it < least_count:
        return f"{scored}, {with_it} had {outcome.words} within that time; it takes {least_count} to learn from."
    if without < least_count:
        return f"{scored}, {without} had not {outcome.words} within that time; it takes {least_count} to learn from."
    if not fitting.has_both(reached, folds, LEAST_COUNT_OF_PARTS):
        return f"{scored}, those with {outcome.words} belong to too few companies to learn from some about others."
    return None


def _fits(sample: pd.DataFrame, reached: np.ndarray, features: pd.DataFrame) -> list[pd.DataFrame]:
    """The weights of the five fits, a row per level, with how many rows and successes each level had in that fit."""
    numbered = sample[["lead_id", "scored_date"]].assign(row=np.arange(len(sample)))
    features = features.merge(numbered, on=["lead_id", "scored_date"], validate="many_to_one")
    features = features.sort_values(["row", "feature"], ignore_index=True)
    levels = find_levels(features)
    in_level = levels.design(features, len(sample))
    steps = levels.steps()
    folds = sample["account_fold"].to_numpy()
    # A feature has one value at most, so a row is in one of its levels or in none.
    of_feature = pd.get_dummies(levels.table["feature"], dtype=float)
    is_missing = 1 - in_level @ of_feature.to_numpy()
    tables = []
    for fold, fit in fitting.fit_by_account((in_level @ steps).tocsr(), reached, folds).items():
        seen = folds != fold
        rows, successes = in_level[seen], reached[seen]
        table = levels.table.assign(
            weight=steps @ fit.weights,
            row_count=np.asarray(rows.sum(axis=0)).ravel().astype(int),
            positive_count=np.asarray(rows.T @ successes).ravel().astype(int),
        )
        missing = pd.DataFrame(
            {
                "feature": of_feature.columns,
                "level": MISSING,
                "weight": 0.0,
                "row_count": is_missing[seen].sum(axis=0).astype(int),
                "positive_count": (successes @ is_missing[seen]).astype(int),
            }
        )
        intercept = {
            "feature": INTERCEPT,
            "weight": fit.intercept,
            "row_count": len(successes),
            "positive_count": int(successes.sum()),
        }
        table = pd.concat([pd.DataFrame([intercept]), missing, table], ignore_index=True)
        tables.append(table.assign(account_fold=fold, weight=table["weight"].round(DECIMALS), refusal=None))
    return tables
