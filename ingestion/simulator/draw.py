"""Drawing by lot. Every part of the company has a generator of its own, so that a change in one leaves the others."""

import zlib
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from ingestion.simulator.company import Leg

# Parts of the company speak of each other's rows by number; this is the number of no row.
NONE = -1


def generator(seed: int, part: str) -> np.random.Generator:
    """The generator of one part of the company, the same for the same seed and name."""
    return np.random.default_rng([seed, zlib.crc32(part.encode())])


def pick(rng: np.random.Generator, weights: Mapping[str, float], size: int) -> np.ndarray:
    """Keys of `weights`, as often as they weigh: an object array of `size`."""
    keys = np.empty(len(weights), dtype=object)
    keys[:] = list(weights)
    shares = np.array(list(weights.values()), dtype=float)
    return keys[rng.choice(len(keys), size=size, p=shares / shares.sum())]


def pick_any(rng: np.random.Generator, values: Iterable[str], size: int) -> np.ndarray:
    """Any of the values, each as often: an object array of `size`."""
    return pick(rng, dict.fromkeys(values, 1.0), size)


def pick_by(rng: np.random.Generator, groups: np.ndarray, values_of: Mapping[str, Iterable[str]]) -> np.ndarray:
    """For each group any of that group's values: an object array as long as `groups`."""
    picked = np.full(len(groups), None, dtype=object)
    for group, values in values_of.items():
        members = np.flatnonzero(groups == group)
        picked[members] = pick_any(rng, values, members.size)
    return picked


def chance(rng: np.random.Generator, rate: float | np.ndarray, size: int) -> np.ndarray:
    """True as often as `rate` says: a boolean array of `size`."""
    return rng.random(size) < rate


def lognormal(rng: np.random.Generator, median: float, spread: float, size: int) -> np.ndarray:
    """Lognormal numbers with this median and this standard deviation of the logarithm."""
    return median * np.exp(rng.normal(0.0, spread, size))


def leg_days(rng: np.random.Generator, leg: Leg, size: int) -> np.ndarray:
    """Days that a leg takes."""
    return lognormal(rng, leg.median_days, leg.spread, size)


def probabilities(log_odds: np.ndarray) -> np.ndarray:
    """The probabilities of those logarithms of odds."""
    return 1 / (1 + np.exp(-log_odds))


def baseline(log_odds: np.ndarray, rate: float, weights: np.ndarray | None = None) -> float:
    """What must be added to the log odds so that the (weighted) mean of their probabilities is `rate`."""
    low, high = -20.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        if np.average(probabilities(middle + log_odds), weights=weights) < rate:
            low = middle
        else:
            high = middle
    return middle


def tilted(log_odds: np.ndarray, rate: float) -> np.ndarray:
    """Probabilities that follow the log odds and whose mean is `rate`; the odds are thus relative to the average."""
    return probabilities(baseline(log_odds, rate) + log_odds) if log_odds.size else log_odds


def named(names: pd.Series, numbers: np.ndarray | pd.Series) -> np.ndarray:
    """The names in those rows, None for NONE: an object array as long as `numbers`."""
    return np.where(numbers == NONE, None, names.to_numpy(dtype=object)[numbers])


def labels(prefix: str, numbers: np.ndarray, width: int) -> np.ndarray:
    """Ids such as L000123: an object array, None for NONE."""
    ids = np.char.mod(f"{prefix}%0{width}d", numbers).astype(object)
    ids[np.asarray(numbers) == NONE] = None
    return ids


def attributes(names: np.ndarray, table: Mapping[str, object], attribute: str) -> np.ndarray:
    """For each name, that attribute of its entry in `table`."""
    values = {name: getattr(entry, attribute) for name, entry in table.items()}
    return np.array([values[name] for name in names])
