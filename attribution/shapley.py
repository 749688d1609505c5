"""Shapley attribution: what a channel adds to the others, averaged over all orders in which they might have come.

The game: channels are the players, and a coalition is worth the conversions of all journeys whose channels it
contains (Zhao, Mahboobi & Bagheri, 2018, arXiv:1804.05327). That is a sum of unanimity games, one for each journey,
and the Shapley value of a unanimity game divides it equally among its players (Shapley, 1953). So each converted
journey is divided equally among its distinct channels: exact, in one pass, where the formula asks for 2ⁿ coalitions.
"""

import numpy as np

from attribution.journeys import Journeys


def shapley_values(journeys: Journeys, values: np.ndarray) -> np.ndarray:
    """What each channel is owed of `values`, of shape (…, paths); shape (…, channels)."""
    of_path = journeys.memberships
    equal_parts = of_path.multiply(1.0 / of_path.sum(axis=1)[:, None]).tocsr()
    return values @ equal_parts
