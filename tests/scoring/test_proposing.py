"""History proposes whole points that rank as the truth does, keeps the scale, and says so where it is too thin."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.metrics import roc_auc_score

from scoring import proposing

TODAY = pd.Timestamp("2026-07-01")
RULES = pd.DataFrame(
    {
        "score_version": 1,
        "rule_id": ["asks", "reads", "boss", "worthless", "ended"],
        "points": [5.0, 30.0, 10.0, 0.0, 40.0],
        "valid_from": pd.NaT,
        "valid_to": [pd.NaT, pd.NaT, pd.NaT, pd.NaT, pd.Timestamp("2026-07-01")],
    }
)
# What each rule truly adds to the log odds: asking tells most, reading nothing, against what the points say.
TRUTH = {"asks": 2.0, "reads": 0.0, "boss": 1.0}


@pytest.fixture(scope="module")
def history() -> tuple[pd.DataFrame, pd.DataFrame]:
    """8,000 leads scored once each over two years, and how often each rule had fired for them."""
    draw = np.random.default_rng(3)
    count = 8_000
    units = {"asks": draw.random(count) < 0.2, "reads": draw.poisson(1.0, count), "boss": draw.random(count) < 0.4}
    log_odds = -2.5 + sum(TRUTH[rule] * fired for rule, fired in units.items())
    scored = pd.Timestamp("2024-01-01") + pd.to_timedelta(draw.integers(0, 720, count), unit="D")
    snapshots = pd.DataFrame(
        {
            "lead_id": [f"l{number}" for number in range(count)],
            "scored_date": scored,
            "is_today": False,
            "is_opportunity": pd.array(draw.random(count) < 1 / (1 + np.exp(-log_odds)), dtype="boolean"),
            "opportunity_learned_from": (scored + pd.Timedelta(days=90)).to_period("Q").end_time.normalize(),
            "account_fold": draw.integers(0, 4, count),
            "sample_key": [f"{number:08}" for number in draw.permutation(count)],
        }
    )
    long = pd.concat(
        snapshots[["lead_id", "scored_date"]].assign(rule_id=rule, units=np.asarray(fired, dtype=float))
        for rule, fired in units.items()
    )
    return snapshots, long[long["units"] > 0]


def test_the_proposed_points_follow_the_truth_on_the_scale_of_the_present_ones(history):
    snapshots, units = history
    proposed = proposing.propose(snapshots, units, RULES, TODAY, 50).set_index("rule_id")
    assert list(proposed.index) == ["asks", "boss", "reads"]
    assert proposed["refusal"].isna().all()
    for rule, log_odds in TRUTH.items():
        assert proposed.loc[rule, "log_odds"] == pytest.approx(log_odds, abs=0.25)
    assert proposed.loc["asks", "proposed_points"] > proposed.loc["boss", "proposed_points"] > 0
    assert abs(proposed.loc["reads", "proposed_points"]) <= 3
    wide = units.pivot(index="lead_id", columns="rule_id", values="units").fillna(0.0)
    before = wide[["asks", "boss", "reads"]] @ [5.0, 10.0, 30.0]
    after = wide[["asks", "boss", "reads"]] @ proposed["proposed_points"].astype(float).to_numpy()
    assert np.std(after) == pytest.approx(np.std(before), rel=0.1)


def test_counts_are_of_leads_for_whom_a_rule_had_fired(history):
    snapshots, units = history
    proposed = proposing.propose(snapshots, units, RULES, TODAY, 50).set_index("rule_id")
    reached = set(snapshots.loc[snapshots["is_opportunity"].astype(bool), "lead_id"])
    for rule in TRUTH:
        leads = set(units.loc[units["rule_id"] == rule, "lead_id"])
        assert proposed.loc[rule, "lead_count"] == len(leads)
        assert proposed.loc[rule, "reached_count"] == len(leads & reached)


def test_the_back_test_is_better_where_the_points_were_wrong_and_knows_nothing_of_what_it_judges(history):
    snapshots, units = history
    proposed = proposing.propose(snapshots, units, RULES, TODAY, 50)
    [now], [then] = proposed["backtest_auc"].unique(), proposed["proposed_backtest_auc"].unique()
    assert then > now + 0.1
    # Outcomes of the last months turned round: points learned before them must now rank them the wrong way.
    begins = snapshots["opportunity_learned_from"].sort_values().iloc[int(len(snapshots) * 2 / 3)]
    late = snapshots["scored_date"] >= begins
    assert late.sum() > 500
    turned = snapshots.assign(is_opportunity=snapshots["is_opportunity"] ^ late.to_numpy())
    [turned_then] = proposing.propose(turned, units, RULES, TODAY, 50)["proposed_backtest_auc"].unique()
    assert turned_then == pytest.approx(1 - then, abs=1e-9)


def test_the_present_points_are_judged_as_scikit_learn_judges_them(history):
    snapshots, units = history
    proposed = proposing.propose(snapshots, units, RULES, TODAY, 50)
    begins = snapshots["opportunity_learned_from"].sort_values().iloc[int(len(snapshots) * 2 / 3)]
    late = snapshots[snapshots["scored_date"] >= begins].set_index("lead_id")
    points = units["rule_id"].map(RULES.set_index("rule_id")["points"]) * units["units"]
    scores = points.groupby(units["lead_id"]).sum().reindex(late.index).fillna(0.0)
    assert proposed["backtest_auc"].iloc[0] == pytest.approx(roc_auc_score(late["is_opportunity"].astype(int), scores))
    assert proposed["backtest_lead_count"].iloc[0] == len(late)


def test_too_little_history_proposes_nothing_and_says_why(history):
    snapshots, units = history
    few = snapshots.head(100)
    proposed = proposing.propose(few, units, RULES, TODAY, 50)
    with_it = int(few["is_opportunity"].sum())
    assert set(proposed["refusal"]) == {
        f"{with_it} leads had an opportunity in time and {100 - with_it} had not; it takes 50 of both."
    }
    assert proposed["proposed_points"].isna().all()
    nothing = proposing.propose(snapshots.head(0), units.head(0), RULES, TODAY, 50)
    assert len(nothing) == 3
    assert nothing["refusal"].str.startswith("0 leads").all()


def test_rules_that_tell_nothing_get_no_points():
    design = sparse.csr_matrix(np.eye(3))
    assert list(proposing.whole_points(design, np.zeros(3), np.array([1.0, 2.0, 3.0]))) == [0, 0, 0]
