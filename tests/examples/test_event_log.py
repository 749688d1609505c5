"""An event log of 13,000 cases, connected by SQL files alone, gives exactly the figures that plain pandas gives."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from lifelines import KaplanMeierFitter
from lifelines.utils import qth_survival_times
from refreshing import PROJECT_DIR, refreshed

pytestmark = pytest.mark.refresh

EXAMPLE = PROJECT_DIR / "examples" / "event_log"
ZONE = "America/Sao_Paulo"
# Summer time there began on 15 October 2017 and ended on 18 February 2018; the last events lie after `AS_OF`.
BEGINS, ENDS = pd.Timestamp("2017-10-01", tz=ZONE), pd.Timestamp("2018-03-10", tz=ZONE)
AS_OF = pd.Timestamp("2018-03-01T00:00:00Z")
FINAL = {"activated", "declined", "cancelled"}
CASE_COUNT, MEAN_EVENT_COUNT = 13_087, 20
# Seconds between two events: the same instant, parts of a second, up to, at and just over a minute, hours, days.
PAUSES = ((0, 0), (0.001, 0.9), (1, 59), (60, 60), (60.001, 61), (300, 7200), (86_400, 400_000))
PAUSE_SHARES = (0.12, 0.12, 0.2, 0.05, 0.05, 0.36, 0.1)


def made_up_log() -> pd.DataFrame:
    """One row per event in the order of the log: case_id, stage, event_at (with its offset), handled_by."""
    draw = np.random.default_rng(12)
    stages = pd.read_csv(EXAMPLE / "playbook" / "lifecycle_stages.csv")
    names, last = stages["stage"].to_numpy(), int(stages["stage_order"].max())
    on_the_way = {order: position for position, order in enumerate(stages["stage_order"]) if order}
    beside = np.flatnonzero(stages["stage_order"] == 0)
    counts = np.clip(draw.geometric(1 / MEAN_EVENT_COUNT, CASE_COUNT), 3, 170)
    total = int(counts.sum())
    cases = np.repeat(np.arange(CASE_COUNT), counts)
    kind = draw.choice(len(PAUSES), total, p=PAUSE_SHARES)
    low, high = np.array(PAUSES).T
    pauses = np.round(low[kind] + draw.random(total) * (high - low)[kind], 3)
    began = BEGINS.timestamp() + np.round(draw.random(CASE_COUNT) * (ENDS - BEGINS).total_seconds(), 3)
    is_first = np.r_[True, cases[1:] != cases[:-1]]
    passed = np.cumsum(np.where(is_first, 0, pauses))
    seconds = np.round(began[cases] + passed - passed[np.flatnonzero(is_first)][cases], 3)
    moves = draw.choice(["on", "again", "back", "beside"], total, p=[0.5, 0.25, 0.2, 0.05])
    steps = draw.integers(1, 4, total)
    others = draw.choice(beside, total)
    order, visited = 1, np.empty(total, dtype=int)
    for event in range(total):
        if is_first[event]:
            order, visited[event] = 1, on_the_way[1]
        elif moves[event] == "again":
            visited[event] = visited[event - 1]
        elif moves[event] == "beside":
            visited[event] = others[event]
        else:
            order = min(last, max(1, order + (steps[event] if moves[event] == "on" else -steps[event])))
            visited[event] = on_the_way[order]
    at = pd.to_datetime((seconds * 1000).round().astype("int64"), unit="ms", utc=True).tz_convert(ZONE)
    return pd.DataFrame(
        {
            "case_id": 173_688 + 3 * cases,
            "stage": names[visited],
            "event_at": at,
            "handled_by": draw.integers(100, 160, total),
        }
    )


def visits_of(log: pd.DataFrame) -> pd.DataFrame:
    """One row per stay, by the definitions of the playbook: case_id, stage, entered_at, exited_at, next_stage."""
    known = log[log["event_at"] <= AS_OF].reset_index(drop=True)
    before = known.groupby("case_id").shift()
    is_same_stay = (before["stage"] == known["stage"]) & (
        known["event_at"] - before["event_at"] <= pd.Timedelta(minutes=1)
    )
    visits = known[~is_same_stay].rename(columns={"event_at": "entered_at"})
    after = visits.groupby("case_id").shift(-1)
    return visits.assign(exited_at=after["entered_at"], next_stage=after["stage"])


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    return made_up_log()


@pytest.fixture(scope="module")
def visits(log) -> pd.DataFrame:
    return visits_of(log)


@pytest.fixture(scope="module")
def data_dir(log, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("event_log")
    inbox = folder / "exported"
    inbox.mkdir()
    written = log["event_at"].map(lambda at: at.isoformat(timespec="milliseconds"))
    log.assign(event_at=written).to_csv(inbox / "event_log.csv", index=False)
    return refreshed(
        {
            "FUNNELHOUSE_DATA_DIR": str(folder / "data"),
            "FUNNELHOUSE_SOURCES": "files",
            "FUNNELHOUSE_FILES_DIR": f"examples/event_log:{inbox}",
            "FUNNELHOUSE_PLAYBOOK_DIR": "examples/event_log/playbook",
            "FUNNELHOUSE_AS_OF": AS_OF.isoformat(),
        }
    )


def test_the_log_holds_what_event_logs_hold(log, visits):
    pauses = log.groupby("case_id")["event_at"].diff()
    is_repeat = log["stage"] == log.groupby("case_id")["stage"].shift()
    assert log["case_id"].nunique() == 13_087
    assert 250_000 < len(log) < 270_000
    assert (pauses == pd.Timedelta(0)).sum() > 10_000
    assert (is_repeat & (pauses <= pd.Timedelta(minutes=1))).sum() > 10_000
    assert (is_repeat & (pauses == pd.Timedelta(minutes=1))).sum() > 1_000
    assert (is_repeat & (pauses > pd.Timedelta(minutes=1))).sum() > 10_000
    assert visits.duplicated(["case_id", "stage"]).sum() > 10_000
    assert log["event_at"].map(lambda at: at.utcoffset()).nunique() == 2
    assert (log["event_at"] > AS_OF).any()


def test_no_event_is_refused(data_dir, query):
    assert query(data_dir, "select count(*) from marts.fct_quarantine") == [(0,)]


def test_visits_cases_and_reentries_per_stage(data_dir, visits, query):
    rows = query(
        data_dir,
        """
        select stage, count(*), count(distinct lead_id), count(*) filter (where visit_number > 1)
        from marts.fct_lead_stage_visits
        group by stage
        """,
    )
    expected = visits.groupby("stage")["case_id"].agg(["size", "nunique"])
    assert {stage: tuple(counts) for stage, *counts in rows} == {
        stage: (size, cases, size - cases) for stage, size, cases in expected.itertuples()
    }


def test_every_visit_is_there_with_its_begin_and_end(data_dir, visits, query):
    rows = query(
        data_dir,
        """
        select lead_id, stage, entered_at, exited_at, exited_to_stage
        from marts.fct_lead_stage_visits
        order by lead_id::bigint, position_on_track
        """,
    )
    found = pd.DataFrame(rows, columns=["case_id", "stage", "entered_at", "exited_at", "next_stage"])
    assert found["case_id"].astype(int).tolist() == visits["case_id"].tolist()
    assert found["stage"].tolist() == visits["stage"].tolist()
    assert found["next_stage"].fillna("").tolist() == visits["next_stage"].fillna("").tolist()
    for column in ("entered_at", "exited_at"):
        moments = visits[column].dt.tz_convert("UTC").dt.tz_localize(None).reset_index(drop=True)
        assert found[column].isna().tolist() == moments.isna().tolist()
        # Events in the same instant stand a microsecond apart.
        assert (found[column] - moments).dropna().between(pd.Timedelta(0), pd.Timedelta(microseconds=50)).all()


def test_where_every_case_stands_and_which_are_open(data_dir, visits, query):
    present = visits[visits["exited_at"].isna()].set_index("case_id")["stage"]
    assert dict(query(data_dir, "select lead_id::bigint, current_stage from marts.dim_leads")) == present.to_dict()
    is_open = ~present.isin(FINAL)
    rows = query(
        data_dir,
        """
        select stages.stage, count(*)
        from marts.dim_leads as leads
        inner join marts.dim_stages as stages on stages.track = 'lead' and leads.current_stage = stages.stage
        where not stages.is_final
        group by all
        """,
    )
    assert dict(rows) == present[is_open].value_counts().to_dict()
    assert sum(dict(rows).values()) > 1000


def stays_of(visits: pd.DataFrame, first_visits_only: bool) -> pd.DataFrame:
    """One row per stay: stage, days (so far, while it lasts) and whether it is over."""
    is_repeat = visits.duplicated(["case_id", "stage"])
    chosen = visits[~is_repeat] if first_visits_only else visits
    days = (chosen["exited_at"].fillna(AS_OF) - chosen["entered_at"]).dt.total_seconds() / 86_400
    return pd.DataFrame({"stage": chosen["stage"], "days": days, "is_over": chosen["exited_at"].notna()})


def test_median_days_of_finished_stays(data_dir, visits, query):
    stays = stays_of(visits, first_visits_only=False).query("is_over")
    expected = stays.groupby("stage")["days"].median().to_dict()
    rows = query(
        data_dir,
        """
        select stage, median(duration_days)
        from marts.fct_lead_stage_visits
        where not is_current
        group by stage
        """,
    )
    assert len(rows) == 24
    assert dict(rows) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("first_visits_only", [True, False])
def test_durations_of_finished_and_of_all_stays(data_dir, visits, query, first_visits_only):
    """Events in the same instant stand a microsecond apart, which is 1e-11 days."""
    stays = dict(list(stays_of(visits, first_visits_only).groupby("stage")))
    rows = query(
        data_dir,
        """
        select stage, stay_count, exited_count, open_count, finished_median_days, finished_mean_days, median_days
        from marts.stage_durations(first_visits_only := ?)
        """,
        [first_visits_only],
    )
    assert {stage for stage, *_ in rows} == set(stays) - FINAL
    for stage, stay_count, exited_count, open_count, finished_median, finished_mean, median in rows:
        of_stage = stays[stage]
        finished = of_stage.loc[of_stage["is_over"], "days"]
        # lifelines' sums of logarithms may miss by their rounding a half that is met exactly.
        curve = KaplanMeierFitter().fit(of_stage["days"], of_stage["is_over"]).survival_function_ - 1e-12
        assert (stay_count, exited_count) == (len(of_stage), len(finished)), stage
        assert open_count == stay_count - exited_count
        assert finished_median == pytest.approx(finished.median(), abs=1e-9), stage
        assert finished_mean == pytest.approx(finished.mean(), abs=1e-8), stage
        assert median == pytest.approx(qth_survival_times(0.5, curve), abs=1e-9), stage


def test_moves_from_stage_to_stage(data_dir, visits, query):
    rows = query(
        data_dir,
        """
        select stage, exited_to_stage, count(*)
        from marts.fct_lead_stage_visits
        where exited_to_stage is not null
        group by all
        """,
    )
    moves = visits.dropna(subset="next_stage").groupby(["stage", "next_stage"]).size()
    assert {(stage, following): count for stage, following, count in rows} == moves.to_dict()


def test_months_begin_in_the_reporting_time_zone(data_dir, visits, query):
    rows = query(
        data_dir,
        """
        select date_trunc('month', entered_date)::date::varchar, count(*)
        from marts.fct_lead_stage_visits
        group by all
        """,
    )
    assert dict(rows) == visits["entered_at"].dt.strftime("%Y-%m-01").value_counts().to_dict()


def test_the_funnel_counts_each_case_up_to_the_furthest_stage(data_dir, visits, query):
    orders = pd.read_csv(EXAMPLE / "playbook" / "lifecycle_stages.csv").set_index("stage")["stage_order"]
    furthest = visits["stage"].map(orders).groupby(visits["case_id"]).max()
    rows = query(data_dir, "select stage_order, lead_count from marts.funnel()")
    assert rows == [(order, (furthest >= order).sum()) for order in range(1, 21)]


def test_the_report_on_velocity_counts_every_visit(data_dir, visits, query):
    rows = query(
        data_dir,
        """
        select stage, entered_count, record_count, re_entered_count, open_count
        from marts.funnel_velocity()
        where track = 'lead'
        """,
    )
    assert len(rows) >= 21
    for stage, *found in rows:
        of_stage = visits[visits["stage"] == stage]
        cases = of_stage["case_id"].nunique()
        assert found == [len(of_stage), cases, len(of_stage) - cases, of_stage["exited_at"].isna().sum()], stage


@pytest.mark.parametrize(
    "macro",
    [
        "conversion_cohort()",
        "conversion_flow(by_month := true)",
        "conversion_passport(is_strict := true)",
        "stage_survival(group_by := 'month')",
        "stage_incidence()",
        "time_to_stage()",
    ],
)
def test_a_lifecycle_of_many_other_stages_has_all_curves(data_dir, query, macro):
    assert query(data_dir, f"select count(*) > 0 from marts.{macro}") == [(True,)]
