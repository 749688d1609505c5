"""How well anybody could foresee who becomes an opportunity: the best scores there can be, from the laws of `company`.

A lead is scored at the end of the local day on which it was created, and at the end of each month while it is open.
The ideal observer knows every law and every trait but `intent`, recognises each visit and its channel, reads the
CRM's history and the reps' work, and knows nothing that happens later. What is hidden is weighed by Bayes' rule: intent
on a grid (it shows in requests, visits and clicks), the moment of the decision, the answer that has not come yet, and
the route and length of the present stay. The chance is what share of that weight has a deal in time.

Simplifications, each too small to be seen in the calibration: office hours between two later stages are met at any
moment of the week alike; touches still to come count with the mean and the variance of what they add to the log odds,
without newsletters and fairs; a late answer does not delay the deals of those who are still to be handed over.
"""

from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from statistics import NormalDist

import numpy as np
import pandas as pd

from ingestion.simulator import company, decisions, draw, mailings, sales
from ingestion.simulator.clock import DAY, HOUR, days, last_in_office_hours
from ingestion.simulator.company import Leg
from ingestion.simulator.observed import Events, effects_of_touches, observed, snapshots
from ingestion.simulator.website import EARLIEST_REQUEST, LATEST_REQUEST, REQUEST_SPAN
from ingestion.simulator.world import World

HORIZON_DAYS = 90
# How finely what is hidden is divided: intents, moments of a decision still to come and of one made in silence, hours
# until an answer, days of the present stay that end within the horizon and beyond, and days until a deal.
INTENTS, INTENT_SHARES = np.polynomial.hermite_e.hermegauss(13)
DECISION_DAYS = np.concatenate([[0.0], np.geomspace(0.25, 900.0, 32)])
REFUSALS, ANSWERS, STAYS_WITHIN, STAYS_BEYOND = 12, 25, 48, 8
STEP_DAYS = 0.25
DEAL_DAYS = np.arange(0, HORIZON_DAYS + 5, STEP_DAYS)
# Rows of this many leads are worked on at once.
CHUNK = 4_000

_SCORES = np.linspace(-8.0, 8.0, 4_001)
_SHARES = np.array([NormalDist().cdf(score) for score in _SCORES])


def table(world: World, activities: pd.DataFrame) -> pd.DataFrame:
    """One row per lead and scored_date: what can be foreseen then.

    lead_id, scored_date (local), scored_until (UTC; only what was before it counts), stage, ideal_probability (of an
    opportunity within HORIZON_DAYS), full_knowledge_probability (the same for who sees `intent` too) and
    is_opportunity (what became of it, be that after as-of). `activities` are the entity's rows, by the `lead_id` of
    `world.people`.
    """
    people, progress = world.people, world.progress
    rows = observed(world, snapshots(world), activities)
    effects, lead = effects_of_touches(world), rows["lead"].to_numpy()
    # Touches count until the decision; those of the undecided until now, and more may come.
    counted_until = rows["decided_at"].fillna(rows["at"]).to_numpy()
    average = people.assign(intent=0.0)
    for step in decisions.STEPS:
        odds = decisions.log_odds(average, step) + getattr(progress.baselines, step)
        rows[step] = odds[lead] + effects[step].before(lead, counted_until)
    rows = rows.assign(
        slowness=people["segment"].map(company.SEGMENT_SLOWNESS).to_numpy()[lead],
        answer_kind=_answer_kinds(people)[lead],
        gets_nurture=people["has_consent"].to_numpy()[lead] & rows["is_mailed"],
        gets_outreach=(people["channel"] == "cold_email").to_numpy()[lead] & rows["is_mailed"],
        office_due_at=last_in_office_hours(
            rows["at"].to_numpy() + days(HORIZON_DAYS),
            world.users["calendar"].to_numpy()[people["sdr"].to_numpy()[lead]],
        ),
    )
    laws = Laws(effects["mql"], _answer_hours(world), world.history.as_of)
    intents = np.broadcast_to(INTENTS, (len(rows), len(INTENTS)))
    intent = people["intent"].to_numpy()[lead, None]
    return pd.DataFrame(
        {
            "lead_id": people["lead_id"].to_numpy()[lead],
            "scored_date": rows["scored_date"],
            "scored_until": rows["at"],
            "stage": rows["stage"],
            "ideal_probability": _chances(laws, rows, intents, _evidence(rows, intents) + np.log(INTENT_SHARES)),
            "full_knowledge_probability": _chances(laws, rows, intent, np.zeros(intent.shape)),
            "is_opportunity": rows["opened_at"] <= rows["at"] + days(HORIZON_DAYS),
        }
    )


