"""How models of attribution are measured against the truth: errors and true amounts by hand, and the page."""

import math
from datetime import datetime

import pandas as pd
import pytest

from benchmarks.attribution_page import (
    NOBODY,
    misplaced_share,
    most_given_too_little,
    most_given_too_much,
    page,
    rank_correlation,
)
from benchmarks.attribution_truth import PAGE, as_shares, true_amounts
from ingestion.simulator.company import INCREMENTAL_LEAD_SHARES, TOUCH_EFFECTS
from ingestion.simulator.mess import USUAL_MESS
from ingestion.simulator.simulate import Life, live

CHANNELS = ["event", "webinar", "direct", "nurture"]
TRUE = pd.Series([0.4, 0.3, 0.2, 0.1], CHANNELS)


def shares_of(*values: float) -> pd.Series:
    return pd.Series(values, CHANNELS)


def test_what_must_move_for_the_shares_to_be_true_is_misplaced():
    # 0.1 must go from the webinar to the event, and 0.2 from nurture to direct visits.
    assert misplaced_share(shares_of(0.3, 0.4, 0.0, 0.3), TRUE) == pytest.approx(0.3)
    assert misplaced_share(TRUE, TRUE) == 0
    # Nothing is where it belongs.
    assert misplaced_share(shares_of(0, 0, 1, 0), shares_of(1, 0, 0, 0)) == 1


def test_the_order_of_channels_is_compared_whatever_their_shares_are():
    assert rank_correlation(shares_of(0.9, 0.08, 0.015, 0.005), TRUE) == pytest.approx(1)
    assert rank_correlation(shares_of(0.1, 0.2, 0.3, 0.4), TRUE) == pytest.approx(-1)
    # Two neighbours have changed places: 1 − 6 · (1 + 1) ÷ (4 · 15).
    assert rank_correlation(shares_of(0.3, 0.4, 0.2, 0.1), TRUE) == pytest.approx(0.8)
    assert math.isnan(rank_correlation(shares_of(0.25, 0.25, 0.25, 0.25), TRUE))


def test_the_largest_errors_name_their_channel_and_direction():
    given = shares_of(0.3, 0.45, 0.0, 0.25)
    assert most_given_too_much(given, TRUE) == ("webinar", pytest.approx(0.15))
    assert most_given_too_little(given, TRUE) == ("direct", pytest.approx(-0.2))


def test_what_is_given_to_nobody_is_told_apart_and_changes_no_share():
    shares = as_shares(pd.Series({"event": 30.0, "webinar": 10.0, NOBODY: 60.0}))
    assert shares["event"] == 0.75
    assert shares["webinar"] == 0.25
    assert shares["direct"] == 0
    assert shares[NOBODY] == 0.6


@pytest.fixture(scope="module")
def life() -> Life:
    return live(300, 3, datetime(2026, 11, 1), USUAL_MESS)


def owed(life: Life, lead: int, is_first: bool = True) -> pd.DataFrame:
    """What each channel truly brought of a deal of 100 that this person opens."""
    return true_amounts(life, pd.DataFrame({"lead": [lead], "amount": [100.0], "is_first": [is_first]}))


def test_a_deal_owes_the_channel_that_brought_its_person_the_chance_that_they_would_not_have_come(life):
    touches = life.world.progress.touches
    is_own_only = (life.world.people["channel"] == "webinar") & (touches["webinar"] == 0)
    true = owed(life, is_own_only.idxmax())
    assert true.loc["webinar", "truth"] == pytest.approx(100 * INCREMENTAL_LEAD_SHARES["webinar"])
    assert true.loc["webinar", "truth_of_touches"] == pytest.approx(0)


