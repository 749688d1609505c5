"""Levels of texts and bins of numbers."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.levels import LEAST_LEADS_PER_LEVEL, MOST_BINS, OTHER, cut_points, find_levels


def rows(feature: str, texts=(), numbers=()) -> pd.DataFrame:
    """One snapshot per value, each of a lead of its own."""
    values = [(text, np.nan) for text in texts] + [(None, number) for number in numbers]
    frame = pd.DataFrame(values, columns=["text_value", "number_value"]).assign(feature=feature)
    return frame.assign(lead_id=[f"L{number}" for number in range(len(frame))], row=np.arange(len(frame)))


@given(st.lists(st.integers(-5, 40) | st.floats(-1e6, 1e6), min_size=1, max_size=300))
def test_every_number_is_in_one_bin_and_no_bin_is_empty(values):
    values = np.array(values, dtype=float)
    cuts = cut_points(values)
    assert len(cuts) < MOST_BINS
    assert set(cuts) <= set(values)
    counts = np.bincount(np.searchsorted(cuts, values, side="right"), minlength=len(cuts) + 1)
    assert counts.min() >= 1


def test_bins_of_numbers_that_differ_are_about_equally_full():
    counts = np.bincount(np.searchsorted(cut_points(np.arange(800.0)), np.arange(800.0), side="right"))
    assert counts.tolist() == [100] * MOST_BINS


def test_a_value_that_most_rows_share_is_a_bin_of_its_own():
    assert cut_points(np.r_[np.ones(900), np.arange(2.0, 102.0)])[0] == 2.0


def test_a_text_has_a_level_once_enough_leads_share_it():
    texts = ["often"] * LEAST_LEADS_PER_LEVEL + ["seldom"] * (LEAST_LEADS_PER_LEVEL - 1)
    levels = find_levels(rows("word", texts))
    assert levels.table["level"].tolist() == [OTHER, "often"]


def test_a_text_of_one_lead_has_no_level_however_often_it_is_seen():
    frame = rows("word", ["often"] * 1000).assign(lead_id="L1")
    assert find_levels(frame).table["level"].tolist() == [OTHER]


def test_a_feature_may_be_a_text_here_and_a_number_there():
    frame = rows("size", ["tall"] * 30, [1.0] * 30 + [2.0] * 30)
    levels = find_levels(frame)
    named = levels.table.loc[levels.columns_of(frame)]
    assert named["level"].tolist() == ["tall"] * 30 + [None] * 60
    assert named["to_value"].tolist()[30:60] == [2.0] * 30
    assert named["from_value"].tolist()[60:] == [2.0] * 30


def test_what_has_no_level_or_bin_is_one_of_the_others():
    levels = find_levels(rows("word", ["often"] * 30))
    unknown = pd.concat([rows("word", ["never seen"], [3.0]), rows("unheard of", ["often"])], ignore_index=True)
    assert [int(column) for column in levels.columns_of(unknown)] == [0, 0, -1]
    assert levels.table.loc[0, "level"] == OTHER


@pytest.mark.parametrize("value", [-1e9, 3.0, 1e9])
def test_bins_have_no_end(value):
    levels = find_levels(rows("size", numbers=[1.0, 2.0, 3.0, 4.0] * 10))
    assert levels.columns_of(rows("size", numbers=[value]))[0] >= 0


def test_steps_add_up_to_the_weights_of_bins():
    frame = pd.concat([rows("size", numbers=[1.0, 2.0, 3.0] * 10), rows("word", ["often"] * 30)], ignore_index=True)
    levels = find_levels(frame)
    steps = pd.Series(np.arange(1.0, len(levels.table) + 1))
    weights = pd.Series(levels.steps() @ steps)
    is_bin = levels.table["level"].isna()
    assert weights[is_bin].tolist() == steps[is_bin].cumsum().tolist()
    assert weights[~is_bin].tolist() == steps[~is_bin].tolist()


def test_a_design_has_one_for_each_value_that_a_row_has():
    frame = pd.concat([rows("size", numbers=[1.0, 2.0] * 15), rows("word", ["often"] * 30)], ignore_index=True)
    design = find_levels(frame).design(frame, 31)
    assert np.asarray(design.sum(axis=1)).ravel().tolist() == [2.0] * 30 + [0.0]
