"""Markov and Shapley are solved exactly: against fractions, all coalitions, and another package's numbers."""

from fractions import Fraction
from itertools import pairwise, permutations
from math import factorial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import attribution.journeys
from attribution.crediting import COLUMNS, credit_channels
from attribution.journeys import SEPARATOR, Journeys
from attribution.markov import markov_shares, removal_effects, transition_counts
from attribution.shapley import shapley_values

CHANNELS = "ABCDE"
# Path, journeys that converted, journeys that did not.
KNOWN = [
    ("A > B > C", 30, 0),
    ("A", 0, 40),
    ("B > C", 0, 25),
    ("A > A > B > A", 10, 0),
    ("C > B > C", 5, 0),
    ("B", 8, 0),
    ("C > C", 0, 50),
    ("A > C > B", 0, 12),
    ("D > A", 3, 0),
    ("D", 0, 17),
]
# What marketing-attribution-models 2.1.1 gives of these, with either value of transition_to_same_state.
OF_PACKAGE = {"A": 0.3108118706270065, "B": 0.28193082019933235, "C": 0.39792587156040865, "D": 0.009331437613252485}


def journeys_of(rows: list[tuple[str, int, int]]) -> Journeys:
    paths, converted, failed = zip(*rows, strict=True)
    return Journeys(paths, np.array(converted) + np.array(failed), np.array(converted), np.array(converted) * 10.0)


@st.composite
def rows_of_paths(draw: st.DrawFn) -> list[tuple[str, int, int]]:
    """Distinct paths with cycles and repeats, of which at least one converts."""
    paths = draw(st.lists(st.lists(st.sampled_from(CHANNELS), min_size=1, max_size=6), min_size=1, max_size=12))
    joined = dict.fromkeys(SEPARATOR.join(path) for path in paths)
    rows = [(path, draw(st.integers(0, 9)), draw(st.integers(0, 9))) for path in joined]
    return [(rows[0][0], rows[0][1] + 1, rows[0][2]), *rows[1:]]


def chance_to_convert(rows: list[tuple[str, int, int]], removed: str = "") -> Fraction:
    """The same chain in fractions, solved by elimination; who comes to the removed channel ends without conversion."""
    counts: dict[str, dict[str, int]] = {}
    for path, converted, failed in rows:
        steps = ["start", *path.split(SEPARATOR)]
        for earlier, later in pairwise(steps):
            counts.setdefault(earlier, {}).setdefault(later, 0)
            counts[earlier][later] += converted + failed
        last = counts.setdefault(steps[-1], {})
        last["conversion"] = last.get("conversion", 0) + converted
        last["none"] = last.get("none", 0) + failed
    states = [state for state in counts if sum(counts[state].values())]
    size = len(states)
    # x = Q x + r, as rows of (I − Q | r).
    system = []
    for state in states:
        total = sum(counts[state].values())
        chance = {later: Fraction(count, total) for later, count in counts[state].items() if later != removed}
        row = [Fraction(int(state == other)) - chance.get(other, Fraction(0)) for other in states]
        system.append([*row, chance.get("conversion", Fraction(0))])
    for pivot in range(size):
        best = next(row for row in range(pivot, size) if system[row][pivot])
        system[pivot], system[best] = system[best], system[pivot]
        system[pivot] = [value / system[pivot][pivot] for value in system[pivot]]
        for row in range(size):
            if row != pivot and system[row][pivot]:
                factor = system[row][pivot]
                system[row] = [a - factor * b for a, b in zip(system[row], system[pivot], strict=True)]
    return system[states.index("start")][-1]


@given(rows_of_paths())
def test_markov_is_the_exact_solution_of_its_chain(rows):
    journeys = journeys_of(rows)
    whole = chance_to_convert(rows)
    effects = [1 - chance_to_convert(rows, channel) / whole for channel in journeys.channels]
    expected = [float(effect / sum(effects)) for effect in effects]
    assert markov_shares(journeys) == pytest.approx(expected, abs=1e-9)


def test_markov_gives_the_numbers_of_another_package():
    journeys = journeys_of(KNOWN)
    shares = dict(zip(journeys.channels, markov_shares(journeys), strict=True))
    assert shares == pytest.approx(OF_PACKAGE, abs=1e-12)


def test_markov_by_hand():
    # From the start half go to A and half to B. All of A go on to B, of whom half convert: 1/2 of all. Without A only
    # those who came to B at once do, 1/4; without B nobody. So effects are 1/2 and 1, and shares 1/3 and 2/3.
    shares = markov_shares(journeys_of([("A > B", 1, 1), ("B", 1, 1)]))
    assert shares == pytest.approx([1 / 3, 2 / 3], abs=1e-12)


def test_without_the_channel_that_all_convert_from_nobody_does():
    rows = [("A > B", 3, 1), ("C > B > A > B", 2, 5), ("B", 1, 0), ("B > A", 0, 4)]
    journeys = journeys_of(rows)
    counts = transition_counts(journeys, journeys.journey_counts[None, :], journeys.converted_counts[None, :])
    assert removal_effects(counts)[0][journeys.channels.index("B")] == pytest.approx(1, abs=1e-12)


