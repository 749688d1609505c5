"""Hand-overs, their clocks and their outcomes: against the made-up company's truth and second computations."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pandas as pd
import pytest
from holidays import country_holidays

from ingestion.simulator.mess import USUAL_MESS
from ingestion.simulator.simulate import live

pytestmark = pytest.mark.refresh

DEMO_LEADS = 1500  # as tests/conftest.py makes them up
ZONES = {"PL": ZoneInfo("Europe/Warsaw"), "DE": ZoneInfo("Europe/Berlin")}
ANSWERS = ("email_sent", "message_sent", "chat", "call", "meeting_booked", "meeting_held")


@pytest.fixture(scope="module")
def demo(published_demo: Path):
    path = (published_demo / "serving" / "current.duckdb").resolve()
    with duckdb.connect(str(path), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def handoffs(demo) -> pd.DataFrame:
    return demo.execute("from marts.fct_lead_handoffs where clock = 'qualified' order by handoff_id").df()


def office_hours(calendar: str, start: datetime, end: datetime) -> float:
    """Hours in which the office is open between two moments, minute by minute of the local clock; naive UTC."""
    closed = country_holidays(calendar, years=range(2024, 2028))
    minutes = pd.date_range(
        pd.Timestamp(start).ceil("min"), pd.Timestamp(end).floor("min"), freq="min", inclusive="left"
    )
    local = minutes.tz_localize("UTC").tz_convert(ZONES[calendar])
    is_open = (local.weekday < 5) & (local.hour >= 9) & (local.hour < 17)
    is_open &= ~np.isin(local.date, list(closed))
    return is_open.sum() / 60


def test_business_hours_are_those_of_a_count_minute_by_minute(handoffs):
    answered = handoffs[handoffs["first_response_at"].notna() & ~handoffs["is_preempted"]]
    assert set(answered["calendar"]) == {"PL", "DE"}
    sample = answered.sample(120, random_state=1)
    assert (sample["response_hours"] > 60).any()  # over a weekend
    for row in sample.itertuples():
        expected = office_hours(row.calendar, row.started_at, row.first_response_at)
        assert row.response_business_hours == pytest.approx(expected, abs=2 / 60), row.handoff_id


def test_an_answer_is_due_when_the_office_was_open_for_as_long_as_agreed(handoffs):
    assert handoffs["are_business_hours"].all()
    for row in handoffs.sample(120, random_state=2).itertuples():
        assert office_hours(row.calendar, row.started_at, row.due_at) == pytest.approx(row.sla_target_hours, abs=2 / 60)
        # And the office is open then: it was not due before.
        around = row.due_at.floor("min") - timedelta(minutes=1), row.due_at.ceil("min")
        assert office_hours(row.calendar, *around) > 0


def test_first_answers_are_those_that_reps_truly_gave(handoffs, simulated_files):
    """Unless a rep did something before. Other true answers were the customer's calls, or logged by the local clock."""
    life = live(DEMO_LEADS, 7, datetime(2026, 11, 1), USUAL_MESS)  # the simulator's default seed
    stays = life.world.stage_visits.query("stage == 'mql' and answered_at.notna()")
    truth = pd.DataFrame(
        {
            "lead_id": life.world.people["lead_id"].to_numpy()[stays["lead"]],
            "started_at": stays["changed_at"],
            "answered_at": stays["answered_at"],
        }
    )
    both = handoffs.merge(truth, on=["lead_id", "started_at"], validate="one_to_one")
    assert len(both) > 300
    logged = pd.read_parquet(simulated_files / "activities.parquet").query("actor == 'rep'")
    logged = logged.assign(answered_at=logged["occurred_at"].dt.tz_localize(None))[["lead_id", "answered_at"]]
    recorded = both.merge(logged.drop_duplicates(), on=["lead_id", "answered_at"])
    assert len(recorded) > 0.9 * len(both)
    assert (recorded["first_response_at"] <= recorded["answered_at"]).all()
    assert (recorded["first_response_at"] == recorded["answered_at"]).mean() > 0.9


