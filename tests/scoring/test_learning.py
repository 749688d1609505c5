"""The weights that are learned, as rows."""

import numpy as np
import pandas as pd
import pytest
from learned_rows import HORIZONS, features_of, made_up

from scoring import learning
from scoring.learning import INTERCEPT, Outcome, learn, quarters_of
from scoring.levels import MISSING, OTHER

OUTCOMES = [Outcome("opportunity", "an opportunity", HORIZONS["opportunity"])]
KEY = ["outcome", "fitted_on", "account_fold", "feature", "level", "from_value"]


def learned(snapshots: pd.DataFrame, features: pd.DataFrame, least_count: int = 50) -> pd.DataFrame:
    return learn(snapshots, features_of(features), OUTCOMES, least_count)


@pytest.fixture(scope="module")
def weights() -> pd.DataFrame:
    return learned(*made_up())


def latest(weights: pd.DataFrame) -> pd.DataFrame:
    """The last fit over all accounts."""
    return weights[(weights["account_fold"] == -1) & (weights["fitted_on"] == weights["fitted_on"].max())]


def test_weights_are_near_what_was_put_in():
    weights = latest(learned(*made_up(lead_count=12_000)))
    colour = weights[weights["feature"] == "colour"].set_index("level")["weight"]
    assert colour["red"] - colour["green"] == pytest.approx(1.0, abs=0.2)
    assert colour["blue"] - colour["green"] == pytest.approx(-1.0, abs=0.2)
    bins = weights[(weights["feature"] == "visits") & weights["level"].isna()].set_index("to_value")["weight"]
    assert bins[4.0] - bins[2.0] == pytest.approx(0.8, abs=0.2)


def test_rows_in_another_order_give_the_same_weights(weights):
    snapshots, features = made_up()
    shuffled = learned(snapshots.sample(frac=1, random_state=1), features.sample(frac=1, random_state=2))
    pd.testing.assert_frame_equal(weights, shuffled)


def test_what_is_known_only_later_changes_no_earlier_fit(weights):
    snapshots, features = made_up()
    quarter = pd.Timestamp("2025-07-01")
    is_later = snapshots["opportunity_learned_from"] > quarter
    snapshots["is_opportunity"] = snapshots["is_opportunity"].mask(is_later, ~snapshots["is_opportunity"])
    later_keys = snapshots.loc[is_later, ["lead_id", "scored_date"]].assign(is_later=True)
    is_later_feature = features.merge(later_keys, how="left")["is_later"].notna().to_numpy()
    features.loc[is_later_feature & (features["feature"] == "visits"), "number_value"] *= 7
    changed = learned(snapshots, features)
    until = quarter.date()
    pd.testing.assert_frame_equal(weights[weights["fitted_on"] <= until], changed[changed["fitted_on"] <= until])
    assert not latest(weights)["weight"].equals(latest(changed)["weight"])


def test_today_teaches_nothing(weights):
    snapshots, features = made_up()
    today = snapshots.iloc[:200].assign(is_today=True, scored_date=pd.Timestamp("2025-12-20"))
    pd.testing.assert_frame_equal(weights, learned(pd.concat([snapshots, today]), features))


def test_every_fit_counts_its_own_rows(weights):
    fit = latest(weights)
    [whole] = fit[fit["feature"] == INTERCEPT].to_dict("records")
    for _, levels in fit[fit["feature"] != INTERCEPT].groupby("feature"):
        assert levels["row_count"].sum() == whole["row_count"]
        assert levels["positive_count"].sum() == whole["positive_count"]
    folds = weights[(weights["feature"] == INTERCEPT) & (weights["fitted_on"] == fit["fitted_on"].iloc[0])]
    assert folds.loc[folds["account_fold"] >= 0, "row_count"].sum() == 3 * whole["row_count"]


def test_every_feature_has_a_weight_for_what_is_missing_and_for_all_others(weights):
    fit = latest(weights)
    for feature in ("colour", "visits"):
        assert {MISSING, OTHER} <= set(fit.loc[fit["feature"] == feature, "level"])
    assert (fit.loc[fit["level"] == MISSING, "weight"] == 0).all()
    assert not weights.duplicated(KEY).any()


def test_a_fit_takes_the_rows_with_the_smallest_keys(monkeypatch):
    monkeypatch.setattr(learning, "MOST_ROWS", 900)
    snapshots, features = made_up()
    fit = latest(learned(snapshots, features))
    assert fit.loc[fit["feature"] == INTERCEPT, "row_count"].tolist() == [900]
    known = snapshots[snapshots["opportunity_learned_from"] <= pd.Timestamp(fit["fitted_on"].iloc[0])]
    reached = known.nsmallest(900, "sample_key")["is_opportunity"].sum()
    assert fit.loc[fit["feature"] == INTERCEPT, "positive_count"].tolist() == [reached]


def test_too_little_history_is_said(weights):
    first = weights[weights["fitted_on"] == weights["fitted_on"].min()]
    assert (
        first["refusal"].tolist()
        == ["On 2025-04-01 there was less history than the 90 days within which an opportunity counts."] * 5
    )
    assert first["account_fold"].tolist() == [-1, 0, 1, 2, 3]
    assert first[["feature", "weight"]].isna().all(axis=None)


@pytest.mark.parametrize(("reached", "said"), [(True, "had not an opportunity"), (False, "0 had an opportunity")])
def test_too_few_of_either_outcome_is_said(reached, said):
    snapshots, features = made_up(lead_count=200)
    snapshots["is_opportunity"] = reached
    refusals = learned(snapshots, features)["refusal"]
    assert refusals.notna().all()
    assert said in refusals.iloc[-1]
    assert refusals.iloc[-1].endswith("it takes 50 to learn from.")


def test_accounts_that_are_too_few_are_said():
    snapshots, features = made_up(lead_count=400)
    snapshots["is_opportunity"] = snapshots["is_opportunity"] & (snapshots["account_fold"] == 0)
    assert "too few companies" in learned(snapshots, features, least_count=10)["refusal"].iloc[-1]


def test_leads_count_once_however_often_they_were_scored():
    snapshots, features = made_up(lead_count=200)
    snapshots["is_opportunity"] = snapshots["lead_id"] < "L00040"
    assert ", 40 had an opportunity" in learned(snapshots, features)["refusal"].iloc[-1]


@pytest.mark.parametrize(
    ("first", "last", "quarters"),
    [
        ("2025-01-06", "2025-12-31", ["2025-04-01", "2025-07-01", "2025-10-01"]),
        ("2025-01-06", "2026-01-01", ["2025-04-01", "2025-07-01", "2025-10-01", "2026-01-01"]),
        ("2025-02-01", "2025-02-28", ["2025-01-01"]),
    ],
)
def test_there_is_a_fit_at_each_quarter_after_the_first_score_and_at_least_one(first, last, quarters):
    snapshots = pd.DataFrame({"scored_date": pd.to_datetime([first, last])})
    assert quarters_of(snapshots) == [pd.Timestamp(quarter) for quarter in quarters]


def test_weights_are_learned_only_from_numbers_and_texts_that_are_there():
    snapshots, features = made_up(lead_count=600)
    weights = latest(learned(snapshots, features))
    assert np.isfinite(weights["weight"]).all()
    assert weights["to_value"].notna().any()