def test_a_deal_owes_a_channel_that_only_touched_its_person_what_its_touches_added(life):
    touches = life.world.progress.touches["webinar"]
    lead = ((life.world.people["channel"] != "webinar") & (touches == 1)).idxmax()
    remains = 1.0
    for step in ("mql", "sql"):
        chance = life.world.progress.fates.loc[lead, step]
        odds = chance / (1 - chance) / getattr(TOUCH_EFFECTS["webinar"], step)
        remains *= odds / (1 + odds) / chance
    true = owed(life, lead)
    assert true.loc["webinar", "truth"] == pytest.approx(100 * (1 - remains))
    assert true.loc["webinar", "truth_of_touches"] == pytest.approx(100 * (1 - remains))
    assert true.loc["direct", "truth"] == 0


def test_an_accounts_later_deal_counts_among_all_new_deals_alone(life):
    true = owed(life, 0, is_first=False)
    assert true["truth"].sum() == true["truth_of_touches"].sum() == 0
    assert true["truth_of_new_deals"].sum() > 0


def made_up_shares(w_shaped: list[float], linear: list[float]) -> pd.DataFrame:
    """Two companies; in the second, webinars are given 0.01 more (by linear 0.02), and direct visits as much less."""
    parts = []
    for seed, shift in ((1, 0.0), (2, 0.01)):
        shifts = pd.Series([0, shift, -shift, 0], CHANNELS)
        columns = {
            "leads": 5,
            "deals": 2,
            "truth": TRUE,
            "truth_of_touches": TRUE / 4,
            "truth_of_new_deals": TRUE,
            "truth_of_everybody": TRUE,
            "w_shaped": pd.Series(w_shaped, CHANNELS) + shifts,
            "linear": pd.Series(linear, CHANNELS) + 2 * shifts,
            "lead_source": pd.Series([0.1, 0.4, 0.4, 0.1], CHANNELS) + shifts,
        }
        rows = pd.DataFrame(columns)
        rows.loc[NOBODY] = [0] * (len(columns) - 1) + [0.25]
        parts.append(rows.rename_axis("channel").reset_index().assign(seed=seed))
    return pd.concat(parts, ignore_index=True)


def read(shares: pd.DataFrame) -> str:
    """The page as one reads it, wherever its lines end."""
    return " ".join(page(shares).split())


def test_the_page_says_which_model_is_nearest_and_where_the_headline_model_stands():
    text = read(made_up_shares(w_shaped=[0.1, 0.2, 0.3, 0.4], linear=[0.4, 0.25, 0.25, 0.1]))
    assert "2 made-up companies of 20 leads" in text
    assert "deals without a lead source: 25 % of the pipeline" in text
    # 5 % in the first company and 3 % in the second.
    assert "**Linear** comes nearest: on average 4.0 % lies in the wrong place" in text
    assert "every other lies farther" in text
    assert "gives every channel the same misplaces 20.0 %; The CRM's lead source and W-shaped do no better" in text
    # 40 % and 39 %.
    assert "**W-shaped**, misplaces 39.5 %: place 3 of 3, 35.5 points farther from the truth than the nearest" in text
    assert "farther in 2 of 2 companies" in text
    assert "without any touch, misplaces 30.0 %: 1 of the 2 models lie farther from the truth" in text
    # Of webinars the lead source gives too much, and linear gives events and nurture what they are due.
    assert "every single one gives too much to Direct." in text
    assert "gives too little" not in text
    assert "touches alone make 25 % of what is true here" in text
    assert "| **W-shaped** | 39.5 % | 0.7 | 39.0 % – 40.0 % | −1.00 | Nurture +30.0 | Event −30.0 |" in text
    assert "| Linear | 5.0 % | 3.0 % |" in text


def test_a_headline_model_that_is_nearest_is_not_compared_with_itself():
    text = read(made_up_shares(w_shaped=[0.4, 0.3, 0.2, 0.1], linear=[0.1, 0.2, 0.3, 0.4]))
    assert "**W-shaped** comes nearest" in text
    assert "place 1 of 3. " in text


def test_the_published_page_is_what_its_shares_say():
    shares = pd.read_csv(PAGE.with_suffix(".csv"))
    assert PAGE.read_text(encoding="utf-8") == page(shares), "run python -m benchmarks.attribution_truth --again"