def test_where_nothing_converts_nobody_is_owed_anything():
    journeys = journeys_of([("A > B", 0, 3), ("B > A", 0, 2)])
    assert markov_shares(journeys).tolist() == [0, 0]
    assert shapley_values(journeys, journeys.converted_counts).tolist() == [0, 0]


def test_staying_in_a_channel_changes_nothing():
    stays = [(path.replace("A", "A > A > A"), converted, failed) for path, converted, failed in KNOWN]
    assert markov_shares(journeys_of(stays)) == pytest.approx(markov_shares(journeys_of(KNOWN)), abs=1e-12)


@given(rows_of_paths())
def test_shapley_is_the_mean_of_what_is_added_over_all_orders(rows):
    journeys = journeys_of(rows)

    def worth(coalition: set[str]) -> int:
        return sum(converted for path, converted, _ in rows if set(path.split(SEPARATOR)) <= coalition)

    expected = dict.fromkeys(journeys.channels, Fraction(0))
    for order in permutations(journeys.channels):
        for position, channel in enumerate(order):
            added = worth({*order[: position + 1]}) - worth({*order[:position]})
            expected[channel] += Fraction(added, factorial(len(order)))
    given_values = shapley_values(journeys, journeys.converted_counts)
    assert given_values == pytest.approx([float(value) for value in expected.values()], abs=1e-9)


@given(rows_of_paths())
def test_all_conversions_are_shared_and_the_order_of_paths_does_not_matter(rows):
    journeys, turned = journeys_of(rows), journeys_of(rows[::-1])
    assert markov_shares(journeys).sum() == pytest.approx(1)
    assert markov_shares(turned) == pytest.approx(markov_shares(journeys), abs=1e-12)
    shared = shapley_values(journeys, journeys.converted_counts)
    assert shared.sum() == pytest.approx(journeys.converted_counts.sum())


def paths(rows: list[tuple[str, int, int]], conversion_type: str = "won") -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["path", "converted_count", "failed_count"])
    frame["journey_count"] = frame["converted_count"] + frame["failed_count"]
    return frame.assign(conversion_type=conversion_type, amount=frame["converted_count"] * 100.0)


def test_credit_adds_up_to_conversions_and_money_and_lies_in_its_bounds():
    credits = credit_channels(paths(KNOWN), 50)
    assert list(credits.columns) == list(COLUMNS)
    by_model = credits.groupby("attribution_model")[["credit", "amount"]].sum()
    assert by_model.to_numpy() == pytest.approx(np.array([[56, 5600]] * 2))
    assert (credits["lower_credit"] <= credits["credit"]).all()
    assert (credits["upper_credit"] >= credits["credit"]).all()


def test_the_bounds_hold_the_truth_about_as_often_as_they_say():
    draw = np.random.default_rng(5)
    truth = np.array([row[1] for row in KNOWN] + [row[2] for row in KNOWN], dtype=float)
    whole = shapley_values(journeys_of(KNOWN), journeys_of(KNOWN).converted_counts) * 20
    held = []
    for _ in range(60):
        counts = draw.multinomial(4000, truth / truth.sum())
        rows = [
            (path, int(counts[position]), int(counts[position + len(KNOWN)]))
            for position, (path, _, _) in enumerate(KNOWN)
        ]
        credits = credit_channels(paths(rows), 50).query("attribution_model == 'shapley'")
        held.append((credits["lower_credit"] <= whole) & (whole <= credits["upper_credit"]))
    assert 0.9 <= np.mean(held) <= 0.99


def test_samples_are_the_same_however_many_are_held_at_once(monkeypatch):
    at_once = credit_channels(paths(KNOWN), 50)
    monkeypatch.setattr(attribution.journeys, "COUNTS_AT_ONCE", 3 * 2 * len(KNOWN))
    pd.testing.assert_frame_equal(credit_channels(paths(KNOWN), 50), at_once, check_exact=True)


def test_the_same_journeys_give_the_same_bytes():
    first, second = (credit_channels(paths(KNOWN).sample(frac=1, random_state=n), 50) for n in (1, 2))
    pd.testing.assert_frame_equal(first, second, check_exact=True)


def test_too_few_conversions_are_said_in_words():
    credits = credit_channels(pd.concat([paths(KNOWN), paths([("A", 3, 100)], "mql")]), 50)
    refused = credits[credits["conversion_type"] == "mql"]
    assert refused["attribution_model"].tolist() == ["markov", "shapley"]
    assert refused["refusal"].unique() == [
        "Only 3 journeys with a touch have converted; it takes 50 to tell channels apart."
    ]
    assert refused["credit"].isna().all()


def test_without_journeys_there_is_nothing():
    assert credit_channels(paths([]), 50).empty


def test_one_channel_alone_gets_everything():
    credits = credit_channels(paths([("A", 60, 40)]), 50)
    assert credits["credit"].tolist() == [60, 60]