def test_states_are_those_of_a_second_computation(handoffs, simulated_files, demo):
    as_of = demo.execute("select as_of from marts.published_run").fetchone()[0]
    activities = pd.read_parquet(simulated_files / "activities.parquet")
    activities["occurred_at"] = activities["occurred_at"].dt.tz_localize(None)
    consents = pd.read_parquet(simulated_files / "consents.parquet").query("status == 'withdrawn'")
    consents["changed_at"] = consents["changed_at"].dt.tz_localize(None)
    visits = demo.execute("select lead_id, stage, visit_number, exited_at from marts.fct_lead_stage_visits").df()
    rows = handoffs.merge(visits, on=["lead_id", "stage", "visit_number"])
    by_lead = dict(list(activities[activities["lead_id"].notna()].groupby("lead_id")))
    withdrawn = consents.groupby("lead_id")["changed_at"].apply(list)
    states = []
    for row in rows.itertuples():
        done = by_lead.get(row.lead_id, activities.iloc[:0])
        done = done[done["occurred_at"] < (row.requalified_at if pd.notna(row.requalified_at) else as_of)]
        by_rep = done[done["activity_type"].isin(ANSWERS) & (done["actor"] == "rep") & ~done["is_inbound"].eq(True)]
        answers = by_rep[by_rep["occurred_at"] >= row.started_at]["occurred_at"]
        just_before = by_rep["occurred_at"].between(
            row.started_at - timedelta(hours=72), row.started_at, inclusive="left"
        )
        booked = done[(done["activity_type"] == "meeting_booked") & (done["actor"] == "person")]["occurred_at"]
        left = done[(done["activity_type"] == "unsubscribed") & (done["occurred_at"] >= row.started_at)]["occurred_at"]
        ends = [
            *booked[booked >= row.started_at - timedelta(hours=72)],
            *left,
            *(moment for moment in withdrawn.get(row.lead_id, []) if moment >= row.started_at),
            *([row.exited_at] if pd.notna(row.exited_at) else []),
        ]
        answer, end = answers.min(), min(ends, default=pd.NaT)
        if just_before.any() or (answer <= row.due_at and not end < answer):
            states.append("met")
        elif end < row.due_at:
            states.append("void")
        elif pd.notna(answer) or ends:
            states.append("breached")
        else:
            states.append("running" if row.due_at > as_of else "past_due_open")
    assert rows["sla_state"].tolist() == states
    assert {"met", "breached", "void"} <= set(states)


@pytest.mark.parametrize("dimension", ["channel", "segment", "owner", "team", "month", "attempt"])
def test_attainment_and_outcomes_add_up_over_every_dimension(demo, dimension):
    for macro, counts in (
        ("sla_attainment", ["handoff_count", "met_count", "breached_count", "past_due_open_count", "void_count"]),
        ("handoff_outcomes", ["handoff_count", "accepted_count", "recycled_count", "disqualified_count", "open_count"]),
        ("response_time_curve", ["handoff_count", "accepted_count", "opportunity_count"]),
    ):
        ask = f"select {', '.join(f'sum({name})' for name in counts)} from marts.{macro}(group_by := '%s')"
        [whole] = demo.execute(ask % "all").fetchall()
        assert whole[0] > 100
        assert demo.execute(ask % dimension).fetchall() == [whole]


def test_attainment_is_met_of_those_that_were_due(demo, handoffs):
    [(rate, judged)] = demo.execute("select attainment_rate, judged_count from marts.sla_attainment()").fetchall()
    due = handoffs[handoffs["sla_state"].isin(["met", "breached", "past_due_open"])]
    assert judged == len(due)
    assert rate == pytest.approx((due["sla_state"] == "met").mean())


def test_the_curve_of_response_times_says_that_it_proves_nothing(demo):
    rows = demo.execute(
        "select response_bucket, label, acceptance_rate_lower <= acceptance_rate, "
        "acceptance_rate <= acceptance_rate_upper from marts.response_time_curve()"
    ).fetchall()
    assert rows[-1][0] == "never answered"
    assert all(row[1:] == ("observed, not causal", True, True) for row in rows)


def test_recycled_leads_are_told_from_fresh_ones(demo, handoffs):
    outcomes = demo.execute("from marts.handoff_outcomes(group_by := 'attempt')").df().set_index("dimension_value")
    for name, rows in (
        ("fresh", handoffs[handoffs["attempt_number"] == 1]),
        ("recycled", handoffs[handoffs["attempt_number"] > 1]),
    ):
        decided = rows[rows["outcome"] != "open"]
        assert outcomes.loc[name, "acceptance_rate"] == pytest.approx((decided["outcome"] == "accepted").mean())
        assert outcomes.loc[name, "pipeline_amount"] == pytest.approx(rows["pipeline_amount"].sum())
