"""Logistic regression that is drawn towards "no difference", and is calibrated on accounts it has not seen."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

FOLDS = (0, 1, 2, 3)
ALL_ACCOUNTS = -1
# From strong to weak: how far weights may go from 0 (scikit-learn's C).
STRENGTHS = (0.01, 0.03, 0.1)
# How steep it may be where a fit ends; those that only choose a strength and a calibration need not be exact.
TOLERANCE, TOLERANCE_OF_PARTS = 1e-4, 1e-3


@dataclass(frozen=True)
class Fit:
    """log odds = intercept + design @ weights; `strength` is the C that did best on accounts not seen."""

    intercept: float
    weights: np.ndarray
    strength: float


def fit_by_account(design: sparse.csr_matrix, reached: np.ndarray, folds: np.ndarray) -> dict[int, Fit]:
    """Five calibrated fits: of all accounts (-1), and without the accounts of each fold. `reached` is 0 or 1.

    Each fit chooses its strength and its calibration by fits without another fold of its own accounts: nothing of what
    a fold holds reaches the fit without it. Raises ValueError where a part has one outcome only.
    """
    # Threads that wait for one another make small fits slower, and sums depend on how many there are.
    with threadpool_limits(limits=1):
        by_excluded = {
            excluded: _path(design, reached, ~np.isin(folds, excluded), TOLERANCE if size < 2 else TOLERANCE_OF_PARTS)
            for size in (0, 1, 2)
            for excluded in combinations(FOLDS, size)
        }
    fits = {}
    for fold in (ALL_ACCOUNTS, *FOLDS):
        own = () if fold == ALL_ACCOUNTS else (fold,)
        others = [other for other in FOLDS if other not in own]
        seen = np.isin(folds, others)
        log_odds = np.empty((len(STRENGTHS), len(reached)))
        for other in others:
            rows = folds == other
            path = by_excluded[tuple(sorted((*own, other)))]
            for number, (intercept, weights) in enumerate(path):
                log_odds[number, rows] = design[rows] @ weights + intercept
        losses = [_log_loss(row[seen], reached[seen]) for row in log_odds]
        best = int(np.argmin(losses))
        shift, slope = calibration(log_odds[best, seen], reached[seen])
        intercept, weights = by_excluded[own][best]
        fits[fold] = Fit(shift + slope * intercept, slope * weights, STRENGTHS[best])
    return fits


def calibration(log_odds: np.ndarray, reached: np.ndarray) -> tuple[float, float]:
    """Shift and slope, not negative, that make log odds agree with what came (Platt 1999), by Newton's method.

    Log odds that say nothing, or the opposite of what came, get the slope 0: everybody's chance is the share of all.
    """
    share = reached.mean()
    shift, slope = float(np.log(share / (1 - share))), 0.0
    predictors = np.column_stack([np.ones(len(log_odds)), log_odds])
    for _ in range(100):
        chance = _chance(shift + slope * log_odds)
        gradient = predictors.T @ (reached - chance)
        curvature = (predictors * (chance * (1 - chance))[:, None]).T @ predictors
        step = np.linalg.solve(curvature + 1e-9 * np.eye(2), gradient)
        step *= min(1.0, 2.0 / np.abs(step).max()) if step.any() else 0.0
        shift, slope = shift + step[0], slope + step[1]
        if np.abs(step).max() < 1e-10:
            break
    return (float(shift), float(slope)) if slope > 0 else (float(np.log(share / (1 - share))), 0.0)


def _path(
    design: sparse.csr_matrix, reached: np.ndarray, rows: np.ndarray, tolerance: float
) -> list[tuple[float, np.ndarray]]:
    """Intercept and weights per strength, each begun where the one before ended."""
    design, reached = design[rows], reached[rows]
    model = LogisticRegression(solver="lbfgs", max_iter=2000, tol=tolerance, warm_start=True)
    path = []
    for strength in STRENGTHS:
        model.set_params(C=strength).fit(design, reached)
        path.append((float(model.intercept_[0]), model.coef_[0].copy()))
    return path


def _chance(log_odds: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(log_odds, -500, 500)))


def _log_loss(log_odds: np.ndarray, reached: np.ndarray) -> float:
    return float(np.mean(np.logaddexp(0, log_odds) - reached * log_odds))


def has_both(reached: np.ndarray, folds: np.ndarray, least: int) -> bool:
    """Whether every fit has at least so many of either outcome, also those without two folds."""
    parts: Iterable[tuple[int, ...]] = combinations(FOLDS, 2)
    counts = [np.bincount(reached[~np.isin(folds, part)], minlength=2).min() for part in parts]
    return min(counts) >= least
