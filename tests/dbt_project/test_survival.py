"""Durations and outcomes: the SQL of the marts against lifelines and scikit-survival, and by hand."""

import warnings
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lifelines import AalenJohansenFitter, KaplanMeierFitter
from lifelines.utils import qth_survival_times
from marts_by_hand import MartsByHand
from sksurv.nonparametric import cumulative_incidence_competing_risks

pytestmark = pytest.mark.refresh

KEYS = ["track", "stage", "dimension_value"]
QUARTILES = {"lower_quartile_days": 0.75, "median_days": 0.5, "upper_quartile_days": 0.25}
EXACT = 1e-9


@pytest.fixture(scope="module")
def demo(published_demo: Path):
    path = (published_demo / "serving" / "current.duckdb").resolve()
    with duckdb.connect(str(path), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def stays(demo) -> dict[tuple[str, str, str], pd.DataFrame]:
    """The first stays of the made-up company by track, stage and segment: days, direction (None while they last)."""
    visits = demo.execute(
        """
        with visits as (
            select 'lead' as track, columns(['stage', 'segment', 'visit_number', 'entered_at', 'exited_at', 'direction',
                'is_left_truncated'])
            from marts.fct_lead_stage_visits
            union all
            select 'opportunity', columns(['stage', 'segment', 'visit_number', 'entered_at', 'exited_at', 'direction',
                'is_left_truncated'])
            from marts.fct_opportunity_stage_visits
        )
        select * from visits
        where visit_number = 1 and not is_left_truncated
            and stage not in ('won', 'lost', 'disqualified') and (track, stage) != ('lead', 'opportunity')
        """
    ).df()
    as_of = demo.execute("select as_of from marts.published_run").fetchone()[0]
    days = (visits["exited_at"].fillna(as_of) - visits["entered_at"]) / pd.Timedelta(days=1)
    visits = visits.assign(days=days, dimension_value=visits["segment"].fillna("(none)"))
    return dict(list(visits.groupby(KEYS)))


def curves(rows: pd.DataFrame, keys: list[str]):
    """Each curve of a macro's answer with its key; there is at least one."""
    assert len(rows)
    return rows.groupby(keys, sort=False)


def test_survival_curves_and_their_bounds_are_those_of_lifelines(demo, stays):
    answer = demo.execute("from marts.stage_survival(group_by := 'segment')").df()
    assert {key for key, _ in curves(answer, KEYS)} == stays.keys()
    assert len(stays) >= 20
    for key, curve in curves(answer, KEYS):
        fitted = KaplanMeierFitter().fit(stays[key]["days"], stays[key]["direction"].notna())
        expected = pd.concat([fitted.survival_function_, fitted.confidence_interval_], axis=1).drop(index=0.0)
        assert curve["duration_days"].to_numpy() == pytest.approx(expected.index.to_numpy(), abs=EXACT)
        found = curve[["survival", "survival_lower", "survival_upper"]].to_numpy()
        assert np.abs(found - expected.to_numpy()).max() < EXACT, key
        assert curve["at_risk_count"].iloc[0] == len(stays[key])


def test_quartiles_and_their_bounds_are_those_of_lifelines(demo, stays):
    answer = demo.execute("from marts.stage_durations(group_by := 'segment')").df().set_index(KEYS)
    for key, rows in stays.items():
        fitted = KaplanMeierFitter().fit(rows["days"], rows["direction"].notna())
        # lifelines' sums of logarithms may miss by their rounding a share that is met exactly.
        survival, interval = fitted.survival_function_ - 1e-12, fitted.confidence_interval_ - 1e-12
        bounds = qth_survival_times(list(QUARTILES.values()), interval)
        for name, share in QUARTILES.items():
            expected = [qth_survival_times(share, survival), *bounds.loc[share]]
            found = answer.loc[key, [name, f"{name}_lower", f"{name}_upper"]].astype(float).fillna(np.inf)
            assert found.to_numpy() == pytest.approx(expected, abs=EXACT), (key, name)


def test_incidences_and_their_bounds_are_those_of_lifelines(demo, stays):
    """lifelines moves ties apart at random, so its answer stands only where there are none."""
    answer = demo.execute("from marts.stage_incidence(group_by := 'segment')").df()
    compared = 0
    for (*key, direction), curve in curves(answer, [*KEYS, "direction"]):
        rows = stays[tuple(key)]
        codes = {name: number for number, name in enumerate(sorted(rows["direction"].dropna().unique()), start=1)}
        events = rows["direction"].map(codes).fillna(0).astype(int)
        if rows.loc[events > 0, "days"].duplicated().any():
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            fitted = AalenJohansenFitter().fit(rows["days"], events, codes[direction])
        expected = fitted.cumulative_density_.iloc[:, 0].loc[curve["duration_days"]].to_numpy()
        assert np.abs(curve["incidence"].to_numpy() - expected).max() < EXACT
        bounds = np.sort(fitted.confidence_interval_.loc[curve["duration_days"]].to_numpy(), axis=1)
        found = curve[["incidence_lower", "incidence_upper"]].to_numpy(dtype=float)
        assert np.nanmax(np.abs(found - bounds)) < EXACT
        compared += 1
    assert compared >= 30


def test_won_and_lost_compete_as_in_scikit_survival(demo):
    answer = demo.execute("from marts.opportunity_incidence()").df()
    deals = demo.execute(
        """
        select visits.stage, epoch(coalesce(closed_at, as_of) - entered_at) / 86400 as days, is_closed, is_won
        from marts.fct_opportunity_stage_visits as visits
        join marts.fct_opportunities using (opportunity_id), marts.published_run
        where visit_number = 1 and not visits.is_left_truncated and visits.stage not in ('won', 'lost')
        """
    ).df()
    for stage, rows in deals.groupby("stage"):
        events = np.where(rows["is_won"], 1, np.where(rows["is_closed"], 2, 0))
        assert_equal_to_scikit_survival(
            answer[answer["stage"] == stage], "outcome", {"won": 1, "lost": 2}, rows["days"].to_numpy(), events
        )


def assert_equal_to_scikit_survival(
    answer: pd.DataFrame, class_column: str, codes: dict[str, int], days: np.ndarray, events: np.ndarray
) -> None:
    """Incidences and bounds per class, at the durations at which the class occurs; ties and all."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        times, incidences, bounds = cumulative_incidence_competing_risks(
            events, days, conf_type="log-log", var_type="Dinse_Approx"
        )
    for name, code in codes.items():
        curve = answer[answer[class_column] == name].sort_values("duration_days")
        assert sorted(set(days[events == code])) == pytest.approx(curve["duration_days"].tolist(), abs=EXACT)
        at = np.searchsorted(times, curve["duration_days"].to_numpy() - EXACT)
        assert curve["incidence"].to_numpy() == pytest.approx(incidences[code, at], abs=EXACT)
        expected, found = bounds[code][:, at], curve[["incidence_lower", "incidence_upper"]].to_numpy(dtype=float).T
        # Where nobody is left at last, scikit-survival has no bounds and gives the incidence itself.
        known = np.isfinite(expected) & np.isfinite(found) & ~np.isclose(expected, incidences[code, at], atol=EXACT)
        assert found[known] == pytest.approx(expected[known], abs=1e-7)


def write_stays(marts: MartsByHand, stays: list[tuple[float, str | None]]) -> None:
    """Stays of leads in `mql`: days and direction, None while they last."""
    rows = ", ".join(
        f"('L{number}', {days}, {'null' if direction is None else repr(direction)})"
        for number, (days, direction) in enumerate(stays)
    )
    marts.connection.execute("delete from marts.fct_lead_stage_visits")
    marts.fill(
        "fct_lead_stage_visits",
        f"""
        select
            lead_id, 'mql' as stage, 2 as stage_order, 1 as visit_number, timestamp '2026-01-01' as entered_at,
            date '2026-01-01' as entered_date, false as is_left_truncated, direction,
            case when direction is not null then days end as duration_days,
            case when direction is null then days end as age_days, direction is null as is_current
        from (values {rows}) as rows (lead_id, days, direction)
        """,
    )


def test_a_curve_by_hand(marts):
    """Of five, one leaves after 1 day, one after 2, when another is last seen, one after 3; one stays 4 days so far."""
    write_stays(marts, [(1, "forward"), (2, "out"), (2, None), (3, "forward"), (4, None)])
    assert marts.ask(
        "select duration_days, at_risk_count, exited_count, censored_count, round(survival, 12) "
        "from marts.stage_survival(in_stage := 'mql')"
    ) == [(1, 5, 1, 0, 0.8), (2, 4, 1, 1, 0.6), (3, 2, 1, 0, 0.3), (4, 1, 0, 1, 0.3)]
    [row] = marts.frame("from marts.stage_durations(in_stage := 'mql')").to_dict("records")
    assert (row["stay_count"], row["exited_count"], row["open_count"]) == (5, 3, 2)
    assert (row["lower_quartile_days"], row["median_days"]) == (2, 3)
    assert pd.isna(row["upper_quartile_days"])
    # 1 day of all, a day of 0.8, one of 0.6, one of 0.3.
    assert row["restricted_mean_days"] == pytest.approx(2.7)
    assert (row["finished_mean_days"], row["finished_median_days"]) == (2, 2)
    assert row["finished_mean_bias_days"] == pytest.approx(-0.7)
    incidences = marts.ask(
        "select direction, duration_days, round(incidence, 12) from marts.stage_incidence(in_stage := 'mql')"
    )
    # forward: 1/5, then 0.6 × 1/2 more; out: 0.8 × 1/4.
    assert incidences == [("forward", 1, 0.2), ("forward", 3, 0.5), ("out", 2, 0.2)]


def test_a_median_that_is_met_exactly_is_met(marts):
    """Half of two, four, six … have left with the middle one, however the logarithms round."""
    for size in range(2, 60, 2):
        write_stays(marts, [(day, "forward") for day in range(1, size + 1)])
        assert marts.ask("select median_days from marts.stage_durations(in_stage := 'mql')") == [(size / 2,)]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.integers(1, 12), st.sampled_from(["forward", "recycled", "out", None])), min_size=4, max_size=40
    ).filter(lambda stays: len({direction for _, direction in stays if direction}) > 1)
)
def test_curves_with_ties_are_those_of_the_libraries(marts, stays):
    stays = [*stays, (13, None)]  # scikit-survival has no bounds where nobody is left
    write_stays(marts, stays)
    days = np.array([float(day) for day, _ in stays])
    codes = {name: number for number, name in enumerate(sorted({d for _, d in stays if d}), start=1)}
    events = np.array([codes.get(direction, 0) for _, direction in stays])
    curve = marts.frame("from marts.stage_survival(in_stage := 'mql')")
    fitted = KaplanMeierFitter().fit(days, events > 0)
    expected = pd.concat([fitted.survival_function_, fitted.confidence_interval_], axis=1).loc[curve["duration_days"]]
    assert curve[["survival", "survival_lower", "survival_upper"]].to_numpy() == pytest.approx(
        expected.to_numpy(), abs=EXACT
    )
    answer = marts.frame("from marts.stage_incidence(in_stage := 'mql')")
    assert_equal_to_scikit_survival(answer, "direction", codes, days, events)


def test_only_stays_with_a_known_beginning_and_in_stages_that_go_on_are_measured(marts):
    write_stays(marts, [(1, "forward"), (2, "forward")])
    marts.connection.execute("update marts.fct_lead_stage_visits set is_left_truncated = true where lead_id = 'L1'")
    assert marts.ask("select stay_count from marts.stage_durations()") == [(1,)]
    marts.connection.execute("update marts.fct_lead_stage_visits set visit_number = 2 where lead_id = 'L0'")
    assert marts.ask("from marts.stage_durations()") == []
    assert marts.ask("select stay_count from marts.stage_durations(first_visits_only := false)") == [(1,)]
    marts.connection.execute("update marts.fct_lead_stage_visits set stage = 'disqualified'")
    assert marts.ask("from marts.stage_durations(first_visits_only := false)") == []


def test_an_unknown_dimension_is_refused_in_words(marts):
    write_stays(marts, [(1, "forward")])
    with pytest.raises(
        duckdb.Error, match="group_by is one of all, channel, campaign, persona, segment, product, month"
    ):
        marts.ask("from marts.stage_durations(group_by := 'colour')")
