"""How people decide: what moves them, when they make up their mind, how soon they are answered, how far they get."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ingestion.simulator import company, draw
from ingestion.simulator.clock import HOUR, NEVER, days, in_office_hours, to_local
from ingestion.simulator.stages import SHORTEST_STAY

STEPS = ("mql", "sql", "opportunity")
SHORTEST_ANSWER_HOURS = 1 / 60
# 1970 began on a Thursday.
FIRST_MONDAY = 4


@dataclass(frozen=True)
class Progress:
    """What becomes of everybody in the end; the frames are numbered like the people.

    fates: decided_at (when they have made up their mind), answered_at and answer_hours (what the first answer to a
    hand-over is, or would have been; NaT and infinite: none), the probability of each step (`mql`, `sql`,
    `opportunity`, each given the one before) and `furthest`, the stage that they will reach. touches: how many touches
    before `decided_at`, a column per channel. baselines: the log odds of the average person per step.
    """

    fates: pd.DataFrame
    touches: pd.DataFrame
    baselines: company.Odds


def decided_at(rng: np.random.Generator, people: pd.DataFrame) -> np.ndarray:
    """When each person makes up their mind, for or against."""
    slowness = people["segment"].map(company.SEGMENT_SLOWNESS).to_numpy()
    needed = np.maximum(days(draw.leg_days(rng, company.DECISION_LEG, len(people)) * slowness), SHORTEST_STAY)
    return people["created_at"].to_numpy() + needed


def log_odds(people: pd.DataFrame, step: str, touches: pd.DataFrame | None = None) -> np.ndarray:
    """Logarithm of the odds that these people take a step, but for the baseline and for how soon they are answered."""
    result = people["intent"].to_numpy() * np.log(getattr(company.INTENT_ODDS, step))
    for column, odds_of in (
        ("channel", {name: entry.odds for name, entry in company.CHANNELS.items()}),
        ("persona", company.PERSONA_ODDS),
        ("segment", company.SEGMENT_ODDS),
    ):
        result = result + np.log(draw.attributes(people[column], odds_of, step))
    is_ideal = people["industry"].isin(company.IDEAL_INDUSTRIES).to_numpy()
    result = result + is_ideal * np.log(getattr(company.IDEAL_INDUSTRY_ODDS, step))
    result = result + people["has_consent"].to_numpy() * np.log(getattr(company.CONSENT_ODDS, step))
    for experiment in company.EXPERIMENTS:
        is_treated = (people[experiment.experiment_id] == "treatment").to_numpy()
        result = result + is_treated * np.log(getattr(experiment.odds, step))
    if touches is not None:
        effects = [np.log(getattr(company.TOUCH_EFFECTS[channel], step)) for channel in touches]
        result = result + touches.to_numpy() @ np.array(effects)
    return result


def answer_log_odds(answer_hours: np.ndarray) -> np.ndarray:
    """What the hours until the first answer do to the log odds of `sql`."""
    is_answered = np.isfinite(answer_hours)
    doublings = np.log2(np.where(is_answered, answer_hours, 1.0) / company.ANSWER_HOURS_MEDIAN)
    return np.where(is_answered, doublings * np.log(company.ANSWER_DOUBLING_ODDS), np.log(company.UNANSWERED_ODDS))


def progress(
    rng: np.random.Generator,
    people: pd.DataFrame,
    users: pd.DataFrame,
    decided_at: np.ndarray,
    touches: pd.DataFrame,
    baselines: company.Odds | None = None,
) -> Progress:
    """Draw how far everybody gets. `baselines`: those of another draw, to see what else would have been different."""
    count = len(people)
    lots = rng.random((len(STEPS), count))
    odds = {step: log_odds(people, step, touches) for step in STEPS}
    found: dict[str, float] = {}
    probability: dict[str, np.ndarray] = {}

    def work_out(step: str, candidates: np.ndarray) -> None:
        rate = getattr(company.CONVERSION_RATES, step)
        found[step] = getattr(baselines, step) if baselines else draw.baseline(odds[step], rate, candidates)
        probability[step] = draw.probabilities(found[step] + odds[step])

    work_out("mql", np.ones(count))
    is_handed_over = lots[0] < probability["mql"]
    answered_at = _first_answers(rng, people, users, decided_at, is_handed_over)
    answer_hours = np.maximum((answered_at - decided_at) / HOUR, SHORTEST_ANSWER_HOURS)
    answer_hours = np.where(np.isnat(answered_at), np.inf, answer_hours)
    odds["sql"] = odds["sql"] + answer_log_odds(answer_hours)
    work_out("sql", probability["mql"])
    work_out("opportunity", probability["mql"] * probability["sql"])
    reached = np.logical_and.accumulate([lots[number] < probability[step] for number, step in enumerate(STEPS)])
    fates = pd.DataFrame(
        {
            "decided_at": decided_at,
            "answered_at": answered_at,
            "answer_hours": answer_hours,
            **probability,
            "furthest": np.array(("lead", *STEPS), dtype=object)[reached.sum(axis=0)],
        },
        index=people.index,
    )
    return Progress(fates, touches, company.Odds(**found))


def _first_answers(
    rng: np.random.Generator,
    people: pd.DataFrame,
    users: pd.DataFrame,
    handed_over_at: np.ndarray,
    is_handed_over: np.ndarray,
) -> np.ndarray:
    """When a rep answers, or would, if each person were handed over then; NaT: never.

    The more hand-overs the rep has had since Monday, the longer the next one waits.
    """
    rep = people["sdr"].to_numpy()
    week = (to_local(handed_over_at).astype("datetime64[D]").astype(int) - FIRST_MONDAY) // 7
    order = np.lexsort((handed_over_at, week, rep))
    arrived = pd.Series(is_handed_over[order].astype(int))
    earlier = arrived.groupby([rep[order], week[order]]).cumsum().to_numpy() - arrived.to_numpy()
    queue = np.empty(len(people))
    queue[order] = earlier
    capacity = users["capacity_per_week"].to_numpy()[rep]
    hours = people["answer_hours"].to_numpy() * company.QUEUE_SLOWDOWN ** (queue / capacity)
    answered_at = np.full(len(people), NEVER)
    answers = np.flatnonzero(np.isfinite(hours))
    due_at = handed_over_at[answers] + days(hours[answers] / 24)
    answered_at[answers] = in_office_hours(due_at, users["calendar"].to_numpy()[rep[answers]], rng)
    return answered_at