@dataclass(frozen=True)
class Laws:
    """What the observer knows beside the rows.

    effects: the touches of each lead and what they add to the log odds of `mql`. answers: by kind, see `_answer_hours`.
    records_end: what happens later leaves no trace.
    """

    effects: Events
    answers: dict[str, np.ndarray]
    records_end: np.datetime64


def _evidence(rows: pd.DataFrame, intent: np.ndarray) -> np.ndarray:
    """Log likelihood, but for a constant, of what people did, if this is their intent (both rows by intents)."""
    asked, visits, opened, clicked = (
        rows[name].to_numpy()[:, None] for name in ("asked_strongly", "visits", "opened_mails", "clicked_mails")
    )
    strong = draw.probabilities(draw.baseline(INTENTS, company.STRONG_AT_CREATION_RATE, INTENT_SHARES) + intent)
    evidence = np.where(np.isnan(asked), 0.0, np.log(np.where(asked == 1, strong, 1 - strong)))
    so_far = _passed(company.DAYS_AFTER_LEAD, rows["age"].to_numpy())[:, None]
    evidence += visits * np.log(_eagerness(intent)) - company.VISITS_AFTER_LEAD * so_far * _eagerness(intent)
    click = np.minimum(_click_rate(intent) / company.OPEN_RATE, 0.999)
    return evidence + clicked * np.log(click) + np.maximum(opened - clicked, 0) * np.log(1 - click)


def _eagerness(intent: np.ndarray) -> np.ndarray:
    """How many times the average lead's visits are to be expected."""
    return np.exp(company.INTENT_VISIT_EFFECT * intent - company.INTENT_VISIT_EFFECT**2 / 2)


def _click_rate(intent: np.ndarray) -> np.ndarray:
    """The share of mails that are clicked."""
    return company.CLICK_RATE * np.exp(company.INTENT_VISIT_EFFECT * intent)


# ---------------------------------------------------------------------------------------------------------------------
# What may become of it


def _chances(laws: Laws, rows: pd.DataFrame, intent: np.ndarray, evidence: np.ndarray) -> np.ndarray:
    """The probability of each row, given log weights (`evidence`) of possible intents (both rows by intents)."""
    weight = np.exp(evidence - evidence.max(axis=1, keepdims=True))
    chances = np.full(len(rows), np.nan)
    for (_, path, _), members in rows.groupby(["slowness", "path", "answer_kind"]).indices.items():
        for chunk in np.split(members, range(CHUNK, len(members), CHUNK)):
            of_rows = _of_decided if path else _of_undecided
            chances[chunk] = of_rows(laws, rows.iloc[chunk], intent[chunk], weight[chunk])
    return chances


