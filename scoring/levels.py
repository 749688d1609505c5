"""What a feature may be: the levels of its texts and the bins of its numbers, chosen without looking at outcomes."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

OTHER = "(other)"
MISSING = "(missing)"
# A text that fewer leads share says more about those leads than about the text.
LEAST_LEADS_PER_LEVEL = 20
MOST_BINS = 8


@dataclass(frozen=True)
class Levels:
    """The columns of a design matrix: `table` has one row per column, numbered from 0, sorted by feature and value.

    Columns of the table: feature; level (a text, or `(other)` for all that have no level of their own), None for bins;
    from_value and to_value (a half-open bin of numbers; NaN is without end). What a row does not have has no column: a
    missing value is what all weights of a feature are compared with.
    """

    table: pd.DataFrame

    def columns_of(self, features: pd.DataFrame) -> np.ndarray:
        """For each row of (feature, text_value, number_value) the number of its column; -1 where there is none."""
        table = self.table
        is_number = features["number_value"].notna().to_numpy()
        columns = np.full(len(features), -1)
        names = pd.Index(table["feature"].unique())
        codes = names.get_indexer(features["feature"])
        levels = table[table["level"].notna()]
        index = pd.MultiIndex.from_arrays([names.get_indexer(levels["feature"]), levels["level"]])
        places = levels.index.to_numpy()
        for rows in (np.flatnonzero(~is_number),):
            found = index.get_indexer(pd.MultiIndex.from_arrays([codes[rows], features["text_value"].to_numpy()[rows]]))
            columns[rows] = np.where(found >= 0, places[found], -1)
        bins = table[table["level"].isna()]
        numbers = features["number_value"].to_numpy()
        order = np.argsort(codes, kind="stable")
        bounds = np.searchsorted(codes[order], np.arange(len(names) + 1))
        for feature, of_feature in bins.groupby("feature", sort=False):
            code = names.get_loc(feature)
            rows = order[bounds[code] : bounds[code + 1]]
            rows = rows[is_number[rows]]
            starts = of_feature["from_value"].to_numpy()[1:]
            columns[rows] = of_feature.index.to_numpy()[np.searchsorted(starts, numbers[rows], side="right")]
        others = np.full(len(names) + 1, -1)
        is_other = (levels["level"] == OTHER).to_numpy()
        others[names.get_indexer(levels["feature"][is_other])] = places[is_other]
        return np.where(columns < 0, others[codes], columns)

    def design(self, features: pd.DataFrame, row_count: int) -> sparse.csr_matrix:
        """One row per snapshot (`row` of the features says which), one column per level: 1 where it is in it."""
        columns = self.columns_of(features)
        is_known = columns >= 0
        places = (features["row"].to_numpy()[is_known], columns[is_known])
        return sparse.csr_matrix((np.ones(len(places[0])), places), shape=(row_count, len(self.table)))

    def steps(self) -> sparse.csr_matrix:
        """Turns a design into one in which a bin has the columns of the bins below it as well.

        So each weight is the step from one bin to the next, and a penalty draws neighbouring bins together instead of
        each towards nothing; sums of steps are the weights of the bins.
        """
        table = self.table.reset_index(drop=True)
        is_bin = table["level"].isna()
        position = table[is_bin].groupby("feature").cumcount()
        first = position.index.to_numpy() - position.to_numpy()
        rows = [np.flatnonzero(~is_bin)] + [np.full(n + 1, start + n) for start, n in zip(first, position, strict=True)]
        columns = [np.flatnonzero(~is_bin)] + [
            np.arange(start, start + n + 1) for start, n in zip(first, position, strict=True)
        ]
        places = (np.concatenate(rows), np.concatenate(columns))
        return sparse.csr_matrix((np.ones(len(places[0])), places), shape=(len(table), len(table)))


def find_levels(features: pd.DataFrame) -> Levels:
    """The levels that rows of (lead_id, feature, text_value, number_value) support; a feature may have both kinds."""
    texts = features.loc[features["text_value"].notna(), ["lead_id", "feature", "text_value"]].drop_duplicates()
    lead_counts = texts.groupby(["feature", "text_value"]).size()
    kept = lead_counts[lead_counts >= LEAST_LEADS_PER_LEVEL].index
    tables = [
        pd.DataFrame({"feature": sorted(features["feature"].unique()), "level": OTHER}),
        pd.DataFrame({"feature": kept.get_level_values(0), "level": kept.get_level_values(1)}),
    ]
    numbers = features.loc[features["number_value"].notna(), ["feature", "number_value"]]
    for feature, values in numbers.groupby("feature")["number_value"]:
        cuts = cut_points(values.to_numpy())
        bins = {"feature": feature, "level": None, "from_value": np.r_[np.nan, cuts], "to_value": np.r_[cuts, np.nan]}
        tables.append(pd.DataFrame(bins))
    table = pd.concat([part.astype({"feature": object, "level": object}) for part in tables])
    table = table.reindex(columns=["feature", "level", "from_value", "to_value"]).drop_duplicates(ignore_index=True)
    table["level"] = table["level"].where(table["level"].notna(), None)
    return Levels(table.sort_values(["feature", "level", "from_value"], na_position="first", ignore_index=True))


def cut_points(values: np.ndarray) -> np.ndarray:
    """Where the bins of a number begin, but for the first: about equally many rows in each, at values that occur.

    A value that many rows share (a count of 1) is a bin of its own, and the rest is divided evenly.
    """
    distinct, counts = np.unique(values, return_counts=True)
    cuts: list[float] = []
    filled, left = 0, len(values)
    for value, count in zip(distinct, counts, strict=True):
        share = left / (MOST_BINS - len(cuts))
        if filled and filled + count / 2 > share and len(cuts) < MOST_BINS - 1:
            cuts.append(float(value))
            left -= filled
            filled = 0
        filled += count
    return np.array(cuts)
