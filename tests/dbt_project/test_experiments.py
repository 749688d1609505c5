"""What experiments of the made-up company showed: against scipy, unit by unit, and against what was planted in it."""

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from scipy import stats

pytestmark = pytest.mark.refresh


@pytest.fixture(scope="module")
def results(published_demo: Path) -> pd.DataFrame:
    """The published results, each treatment beside its baseline's units."""
    with duckdb.connect(str(published_demo / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(
            """
            select
                results.*,
                (
                    select list(outcomes.value) from intermediate.int_experiment_outcomes as outcomes
                    where outcomes.experiment_id = results.experiment_id and outcomes.metric = results.metric
                        and outcomes.variant = results.variant and outcomes.standing = 'judged'
                ) as own_values,
                (
                    select list(outcomes.value) from intermediate.int_experiment_outcomes as outcomes
                    where outcomes.experiment_id = results.experiment_id and outcomes.metric = results.metric
                        and outcomes.variant = experiments.baseline_variant and outcomes.standing = 'judged'
                ) as baseline_values
            from marts.fct_experiment_results as results
            inner join marts.dim_experiments as experiments using (experiment_id)
            where not results.is_baseline
            order by results.experiment_id, results.metric
            """
        ).df()


def newcombe(successes: float, trials: int, other_successes: float, other_trials: int) -> tuple[float, float]:
    """Bounds of the difference of two shares (Newcombe 1998, method 10), from scipy's Wilson bounds."""
    shares, bounds = [], []
    for found, count in ((successes, trials), (other_successes, other_trials)):
        interval = stats.binomtest(int(found), count).proportion_ci(method="wilson")
        shares.append(found / count)
        bounds.append((interval.low, interval.high))
    (share, other), ((low, high), (other_low, other_high)) = shares, bounds
    return (
        share - other - np.hypot(share - low, other_high - other),
        share - other + np.hypot(high - share, other - other_low),
    )


def test_the_oracle_gives_the_bounds_that_were_published_with_the_method():
    assert newcombe(56, 70, 48, 80) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert newcombe(9, 10, 3, 10) == pytest.approx((0.1705, 0.8090), abs=5e-5)
    assert newcombe(5, 56, 0, 29) == pytest.approx((-0.0381, 0.1926), abs=5e-5)


def test_bounds_of_rates_are_those_of_newcombes_method(results):
    rates = results[results["metric_kind"] == "rate"]
    assert len(rates) >= 10
    for row in rates.itertuples():
        lower, upper = newcombe(
            sum(row.own_values), len(row.own_values), sum(row.baseline_values), len(row.baseline_values)
        )
        assert (row.unit_count, row.value) == (len(row.own_values), pytest.approx(np.mean(row.own_values)))
        assert (row.lower, row.upper) == pytest.approx((lower, upper), abs=1e-12)


def test_bounds_of_amounts_are_welchs(results):
    amounts = results[(results["metric_kind"] == "amount") & results["lower"].notna()]
    assert len(amounts) >= 2
    for row in amounts.itertuples():
        interval = stats.ttest_ind(row.own_values, row.baseline_values, equal_var=False).confidence_interval()
        width = interval.high - interval.low
        assert row.lift == pytest.approx(np.mean(row.own_values) - np.mean(row.baseline_values))
        assert (row.lower, row.upper) == pytest.approx((interval.low, interval.high), abs=1e-5 * width)


def test_an_experiment_that_has_ended_finds_the_effect_that_was_planted(results):
    """The treatment of X01 multiplies the odds of becoming an MQL by 1.5."""
    [row] = results[(results["experiment_id"] == "X01") & results["is_primary"]].itertuples()
    rate = np.mean(row.baseline_values)
    planted = 1.5 * rate / (1 + 0.5 * rate) - rate
    assert row.is_final and row.lower < planted < row.upper


def test_nothing_is_decided_of_an_experiment_that_goes_on(results):
    running = results[~results["is_final"]]
    assert set(running[running["is_primary"]]["decision"]) == {"running"}
    assert running["pending_count"].sum() > 0
    assert running[~running["is_primary"]]["decision"].isna().all()
