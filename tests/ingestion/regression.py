"""A logistic regression, to look for causes in what the simulator made."""

import numpy as np
import pandas as pd

from ingestion.simulator import draw


def fitted(outcome: np.ndarray, causes: pd.DataFrame) -> pd.DataFrame:
    """A logistic regression by iteratively reweighted least squares: `coefficient` and `error` per cause."""
    matrix = np.column_stack([np.ones(len(causes)), causes.to_numpy(dtype=float)])
    coefficients = np.zeros(matrix.shape[1])
    for _ in range(25):
        probability = draw.probabilities(matrix @ coefficients)
        information = (matrix * (probability * (1 - probability))[:, None]).T @ matrix
        coefficients += np.linalg.solve(information, matrix.T @ (outcome - probability))
    errors = np.sqrt(np.diag(np.linalg.inv(information)))
    return pd.DataFrame({"coefficient": coefficients[1:], "error": errors[1:]}, index=causes.columns)
