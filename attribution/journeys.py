"""Journeys as counts: how often each path of channels was walked, and how often it ended in a conversion."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import coo_array, csr_array

SEPARATOR = " > "


@dataclass(frozen=True)
class Journeys:
    """Distinct paths with their counts; arrays have shape (paths,).

    paths            channels in order, joined by SEPARATOR
    journey_counts   journeys that took the path
    converted_counts of these, the ones that ended in a conversion
    amounts          what those conversions brought, added up
    """

    paths: Sequence[str]
    journey_counts: np.ndarray
    converted_counts: np.ndarray
    amounts: np.ndarray

    @cached_property
    def steps(self) -> list[list[str]]:
        """The channels of each path, in order."""
        return [path.split(SEPARATOR) for path in self.paths]

    @cached_property
    def channels(self) -> list[str]:
        """All channels, in the order of their names."""
        return sorted({channel for steps in self.steps for channel in steps})

    @cached_property
    def numbered_steps(self) -> tuple[np.ndarray, np.ndarray]:
        """Path and channel of every step of every path, by their numbers, in order; shapes (steps,)."""
        number = {channel: position for position, channel in enumerate(self.channels)}
        lengths = [len(steps) for steps in self.steps]
        of_path = np.repeat(np.arange(len(self.paths)), lengths)
        return of_path, np.array([number[channel] for steps in self.steps for channel in steps], dtype=int)

    @cached_property
    def memberships(self) -> csr_array:
        """Which channels stand on which path: ones, of shape (paths, channels)."""
        of_path, of_channel = self.numbered_steps
        shape = (len(self.paths), len(self.channels))
        found = coo_array((np.ones(len(of_path)), (of_path, of_channel)), shape=shape).tocsr()
        found.data[:] = 1.0
        return found

    def resampled(self, repeats: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Journey counts by path and end, drawn anew from all journeys: two arrays of shape (repeats, paths)."""
        failed = self.journey_counts - self.converted_counts
        counts = np.concatenate([self.converted_counts, failed])
        draws = np.random.default_rng(seed).multinomial(counts.sum(), counts / counts.sum(), size=repeats)
        converted, not_converted = np.split(draws, 2, axis=1)
        return converted, converted + not_converted
