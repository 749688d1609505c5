"""Journeys as counts: how often each path of channels was walked, and how often it ended in a conversion."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_array, csr_array

SEPARATOR = " > "
# Of the samples, only so many counts are held at once: 16 MB of them, however many paths there are.
COUNTS_AT_ONCE = 2_000_000


@dataclass(frozen=True)
class Journeys:
    """Distinct paths with their counts; arrays have shape (paths,).

    paths            channels in order, joined by SEPARATOR
    journey_counts   journeys that took the path
    converted_counts of these, the ones that ended in a conversion
    amounts          what those conversions brought, added up
    """

    paths: Sequence[str] | np.ndarray
    journey_counts: np.ndarray
    converted_counts: np.ndarray
    amounts: np.ndarray

    @cached_property
    def channels(self) -> list[str]:
        """All channels, in the order of their names."""
        return sorted(self._encoded_steps[1].dictionary.to_pylist())

    @cached_property
    def numbered_steps(self) -> tuple[np.ndarray, np.ndarray]:
        """Path and channel of every step of every path, by their numbers, in order; shapes (steps,)."""
        lengths, encoded = self._encoded_steps
        number = {channel: position for position, channel in enumerate(self.channels)}
        numbers = np.array([number[channel] for channel in encoded.dictionary.to_pylist()], dtype=int)
        return np.repeat(np.arange(len(self.paths)), lengths), numbers[encoded.indices.to_numpy()]

    @cached_property
    def _encoded_steps(self) -> tuple[np.ndarray, pa.DictionaryArray]:
        """How many steps each path has, and the channels of all of them; Arrow splits a million texts in no time."""
        steps = pc.split_pattern(pa.array(self.paths, pa.string()), SEPARATOR)
        return np.diff(steps.offsets.to_numpy()), steps.flatten().dictionary_encode()

    @cached_property
    def memberships(self) -> csr_array:
        """Which channels stand on which path: ones, of shape (paths, channels)."""
        of_path, of_channel = self.numbered_steps
        shape = (len(self.paths), len(self.channels))
        found = coo_array((np.ones(len(of_path)), (of_path, of_channel)), shape=shape).tocsr()
        found.data[:] = 1.0
        return found

    @cached_property
    def transitions(self) -> tuple[csr_array, csr_array, csr_array]:
        """Per path, how often it goes from one channel to another, with which it begins, and with which it ends; of
        shape (paths, channels²), (paths, channels) and (paths, channels).
        """
        of_path, of_channel = self.numbered_steps
        size, count = len(self.channels), len(self.paths)
        is_step = of_path[1:] == of_path[:-1]
        pairs = of_channel[:-1][is_step] * size + of_channel[1:][is_step]
        is_first = np.r_[True, ~is_step][: len(of_path)]
        is_last = np.r_[~is_step, True][-len(of_path) :] if len(of_path) else is_first

        def counted(rows: np.ndarray, columns: np.ndarray, width: int) -> csr_array:
            return coo_array((np.ones(len(rows)), (rows, columns)), shape=(count, width)).tocsr()

        return (
            counted(of_path[:-1][is_step], pairs, size * size),
            counted(of_path[is_first], of_channel[is_first], size),
            counted(of_path[is_last], of_channel[is_last], size),
        )

    def resampled(self, repeats: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Journey and conversion counts, drawn anew from all journeys, a few samples at a time: each pair of arrays has
        the shape (samples, paths), and all of them together have `repeats` samples.
        """
        counts = np.concatenate([self.converted_counts, self.journey_counts - self.converted_counts])
        random, chances = np.random.default_rng(seed), counts / counts.sum()
        at_once = max(1, COUNTS_AT_ONCE // len(counts))
        for drawn in range(0, repeats, at_once):
            draws = random.multinomial(counts.sum(), chances, size=min(at_once, repeats - drawn))
            converted, failed = np.split(draws, 2, axis=1)
            yield converted + failed, converted
