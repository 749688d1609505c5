"""The best scores there can be are honest: as often right as they say, blind to the future, and not to be improved."""

import dataclasses
from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from regression import fitted

from ingestion.simulator import decisions, ideal
from ingestion.simulator.mess import Mess
from ingestion.simulator.observed import observed, snapshots
from ingestion.simulator.simulate import Life, live

UNTIL = datetime(2026, 10, 1)
MIDDLE = np.datetime64("2026-02-28T23:00:00", "us")
# Leads are scored again and again, so that errors are larger than those of as many leads.
SCORED_AGAIN = 1.5


@pytest.fixture(scope="module")
def life() -> Life:
    return live(5_000, 5, UNTIL, Mess.none())


@pytest.fixture(scope="module")
def scores(life) -> pd.DataFrame:
    return ideal.table(life.world, life.entities["activities"])


@pytest.fixture(scope="module")
def seen(life) -> pd.DataFrame:
    return observed(life.world, snapshots(life.world), life.entities["activities"])


def area_under_curve(is_reached: pd.Series, score: pd.Series) -> float:
    """The chance that one who got there was scored higher than one who did not; a tie counts half."""
    rank, reached = score.rank().to_numpy(), is_reached.to_numpy()
    count = reached.sum()
    return (rank[reached].sum() - count * (count + 1) / 2) / (count * (len(rank) - count))


def surprises(groups: pd.api.typing.DataFrameGroupBy, score: str) -> pd.Series:
    """By how many standard errors more got there than the scores say."""
    found = groups.apply(
        lambda rows: (rows["is_opportunity"] - rows[score]).sum() / np.sqrt((rows[score] * (1 - rows[score])).sum() + 1)
    )
    return found / SCORED_AGAIN


def test_each_lead_is_scored_on_its_first_day_and_at_the_end_of_each_month_while_it_is_open(life, scores):
    assert not scores.duplicated(["lead_id", "scored_date"]).any()
    assert scores["lead_id"].nunique() == len(life.world.people)
    log = life.world.stage_log
    ends = log[log["stage"].isin(("opportunity", "disqualified"))].groupby("lead")["changed_at"].min()
    closed_at = scores["lead_id"].str[1:].astype(int).sub(1).map(ends)
    assert not (closed_at <= scores["scored_until"]).any()
    later = scores[scores.duplicated("lead_id")]
    assert (later["scored_date"] + pd.Timedelta(days=1)).dt.day.eq(1).all()


@pytest.mark.parametrize("score", ["ideal_probability", "full_knowledge_probability"])
def test_scores_are_as_often_right_as_they_say(life, scores, seen, score):
    segment = life.world.people["segment"].to_numpy()[seen["lead"]]
    days_in_stage = (seen["at"] - seen["entered_at"]).dt.days
    age = pd.cut(days_in_stage, [-1, 0, 15, 45, 1_000])
    for groups in (
        pd.qcut(scores[score], 10),
        [scores["stage"], age],
        [segment, age],
        [scores["stage"], seen["requests"] > 0],
        [seen["is_booked"], seen["follow_ups"].clip(upper=3)],
    ):
        assert surprises(scores.groupby(groups, observed=True), score).abs().max() < 3.2


def test_intent_is_what_it_seems_to_be(life, scores, seen):
    rows = ideal.known(life.world, seen)
    last = ~scores.duplicated("lead_id", keep="last").to_numpy()
    weight = ideal.INTENT_SHARES * np.exp(ideal.evidence_of_intent(rows, np.tile(ideal.INTENTS, (len(seen), 1))))
    expected = ((weight @ ideal.INTENTS) / weight.sum(axis=1))[last]
    error = life.world.people["intent"].to_numpy()[seen["lead"]][last] - expected
    assert np.var(expected) > 0.1
    for clue in ("visits", "clicked_mails", "opened_mails", "asked_strongly"):
        count = seen.loc[last, clue].fillna(0.5)
        assert abs(np.corrcoef(count, error)[0, 1]) < 3.5 / np.sqrt(len(error)), clue


def test_they_beat_what_is_easily_seen_and_are_beaten_by_who_sees_intent(life, scores, seen):
    traits = decisions.log_odds(life.world.people.assign(intent=0.0), "mql")
    naive = {
        "stage, then age": scores["stage"].map({"recycled": 0, "lead": 1, "mql": 2, "sql": 3}) - seen["age"] / 1_000,
        "traits": pd.Series(traits[seen["lead"]]),
        "visits": seen["visits"],
    }
    best = area_under_curve(scores["is_opportunity"], scores["ideal_probability"])
    for name, score in naive.items():
        assert best > area_under_curve(scores["is_opportunity"], score) + 0.03, name
    assert best < area_under_curve(scores["is_opportunity"], scores["full_knowledge_probability"])


def test_nothing_that_is_seen_adds_to_them(scores, seen):
    chance = scores["ideal_probability"].clip(lower=1e-6)
    causes = pd.DataFrame(
        {
            "ideal": np.log(chance / (1 - chance)),
            "age": np.log1p(seen["age"]),
            "is_sales": seen["stage"].isin(("mql", "sql")),
            "asked at creation": seen["asked_strongly"] == 1,
            "asked since": seen["requests"] > 0,
            "visits": seen["visits"],
            "clicks": seen["clicked_mails"],
            "follow-ups": seen["follow_ups"],
            "booked": seen["is_booked"],
        }
    )
    found = fitted(scores["is_opportunity"].to_numpy(), causes)
    found["expected"] = (found.index == "ideal").astype(float)
    found["surprise"] = (found["coefficient"] - found["expected"]) / found["error"] / SCORED_AGAIN
    assert (found["surprise"].abs() < 3.2).all(), found


def test_they_know_nothing_of_the_future(life, scores):
    world, moment = life.world, MIDDLE
    log, met = world.stage_log, world.encounters
    past = {
        "stage_log": log[(log["changed_at"] <= moment) | (log["step"] == 0)].assign(
            **{column: log[column].where(log[column] <= moment) for column in ("left_at", "answered_at")}
        ),
        "encounters": dataclasses.replace(
            met,
            visits=met.visits[met.visits["started_at"] <= moment],
            mails=met.mails.assign(clicked_at=met.mails["clicked_at"].where(met.mails["clicked_at"] <= moment)),
            met=met.met[met.met["occurred_at"] <= moment],
        ),
    }
    done = life.entities["activities"]
    known = ideal.table(dataclasses.replace(world, **past), done[done["occurred_at"] <= moment])
    keys = ["lead_id", "scored_date"]
    both = scores[scores["scored_until"] <= moment].merge(known, on=keys, how="left", suffixes=("", "_then"))
    assert len(both) > 5_000
    assert np.allclose(both["ideal_probability"], both["ideal_probability_then"], rtol=1e-9, atol=0)
