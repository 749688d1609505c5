"""Fits that are calibrated on accounts they have not seen."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from scoring.fitting import ALL_ACCOUNTS, FOLDS, calibration, fit_by_account


def made_up(seed: int = 0, rows: int = 3000, strength: float = 1.0):
    """A design of 12 columns, what was reached, and folds."""
    draw = np.random.default_rng(seed)
    design = (draw.random((rows, 12)) < 0.3).astype(float)
    log_odds = -1.0 + strength * design @ np.linspace(-1.5, 1.5, 12)
    reached = (draw.random(rows) < 1 / (1 + np.exp(-log_odds))).astype(int)
    return sparse.csr_matrix(design), reached, draw.integers(0, 4, rows)


def probability(fit, design) -> np.ndarray:
    return 1 / (1 + np.exp(-(design @ fit.weights + fit.intercept)))


@pytest.mark.parametrize("fold", FOLDS)
def test_what_a_fold_holds_does_not_reach_the_fit_without_it(fold):
    design, reached, folds = made_up()
    changed = np.where(folds == fold, 1 - reached, reached)
    fits, others = (fit_by_account(design, labels, folds) for labels in (reached, changed))
    assert fits[fold].intercept == others[fold].intercept
    assert np.array_equal(fits[fold].weights, others[fold].weights)
    assert not np.array_equal(fits[ALL_ACCOUNTS].weights, others[ALL_ACCOUNTS].weights)


def test_chances_of_accounts_not_seen_are_as_good_as_those_of_plain_regression():
    design, reached, folds = made_up()
    fits = fit_by_account(design, reached, folds)
    ours, plain = np.empty(len(reached)), np.empty(len(reached))
    for fold in FOLDS:
        rows = folds == fold
        ours[rows] = probability(fits[fold], design[rows])
        model = LogisticRegression(C=np.inf, max_iter=1000).fit(design[~rows], reached[~rows])
        plain[rows] = model.predict_proba(design[rows])[:, 1]
    assert log_loss(reached, ours) == pytest.approx(log_loss(reached, plain), rel=0.005)


def test_chances_are_as_high_as_what_comes():
    design, reached, folds = made_up(rows=8000)
    fits = fit_by_account(design, reached, folds)
    chances = np.empty(len(reached))
    for fold in FOLDS:
        chances[folds == fold] = probability(fits[fold], design[folds == fold])
    for part in np.array_split(np.argsort(chances), 5):
        assert chances[part].mean() == pytest.approx(reached[part].mean(), abs=0.035)


def test_where_nothing_can_be_learned_everybody_has_about_the_chance_of_all():
    design, reached, folds = made_up(strength=0.0)
    chances = probability(fit_by_account(design, reached, folds)[ALL_ACCOUNTS], design)
    assert chances == pytest.approx(reached.mean(), abs=0.05)


def test_calibration_finds_the_shift_and_slope_of_plain_regression():
    draw = np.random.default_rng(1)
    log_odds = draw.normal(size=4000)
    reached = (draw.random(4000) < 1 / (1 + np.exp(-(0.5 + 2.0 * log_odds)))).astype(int)
    model = LogisticRegression(C=np.inf, tol=1e-10).fit(log_odds[:, None], reached)
    assert calibration(log_odds, reached) == pytest.approx((model.intercept_[0], model.coef_[0, 0]), abs=1e-4)


def test_log_odds_that_say_the_opposite_of_what_comes_are_not_believed():
    log_odds = np.linspace(-3, 3, 1000)
    reached = (log_odds < 1).astype(int)
    shift, slope = calibration(log_odds, reached)
    assert slope == 0
    assert 1 / (1 + np.exp(-shift)) == pytest.approx(reached.mean())


def test_calibration_ends_where_log_odds_tell_all():
    log_odds = np.linspace(-3, 3, 1000)
    shift, slope = calibration(log_odds, (log_odds > 0).astype(int))
    assert np.isfinite([shift, slope]).all()