def _of_undecided(laws: Laws, rows: pd.DataFrame, intent: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The chances of rows in their first stage, of one segment and kind of answers."""
    slowness, hours = rows["slowness"].iloc[0], laws.answers[rows["answer_kind"].iloc[0]]
    age, requests, first = (rows[name].to_numpy()[:, None] for name in ("age", "requests", "first_request"))
    # When they may still decide: who has asked for something does so within days.
    latest = np.minimum(first / (1 - EARLIEST_REQUEST), first + EARLIEST_REQUEST * REQUEST_SPAN / DAY)
    soon = np.maximum(latest - age, 0.05) * np.linspace(0, 1, len(DECISION_DAYS))
    edges = np.where(requests > 0, soon, DECISION_DAYS)
    wait = (edges[:, 1:] + edges[:, :-1]) / 2
    mql, sql = _odds_when_deciding(rows, intent, age + wait)
    forward = draw.probabilities(mql)
    decide = weight[:, :, None] * np.diff(_passed(company.DECISION_LEG, age + edges, slowness), axis=1)[:, None, :]
    decided_at = rows["at"].to_numpy()[:, None] + days(wait)
    shown = np.where(decided_at <= laws.records_end, _requests_likelihood(rows, age + wait), 1.0)
    going = decide * forward * shown[:, None, :]
    accepted = _accepted(sql, hours) * draw.probabilities(_log_odds(rows, intent, "opportunity"))[:, :, None]
    to_deal = sum(share * _days_to_deal(route, slowness) for route, share in company.LEAD_ROUTES["opportunity"].items())
    in_time = np.interp(HORIZON_DAYS - wait, DEAL_DAYS, to_deal, left=0.0)
    success = (going * accepted * in_time[:, None, :]).sum(axis=(1, 2))
    refusing = (decide * (1 - forward)).sum(axis=(1, 2)) + _has_refused(laws, rows, intent, weight)
    return success / (going.sum(axis=(1, 2)) + np.where(requests[:, 0] > 0, 0.0, refusing))


def _has_refused(laws: Laws, rows: pd.DataFrame, intent: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The weight of having decided against it already, which nobody sees unless it leads to disqualification."""
    slowness, age, at = rows["slowness"].iloc[0], rows["age"].to_numpy(), rows["at"].to_numpy()
    created_at = at - days(age)
    share = _passed(company.DECISION_LEG, age, slowness)[:, None] / REFUSALS
    decided = _within(company.DECISION_LEG, share * (np.arange(REFUSALS) + 0.5), slowness)
    lead = np.repeat(rows["lead"].to_numpy(), REFUSALS)
    until_then = laws.effects.before(lead, (created_at[:, None] + days(decided)).ravel()).reshape(decided.shape)
    since = laws.effects.before(rows["lead"].to_numpy(), at)[:, None] - until_then
    refusal = 1 - draw.probabilities(_log_odds(rows, intent, "mql")[:, :, None] - since[:, None, :])
    seen_off = _passed(company.LEAD_LEGS["lead", "disqualified"], (rows["office_at"] - created_at) / DAY, slowness)
    gone = company.LEAD_ROUTES["lead"][("disqualified",)] * seen_off
    return (weight[:, :, None] * refusal * share[:, None, :]).sum(axis=(1, 2)) * (1 - gone)


def _odds_when_deciding(rows: pd.DataFrame, intent: np.ndarray, later: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log odds of `mql` and `sql` at each intent and each later age (rows by intents by ages), with touches to come.

    Those of `mql` are such that their probability is about the mean over the touches that may come.
    """
    age = rows["age"].to_numpy()[:, None]
    meanwhile = _passed(company.DAYS_AFTER_LEAD, later) - _passed(company.DAYS_AFTER_LEAD, age)
    mails = {
        channel: is_due[:, None] * sum((age < day) & (day <= later) for day in send_days)
        for channel, is_due, send_days in (
            ("nurture", rows["gets_nurture"].to_numpy(), company.NURTURE_DAYS),
            ("cold_email", rows["gets_outreach"].to_numpy(), mailings.OUTREACH_DAYS),
        )
    }
    eager, click = _eagerness(intent)[:, :, None], _click_rate(intent)[:, :, None]

    def expected(step: str, power: int) -> np.ndarray:
        worth = {name: np.log(getattr(odds, step)) ** power for name, odds in company.TOUCH_EFFECTS.items()}
        visit = company.VISITS_AFTER_LEAD * sum(
            entry.return_share * worth[name] for name, entry in company.CHANNELS.items()
        )
        other = (
            company.WEBINARS_PER_LEAD * worth["webinar"]
            + company.SOCIAL_ENGAGEMENTS_PER_LEAD * worth["organic_social"]
            + company.AD_CLICKS_PER_LEAD * worth["display"]
        )
        clicked = sum(count * worth[channel] for channel, count in mails.items())
        return (other + visit * eager) * meanwhile[:, None, :] + click * clicked[:, None, :]

    mql = _log_odds(rows, intent, "mql")[:, :, None] + expected("mql", 1)
    sql = _log_odds(rows, intent, "sql")[:, :, None] + expected("sql", 1)
    return mql / np.sqrt(1 + np.pi / 8 * expected("mql", 2)), sql


def _requests_likelihood(rows: pd.DataFrame, decided: np.ndarray) -> np.ndarray:
    """How likely the requests so far are if the lead qualifies at these ages (rows by ages); see `website`.

    One request is sure and others are as many as a Poisson law says, each at any moment of the last days before.
    """
    age, count, first, last = (
        rows[name].to_numpy()[:, None] for name in ("age", "requests", "first_request", "last_request")
    )
    span = np.minimum(decided, REQUEST_SPAN / DAY)
    begins, ends = decided - EARLIEST_REQUEST * span, decided - LATEST_REQUEST * span
    open_share = np.clip((ends - age) / (ends - begins), 0.0, 1.0)
    more = company.VISITS_BEFORE_QUALIFIED - 1
    # The form is sent minutes after the visit began.
    is_possible = (count == 0) | ((begins < first) & (last < ends + 0.02))
    factorial = np.cumprod([1.0, *range(1, 60)])[np.minimum(count, 59).astype(int)]
    ways = more**count / factorial * open_share + np.where(count > 0, more ** (count - 1) / factorial * count, 0.0)
    density = ways * (ends - begins) ** -count * np.exp(-more * (1 - open_share))
    return np.where(is_possible, density, 0.0) + 1e-9


def _of_decided(laws: Laws, rows: pd.DataFrame, intent: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The chances of rows of one segment and kind of answers that have come by one path."""
    path, slowness = rows["path"].iloc[0], rows["slowness"].iloc[0]
    effects, shares, is_due = _possible_answers(rows, laws.answers[rows["answer_kind"].iloc[0]])
    # How far they get, by intents and possible answers.
    weight = weight * draw.probabilities(_log_odds(rows, intent, "mql"))
    sql = draw.probabilities(_log_odds(rows, intent, "sql")[:, :, None] + effects[:, None, :])
    deal = draw.probabilities(_log_odds(rows, intent, "opportunity"))[:, :, None]
    weighed = weight[:, :, None] * shares[:, None, :]
    furthest = {"mql": weighed * (1 - sql), "sql": weighed * sql * (1 - deal), "opportunity": weighed * sql * deal}
    all_weight, success = np.zeros(len(rows)), np.zeros(len(rows))
    for stage, chance in furthest.items():
        by_answer = chance.sum(axis=1)
        for route, share in company.LEAD_ROUTES[stage].items():
            if route[: len(path)] != path:
                continue
            # Nobody leaves before an answer that is due.
            for is_held, of_answers in ((True, is_due), (False, ~is_due)):
                if not of_answers.any():
                    continue
                stays, arrives = _of_stay(laws, rows, route[len(path) :], slowness, is_held)
                given = share * (by_answer * of_answers).sum(axis=1)
                all_weight += given * stays
                success += given * arrives
    return success / np.maximum(all_weight, 1e-300)


def _possible_answers(rows: pd.DataFrame, hours: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of the first answer: what it may do to the log odds of `sql`, how likely, and whether it is still due.

    All are rows by classes of answers. One that would have been given is never seen; else it is seen, or due, or will
    never come, as every hand-over that was left has been answered before, or is not at all.
    """
    known = rows["answer_hours"].to_numpy()[:, None]
    path = rows["path"].iloc[0]
    effects = np.broadcast_to(decisions.answer_log_odds(hours), (len(rows), len(hours)))
    shares = np.broadcast_to(_answer_shares(), effects.shape)
    if path[0] != "mql":
        return effects, shares, np.zeros(effects.shape, dtype=bool)
    missing = known if len(path) == 1 else np.where(np.isnan(known), np.inf, known)
    is_open = np.isnan(missing)
    passed = ((rows["at"] - rows["decided_at"]) / HOUR).to_numpy()[:, None]
    effects = np.where(is_open, effects, decisions.answer_log_odds(np.where(is_open, np.inf, missing)))
    return effects, np.where(is_open & (hours <= passed), 0.0, shares), is_open & np.isfinite(hours)


def _of_stay(
    laws: Laws, rows: pd.DataFrame, rest: tuple[str, ...], slowness: float, is_held: bool
) -> tuple[np.ndarray, np.ndarray]:
    """The likelihood of the present stay if `rest` is the way on, and the part of it that has a deal in time.

    `is_held`: an answer is still due, so that they could not have moved on.
    """
    if not rest:
        never = np.full((len(rows), 1), np.inf)
        stays = np.ones(len(rows)) if is_held else _work_likelihood(laws, rows, never, "")[:, 0]
        return stays, np.zeros(len(rows))
    leg = company.LEAD_LEGS[rows["stage"].iloc[0], rest[0]]
    stayed, until = (
        np.maximum((rows[name] - rows["entered_at"]) / DAY, 0.0).to_numpy()[:, None]
        for name in ("office_at", "office_due_at")
    )
    begin, end = _passed(leg, stayed * (not is_held), slowness), _passed(leg, until, slowness)
    share = np.concatenate(
        [
            np.repeat((end - begin) / STAYS_WITHIN, STAYS_WITHIN, axis=1),
            np.repeat((1 - end) / STAYS_BEYOND, STAYS_BEYOND, axis=1),
        ],
        axis=1,
    )
    days_needed = _within(leg, begin + share.cumsum(axis=1) - share / 2, slowness)
    weight = share if is_held else share * _work_likelihood(laws, rows, days_needed, rest[0])
    if rest[-1] != "opportunity":
        return weight.sum(axis=1), np.zeros(len(rows))
    in_time = np.interp(until - days_needed, DEAL_DAYS, _days_to_deal(rest, slowness), left=0.0)
    return weight.sum(axis=1), (weight * in_time).sum(axis=1)


def _work_likelihood(laws: Laws, rows: pd.DataFrame, stay: np.ndarray, next_stage: str) -> np.ndarray:
    """How likely the reps' work since their answer is if the stay in `mql` lasts so many days; see `sales`.

    Follow-ups are spread over it, and the meeting that makes an SQL is booked at any moment of it.
    """
    answered_at = rows["stay_answered_at"]
    if rows["stage"].iloc[0] != "mql":
        return np.ones(stay.shape)
    moments = (rows["entered_at"], rows["at"], rows["office_at"], pd.Series(laws.records_end, rows.index))
    entered, at, worked, recorded = (((moment - answered_at) / DAY).to_numpy()[:, None] for moment in moments)
    # Nobody leaves at night.
    left = np.maximum(entered + stay, at + 1 / 3)
    span = np.minimum(left, np.minimum(recorded, sales.LONGEST_PURSUIT / DAY))
    count = rows["follow_ups"].to_numpy()[:, None]
    passed = np.clip(worked / span, 0.0, 1.0)
    likelihood = span**-count * np.exp(-company.FOLLOW_UPS_PER_HANDOVER * passed)
    is_booked = rows["is_booked"].to_numpy()[:, None]
    if next_stage == "sql":
        is_told = left <= recorded
        likelihood = likelihood * np.where(is_booked, is_told / left, np.where(is_told, 1 - at / left, 1.0))
    else:
        likelihood = likelihood * ~is_booked
    return np.where(np.isnan(at), 1.0, likelihood)


@cache
def _days_to_deal(route: tuple[str, ...], slowness: float) -> np.ndarray:
    """On DEAL_DAYS, the probability that a deal is open so long after the first of these stages is decided on."""
    waits = _office_waits()
    density = np.eye(1, len(DEAL_DAYS))[0]
    for origin, destination in pairwise(route):
        # Marketing automation makes an MQL at any hour.
        if origin != "mql":
            density = np.convolve(density, waits)[: len(DEAL_DAYS)]
        edges = np.append(DEAL_DAYS - STEP_DAYS / 2, DEAL_DAYS[-1] + STEP_DAYS / 2)
        leg = np.diff(_passed(company.LEAD_LEGS[origin, destination], edges, slowness))
        density = np.convolve(density, leg)[: len(DEAL_DAYS)]
    return density.cumsum() - density / 2 * (len(route) > 1)


@cache
def _office_waits() -> np.ndarray:
    """On DEAL_DAYS, how often that is what passes until an office opens, over all moments of a week."""
    hours = np.arange(0, 7 * 24, 0.25)
    opens = np.array([0, 1, 2, 3, 4, 7]) * 24 + company.OFFICE_OPENS_HOUR
    is_open = (hours < 5 * 24) & (hours % 24 >= company.OFFICE_OPENS_HOUR) & (hours % 24 < company.OFFICE_CLOSES_HOUR)
    waits = np.where(is_open, 0.0, opens[np.searchsorted(opens, hours)] - hours)
    return np.bincount(np.rint(waits / 24 / STEP_DAYS).astype(int), minlength=len(DEAL_DAYS)) / len(hours)


# ---------------------------------------------------------------------------------------------------------------------
# Laws


def _log_odds(rows: pd.DataFrame, intent: np.ndarray, step: str) -> np.ndarray:
    """Log odds of a step, given the touches so far and an average answer (rows by intents)."""
    return rows[step].to_numpy()[:, None] + np.log(getattr(company.INTENT_ODDS, step)) * intent


def _answer_hours(world: World) -> dict[str, np.ndarray]:
    """By kind of answer (market and experiment), equally frequent hours until an answer, and infinity for none."""
    hours, kinds = world.progress.fates["answer_hours"].to_numpy(), _answer_kinds(world.people)
    middles = (np.arange(ANSWERS) + 0.5) / ANSWERS
    found = {}
    for kind in np.unique(kinds):
        of_kind = hours[(kinds == kind) & np.isfinite(hours)]
        found[kind] = np.append(np.quantile(of_kind, middles), np.inf)
    return found


def _answer_kinds(people: pd.DataFrame) -> np.ndarray:
    is_treated = np.any(
        [people[entry.experiment_id] == "treatment" for entry in company.EXPERIMENTS if entry.answer_hours_factor != 1],
        axis=0,
    )
    return (people["market"] + np.where(is_treated, " sooner", "")).to_numpy(dtype=object)


def _answer_shares() -> np.ndarray:
    answered = np.full(ANSWERS, (1 - company.UNANSWERED_SHARE) / ANSWERS)
    return np.append(answered, company.UNANSWERED_SHARE)


def _accepted(sql: np.ndarray, hours: np.ndarray) -> np.ndarray:
    """The probability of those log odds, on average over the answers."""
    grid = np.linspace(-15.0, 15.0, 601)
    return np.interp(sql, grid, draw.probabilities(grid[:, None] + decisions.answer_log_odds(hours)) @ _answer_shares())


def _passed(leg: Leg, passed_days: np.ndarray, slowness: float = 1.0) -> np.ndarray:
    """The share of a leg's lognormal days that are over by then."""
    with np.errstate(divide="ignore"):
        scores = np.log(np.maximum(passed_days, 0.0) / (leg.median_days * slowness)) / leg.spread
    return np.interp(scores, _SCORES, _SHARES)


def _within(leg: Leg, share: np.ndarray, slowness: float) -> np.ndarray:
    """The days within which that share of a leg's lognormal days are over."""
    return leg.median_days * slowness * np.exp(leg.spread * np.interp(share, _SHARES, _SCORES))
