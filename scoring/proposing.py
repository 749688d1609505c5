"""Which whole points the scoring rules would have if history chose them, and how much better they would have ranked."""

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.metrics import roc_auc_score

from scoring import fitting
from scoring.learning import LEAST_COUNT_OF_PARTS, MOST_ROWS

# How much of the history the back-test learns from; the rest judges.
SHARE_LEARNED_FROM = 2 / 3
COLUMNS = {
    "score_version": "int64",
    "rule_id": "object",
    "points": "float64",
    "proposed_points": "Int64",
    "log_odds": "float64",
    "lead_count": "int64",
    "reached_count": "int64",
    "backtest_auc": "float64",
    "proposed_backtest_auc": "float64",
    "backtest_lead_count": "int64",
    "refusal": "object",
}


def propose(
    snapshots: pd.DataFrame, units: pd.DataFrame, rules: pd.DataFrame, today: pd.Timestamp, least_count: int
) -> pd.DataFrame:
    """One row per rule that gives points today, with the points that history proposes; nothing is changed by it.

    snapshots: lead_id, scored_date, is_today, is_opportunity (null while unknown), opportunity_learned_from,
    account_fold, sample_key. units: lead_id, scored_date, rule_id, units (how often the rule had fired by then, faded
    and capped; 1 for an attribute that it asks for). rules: scoring_rules of one version.

    The proposal is a logistic regression on the units, rounded to whole points on the scale of the present ones: the
    scores of all leads keep their spread, and so thresholds their meaning (a scorecard: Siddiqi, Credit Risk
    Scorecards, 2006). The back-test learns from the earlier two thirds what was known by then, from other accounts than
    it judges. Where history is too thin, `refusal` says so and nothing is proposed.
    """
    rules = _in_force(rules, today)
    known = snapshots[~snapshots["is_today"] & snapshots["is_opportunity"].notna()]
    known = known.sort_values("sample_key").head(MOST_ROWS).sort_values(["lead_id", "scored_date"], ignore_index=True)
    reached = known["is_opportunity"].astype(int).to_numpy()
    design = _design(known, units, rules["rule_id"])
    fires = (design != 0).astype(int)
    table = rules[["score_version", "rule_id", "points"]].assign(
        lead_count=_leads_per_rule(known["lead_id"], fires),
        reached_count=_leads_per_rule(known["lead_id"], fires, reached == 1),
    )
    reason = _refusal(known, reached, least_count)
    if reason is None:
        fit = fitting.fit_by_account(design, reached, known["account_fold"].to_numpy())[fitting.ALL_ACCOUNTS]
        points = rules["points"].to_numpy()
        proposed = whole_points(design, fit.weights, points)
        table = table.assign(proposed_points=proposed, log_odds=fit.weights.round(6))
        table = table.assign(**_back_test(known, reached, design, points))
    return (
        table.assign(refusal=reason).reindex(columns=list(COLUMNS)).fillna({"backtest_lead_count": 0}).astype(COLUMNS)
    )


def whole_points(design: sparse.csr_matrix, weights: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The weights of units as whole points under which all scores are spread as they are under the present points."""
    spread = np.std(design @ weights)
    scale = np.std(design @ points) / spread if spread > 0 else 0.0
    return np.round(scale * weights).astype(int)


def _in_force(rules: pd.DataFrame, today: pd.Timestamp) -> pd.DataFrame:
    today = pd.Timestamp(today)
    begun = rules["valid_from"].isna() | (pd.to_datetime(rules["valid_from"]) <= today)
    ended = rules["valid_to"].notna() & (pd.to_datetime(rules["valid_to"]) <= today)
    return rules[begun & ~ended & (rules["points"] != 0)].sort_values("rule_id", ignore_index=True)


def _design(known: pd.DataFrame, units: pd.DataFrame, rule_ids: pd.Series) -> sparse.csr_matrix:
    """One row per snapshot, one column per rule: its units then."""
    numbered = known[["lead_id", "scored_date"]].assign(row=np.arange(len(known)))
    found = units[units["rule_id"].isin(rule_ids)].merge(numbered, on=["lead_id", "scored_date"])
    columns = pd.Index(rule_ids).get_indexer(found["rule_id"])
    return sparse.csr_matrix((found["units"].to_numpy(), (found["row"], columns)), shape=(len(known), len(rule_ids)))


def _leads_per_rule(leads: pd.Series, fires: sparse.csr_matrix, only: np.ndarray | None = None) -> list[int]:
    """How many leads each rule has fired for, in the rows of `only` if given."""
    columns = fires.tocsc()
    counts = []
    for number in range(columns.shape[1]):
        rows = columns.indices[columns.indptr[number] : columns.indptr[number + 1]]
        counts.append(leads.iloc[rows if only is None else rows[only[rows]]].nunique())
    return counts


def _refusal(known: pd.DataFrame, reached: np.ndarray, least_count: int) -> str | None:
    with_it = known.loc[reached == 1, "lead_id"].nunique()
    without = known["lead_id"].nunique() - with_it
    if min(with_it, without) < least_count:
        return f"{with_it} leads had an opportunity in time and {without} had not; it takes {least_count} of both."
    if not fitting.has_both(reached, known["account_fold"].to_numpy(), LEAST_COUNT_OF_PARTS):
        return "Those with an opportunity belong to too few companies to learn from some about others."
    return None


def _back_test(
    known: pd.DataFrame, reached: np.ndarray, design: sparse.csr_matrix, points: np.ndarray
) -> dict[str, float]:
    """AUC of the present and the proposed points on later leads of other accounts; NaN where history is too short."""
    folds = known["account_fold"].to_numpy()
    learned_from = pd.to_datetime(known["opportunity_learned_from"])
    begins = learned_from.sort_values().iloc[int(len(learned_from) * SHARE_LEARNED_FROM)]
    earlier = (learned_from <= begins).to_numpy()
    later = (pd.to_datetime(known["scored_date"]) >= begins).to_numpy()
    is_short = len(set(reached[later])) < 2 or not fitting.has_both(
        reached[earlier], folds[earlier], LEAST_COUNT_OF_PARTS
    )
    if is_short:
        return {"backtest_auc": np.nan, "proposed_backtest_auc": np.nan, "backtest_lead_count": 0}
    fits = fitting.fit_by_account(design[earlier], reached[earlier], folds[earlier])
    proposed = np.zeros(len(known))
    for fold in fitting.FOLDS:
        rows = later & (folds == fold)
        proposed[rows] = design[rows] @ whole_points(design[earlier], fits[fold].weights, points)
    return {
        "backtest_auc": roc_auc_score(reached[later], (design @ points)[later]),
        "proposed_backtest_auc": roc_auc_score(reached[later], proposed[later]),
        "backtest_lead_count": known.loc[later, "lead_id"].nunique(),
    }
