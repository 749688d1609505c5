"""Markov attribution: what would be lost if a channel led nowhere.

Journeys are a Markov chain of order 1 from a start over channels into one of two ends, conversion or none (Anderl,
Becker, von Wangenheim & Schumann, 2016, International Journal of Research in Marketing 33). The removal effect of a
channel is the share of the probability to convert that is lost when everybody who comes to it ends without
conversion. Credit is divided in proportion to the removal effects. The chain is solved, not simulated. Steps from a
channel to itself change nothing: who stays leaves by the same odds.
"""

import numpy as np

from attribution.journeys import Journeys


def markov_shares(journeys: Journeys) -> np.ndarray:
    """The share of each channel, of shape (channels,); they add up to 1, or are all 0 where nothing converts."""
    counts = transition_counts(journeys, journeys.journey_counts[None, :], journeys.converted_counts[None, :])
    return shares_of_removal(removal_effects(counts))[0]


def shares_of_removal(effects: np.ndarray) -> np.ndarray:
    """Removal effects divided by their sum; shape (samples, channels)."""
    totals = effects.sum(axis=1, keepdims=True)
    return np.divide(effects, totals, out=np.zeros_like(effects), where=totals > 0)


def transition_counts(journeys: Journeys, journey_counts: np.ndarray, converted_counts: np.ndarray) -> np.ndarray:
    """How often each state follows each, of shape (samples, channels + 1, channels + 2).

    `journey_counts` and `converted_counts` have shape (samples, paths). State 0 is the start, then come the channels;
    the last two columns are conversion and none.
    """
    within, entries, exits = journeys.transitions
    size, samples = len(journeys.channels), len(journey_counts)
    counts = np.zeros((samples, size + 1, size + 2))
    counts[:, 1:, :size] = (journey_counts @ within).reshape(samples, size, size)
    counts[:, 0, :size] = journey_counts @ entries
    counts[:, 1:, size] = converted_counts @ exits
    counts[:, 1:, size + 1] = (journey_counts - converted_counts) @ exits
    return counts


def removal_effects(counts: np.ndarray) -> np.ndarray:
    """Per channel, the lost share of the probability to convert; shape (samples, channels), 0 where none is."""
    size = counts.shape[2] - 2
    totals = counts.sum(axis=2, keepdims=True)
    chances = np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)
    whole = _chance_to_convert(chances)
    effects = np.zeros((len(counts), size))
    for channel in range(size):
        without = chances.copy()
        without[:, :, channel] = 0.0
        effects[:, channel] = np.divide(
            whole - _chance_to_convert(without), whole, out=np.zeros_like(whole), where=whole > 0
        )
    return effects


def _chance_to_convert(chances: np.ndarray) -> np.ndarray:
    """The probability to come from the start to a conversion; shape (samples,)."""
    size = chances.shape[2] - 2
    within, ends = chances[:, 1:, :size], chances[:, 1:, size]
    of_channels = np.linalg.solve(np.eye(size) - within, ends[:, :, None])[:, :, 0]
    return (chances[:, 0, :size] * of_channels).sum(axis=1)
